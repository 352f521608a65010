"""`assistant eval`, driven from outside: what it prints, writes and exits with."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from peer import MODEL, Peer, failing

QUESTIONS: list[dict[str, Any]] = [
    {
        "id": "kettle",
        "suite": "single",
        "question": "How much energy does KettleNet save?",
        "titles": ["KettleNet: Boiling Water with Fewer Joules"],
        "facts": [["17.5%"]],
    },
    {
        "id": "snow",
        "suite": "single",
        "question": "What share of avalanches does SnowCast find?",
        "titles": ["SnowCast: Forecasting Avalanches with Graph Networks"],
        "facts": [["83%"]],
    },
    {"id": "moon", "suite": "unanswerable", "question": "Who was the first person on the moon?"},
]


@pytest.fixture
def evaluated(run: Run, small_home: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `assistant eval` on questions about the library; the run goes to the folder `kept`."""
    (tmp_path / "mine.jsonl").write_text("\n".join(json.dumps(question) for question in QUESTIONS))

    def evaluate(*arguments: str | Path, out: str = "kept", **variables: Any) -> Any:
        where = () if "--resume" in arguments else ("--out", tmp_path / out)
        questions = ("--questions", tmp_path / "mine.jsonl") if "--questions" not in arguments else ()
        judge = ("--judge", "none") if "--judge" not in arguments and "--resume" not in arguments else ()
        return run(
            "eval", *questions, *judge, *where, *arguments, **{"ASSISTANT_HOME": small_home, **variables}
        )

    return evaluate


def test_a_first_run_has_nothing_to_be_compared_with(evaluated: Any, tmp_path: Path) -> None:
    done = evaluated()
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("Evaluation  3 answers, extractive reader, no judge, 12 papers, ")
    whole = lines[2 : lines.index("", 2)]
    table = {line.split("  ")[0]: line.split() for line in whole}
    assert table["measure"][1:4] == ["all", "single", "unanswerable"]
    assert table["answers"][1:] == ["3", "2", "1"]
    assert table["hit@1"][1:4] == ["1.000", "1.000", "–"]
    assert table["all facts"][2:5] == ["1.000", "1.000", "–"]
    assert "Answerable questions    2 answered, 0 refused: 100.0% answered" in lines
    assert "Unanswerable questions  0 answered, 1 refused: 100.0% refused" in lines
    assert lines[-1] == "The gate passed."
    assert "There is no baseline to compare with" in done.stderr
    assert f"The run is in {tmp_path / 'kept'}." in done.stderr
    assert len((tmp_path / "kept" / "results.jsonl").read_text().splitlines()) == 3
    written = json.loads((tmp_path / "kept" / "run.json").read_text())
    assert written["settings"]["reader"] == "extractive"
    assert written["settings"]["finished"] is True


