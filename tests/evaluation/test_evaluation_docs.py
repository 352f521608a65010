"""What docs/evaluation.md tells a person to put into a repository of their own works there."""

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from peer import MODEL, Peer

from assistant.terminal.app import app

PAGE = (Path(__file__).parent.parent.parent / "docs" / "evaluation.md").read_text(encoding="utf-8")
_, BASELINE, RECORD = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
(PYTHON,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
YAML = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
PAPERS = [
    {
        "title": "KettleNet: Boiling Water with Fewer Joules",
        "abstract": "We propose KettleNet, a controller that learns when to switch a kettle off. On a test "
        "bench of 40 kettles it saves 17.5% of the energy of a thermostat. It was trained for 3 hours.",
    },
    {
        "title": "Counting Sheep from the Air",
        "abstract": "A drone photographs a flock and a detector counts the animals with an error of 2 in "
        "1,000.",
    },
]
QUESTIONS = [
    {
        "id": "k1",
        "suite": "single",
        "question": "How much energy does KettleNet save?",
        "titles": [PAPERS[0]["title"]],
        "facts": [["17.5%"]],
    },
    {"id": "k2", "suite": "unanswerable", "question": "Who won the chess world championship in 1972?"},
]


def loaded(text: str) -> Any:
    return pytest.importorskip("yaml").safe_load(text)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of a person's own: papers, and questions about them."""
    for name, lines in (("papers/listing.jsonl", PAPERS), ("eval/questions.jsonl", QUESTIONS)):
        path = tmp_path / name
        path.parent.mkdir()
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return tmp_path


def shell(script: str, repository: Path, environment: dict[str, str]) -> None:
    variables = {**environment, "ASSISTANT_HOME": str(repository / "home")}
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=repository,
        env=variables,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflow_evaluates_a_repository(repository: Path, environment: dict[str, str]) -> None:
    shell(BASELINE, repository, environment)
    assert (repository / "eval" / "questions.baseline.json").exists()
    job = loaded(YAML[0])["jobs"]["evaluate"]
    (evaluate,) = (step["run"] for step in job["steps"] if step.get("name") == "Evaluate")
    summary = repository / "summary.md"
    shell(evaluate, repository, {**environment, "GITHUB_STEP_SUMMARY": str(summary)})
    assert (repository / "run" / "run.json").exists()
    text = (repository / "report.md").read_text(encoding="utf-8")
    assert text.startswith("## ✅ Evaluation")
    assert summary.read_text(encoding="utf-8") == f"{text}\n"
    assert "The gate passed" in (repository / "report.html").read_text(encoding="utf-8")
    assert 'name="k1: How much energy' in (repository / "report.xml").read_text(encoding="utf-8")
    shell(f"python -c {shlex.quote(PYTHON)}", repository, environment)
    assert (repository / "runs" / "today" / "run.json").exists()
    (hook,) = loaded(YAML[-1])["repos"][0]["hooks"]
    shell(hook["entry"], repository, environment)


def test_recorded_replies_answer_in_the_workflow_without_a_key(
    repository: Path, environment: dict[str, str], peer: Peer
) -> None:
    shell("assistant ingest papers", repository, environment)
    model = {"OPENAI_BASE_URL": peer.url, "ASSISTANT_MODEL": MODEL}
    record = RECORD.splitlines()[-1]
    shell(record, repository, {**environment, **model, "OPENAI_API_KEY": "sk-loopback"})
    asked = len(peer.requests)
    assert asked > 0
    (replay,) = (step for text in YAML if "--replay" in text for step in loaded(text))
    shell(replay["run"], repository, {**environment, **replay["env"], **model})
    assert len(peer.requests) == asked


def test_the_page_uses_options_that_there_are() -> None:
    import typer

    command: Any = typer.main.get_command(app)
    known = {option for parameter in command.commands["eval"].params for option in parameter.opts}
    used = [
        word
        for line in PAGE.splitlines()
        if "assistant eval" in line and "`" not in line
        for word in shlex.split(line.partition("assistant eval")[2], comments=True)
        if word.startswith("--")
    ]
    assert len(used) > 10
    assert set(used) <= known


def test_every_workflow_is_yaml_that_reads_as_it_looks() -> None:
    workflow = loaded(YAML[0])
    assert workflow["permissions"] == {"contents": "read"}
    assert set(workflow[True]) == {"push", "pull_request"}  # `on` is a truth value to YAML 1.1
    steps = [step for text in YAML[1:-1] for step in loaded(text)]
    assert all("run" in step and "env" in step for step in steps)
    assert not any("pull_request_target" in text for text in YAML)