def test_a_loss_against_the_baseline_fails_with_one_and_prints_both_answers(
    evaluated: Any, tmp_path: Path
) -> None:
    done = evaluated("--update-baseline")
    assert done.returncode == 0, done.stderr
    place = tmp_path / "mine.baseline.json"
    assert f"The baseline is {place} now." in done.stderr
    # beside the questions, and found there again
    same = evaluated(out="same")
    assert same.returncode == 0, same.stderr
    assert "no baseline" not in same.stderr
    assert "Flipped" not in same.stdout

    # As if the baseline had refused to say who was on the moon too, and held what nobody holds: a gate with
    # a floor is failed by one question.
    gate = tmp_path / "gate.toml"
    gate.write_text('gated = [{measure = "all facts", loss = 0.0}]\n[floors.all]\n"all facts" = 0.9\n')
    kept = place.read_text()
    assert '"values": [1.0, 1.0, 1.0, null]' in kept
    place.write_text(kept.replace('"values": [null, null, 1.0, null]', '"values": [null, null, 0.0, null]'))
    won = evaluated(out="won")
    assert won.returncode == 0
    assert "Flipped: 0 lost, 1 won" in won.stdout
    assert "won  moon  right to answer" in won.stdout
    before, now = [line for line in won.stdout.splitlines() if line.startswith("  ")][-2:]
    assert before.startswith("  before  The papers here do not answer this question.")
    assert now.startswith("  now     The papers here do not answer this question.")

    lines = [{**QUESTIONS[0], "facts": [["a sixth of it"]]}, *QUESTIONS[1:]]
    (tmp_path / "mine.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    failing_run = evaluated("--gate", gate, out="failing")
    assert failing_run.returncode == 1
    assert "all facts: 0.500 is below the floor of 0.900." in failing_run.stdout
    assert failing_run.stdout.splitlines()[-1] == "The gate failed."
    assert "1 question (kettle) is not what they were" in failing_run.stderr


def test_json_and_reports(evaluated: Any, tmp_path: Path) -> None:
    reports = [tmp_path / name for name in ("report.html", "junit.xml", "pull.md")]
    summary = tmp_path / "summary.md"
    named = [part for path in reports for part in ("--report", path)]
    done = evaluated("--json", "--suite", "single", *named, GITHUB_STEP_SUMMARY=summary)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["passed"] is True
    assert found["totals"]["single"]["hit@1"]["mean"] == 1
    assert found["settings"]["suites"] == ["single"]
    assert "<html" in reports[0].read_text()
    assert "<testsuites" in reports[1].read_text()
    assert reports[2].read_text().strip() == summary.read_text().strip()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--questions", "none.jsonl"), "none.jsonl cannot be read"),
        (
            ("--suite", "topics"),
            "There are no questions of the suite 'topics': choose from single, unanswerable.",
        ),
        (("--since", "soon"), "'soon' is no date"),
        (("--since", "2030"), "No question is about papers since 2030 alone"),
        (("--judge", "oracle"), "There is no judge called 'oracle'"),
        (("--max-errors", "some"), "--max-errors cannot be 'some'"),
        (("--baseline", "none.json"), "none.json cannot be read"),
        (("--gate", "none.toml"), "none.toml cannot be read"),
        (("--report", "report.pdf"), "report.pdf names no kind of report"),
        (
            ("--update-baseline", "--sample", "1"),
            "With --sample a part of the questions would be the baseline",
        ),
        (("--resume", "nowhere"), "nowhere holds no run"),
        (("--repeat", "0"), "Invalid value for '--repeat'"),
    ],
)
def test_wrong_usage_exits_with_two(evaluated: Any, arguments: tuple[str, ...], said: str) -> None:
    done = evaluated(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert not done.stdout


def test_each_bad_line_of_a_question_file_is_named(evaluated: Any, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"id": "a"}\n' + json.dumps(QUESTIONS[0]) + "\nnot json\n")
    done = evaluated("--questions", bad)
    assert done.returncode == 2
    assert f"{bad}, line 1: suite: is missing" in done.stderr
    assert f"{bad}, line 3: is no JSON" in done.stderr
    assert "line 2" not in done.stderr


def test_too_many_errors_exit_with_three_and_the_run_goes_on(
    evaluated: Any, peer: Peer, tmp_path: Path
) -> None:
    variables = {
        "OPENAI_BASE_URL": peer.url,
        "ASSISTANT_MODEL": MODEL,
        "OPENAI_API_KEY": "sk-loopback-0123456789",
        "ASSISTANT_RETRIES": "0",
    }
    peer.says(failing(401, "Who is there?"))
    done = evaluated("--suite", "single", "--concurrency", "1", **variables)
    assert done.returncode == 3, done.stderr
    assert "kettle: " in done.stderr
    assert "1 of 2 questions failed, which is more than may" in done.stderr
    assert not done.stdout
    assert "sk-loopback" not in done.stderr + (tmp_path / "kept" / "results.jsonl").read_text()

    peer.says("It saves 17.5% [1].", "It finds 83% [1].")
    again = evaluated("--resume", tmp_path / "kept", "--concurrency", "1", **variables)
    assert again.returncode == 0, again.stderr
    assert "2 answers" in again.stdout
    # recorded, and so replayed without a key, and without asking the server
    asked = len(peer.requests)
    variables.pop("OPENAI_API_KEY")
    replayed = evaluated("--suite", "single", "--replay", out="replayed", **variables)
    assert replayed.returncode == 0, replayed.stderr
    assert len(peer.requests) == asked


def test_a_killed_run_goes_on_where_it_was(
    evaluated: Any, environment: dict[str, str], small_home: Path, tmp_path: Path
) -> None:
    many = [{**QUESTIONS[0], "id": f"q{place}"} for place in range(60)]
    (tmp_path / "mine.jsonl").write_text("\n".join(json.dumps(line) for line in many))
    folder = tmp_path / "killed"
    command = ["assistant", "eval", "--questions", "mine.jsonl", "--judge", "none", "--out", "killed"]
    running = subprocess.Popen(
        [*command, "--concurrency", "1"],
        cwd=tmp_path,
        env={**environment, "ASSISTANT_HOME": str(small_home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    results = folder / "results.jsonl"
    deadline = time.monotonic() + 60
    while not (results.exists() and results.read_bytes().count(b"\n") >= 3):
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    kept = results.read_bytes()
    done_before = kept.count(b"\n")
    assert 3 <= done_before < 60
    with results.open("ab") as file:
        file.write(b'{"key": "q59#0", "quest')

    other = evaluated("--resume", folder, "--repeat", "2")
    assert other.returncode == 2
    assert "cannot go on: its repeat was 1 and is 2 now" in other.stderr
    done = evaluated("--resume", folder)
    assert done.returncode == 0, done.stderr
    assert "60 answers" in done.stdout
    lines = results.read_text().splitlines()
    assert len(lines) == len({json.loads(line)["key"] for line in lines}) == 60
    # what was done before the kill was not done again
    before = {
        json.loads(line)["key"]: json.loads(line)["seconds"] for line in kept.splitlines()[:done_before]
    }
    after = {json.loads(line)["key"]: json.loads(line)["seconds"] for line in lines}
    assert before.items() <= after.items()


def test_the_shipped_questions_say_that_a_home_holds_other_papers(
    run: Run, small_home: Path, tmp_path: Path
) -> None:
    done = run(
        "eval",
        "--home",
        small_home,
        "--suite",
        "topic",
        "--sample",
        "2",
        "--judge",
        "none",
        "--out",
        tmp_path / "o",
    )
    assert done.returncode == 0, done.stderr
    assert "The shipped questions are about the shipped papers: " in done.stderr
    assert f"papers that are asked about are not in {small_home}" in done.stderr


def test_a_judge_is_measured_by_the_command(run: Run, tmp_path: Path) -> None:
    text = "KettleNet saves 17.5% of the energy of a thermostat on 40 kettles."
    source = {"title": "KettleNet", "text": text}
    lines = [
        {"question": f"{question}?", "answer": answer, "sources": [source], "supported": supported}
        for question in "abcdefghijkl"
        for answer, supported in ((text, True), ("Sheep are counted from the air by 12 drones.", False))
    ]
    (tmp_path / "answers.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    plot = tmp_path / "plot.svg"
    done = run("eval", "judges", "--data", str(tmp_path), "--plot", str(plot), "--json")
    assert done.returncode == 0, done.stderr
    shipped = {row["name"]: row for row in json.loads(done.stdout)}["offline"]
    assert shipped["auroc"] == 1.0
    assert plot.read_text().startswith("<svg")
    lost = run("eval", "judges", "--data", str(tmp_path / "nothing"))
    assert (lost.returncode, lost.stdout) == (2, "")
    assert lost.stderr.startswith("assistant: ")
