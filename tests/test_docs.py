"""The examples in the documentation run as they are written."""

import contextlib
import importlib.util
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from assistant import Assistant, Settings
from assistant.evaluation import provenance
from bench.durability.chroma_run import ChromaRun

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", ["docs/python.md", "docs/llamaindex.md"])
def test_python_examples_print_what_the_page_says(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    examples_print_what_the_page_says((ROOT / page).read_text())


def test_the_examples_with_a_server_print_what_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs/server.md").read_text()
    (command,) = re.findall(r"^chroma run (.*)$", text, re.MULTILINE)
    assert shlex.split(command) == ChromaRun.arguments("papers-server", 8000)
    server = ChromaRun(tmp_path / "papers-server")
    try:
        examples_print_what_the_page_says(text.replace("http://localhost:8000", server.url))
    finally:
        server.kill()


def examples_print_what_the_page_says(text: str) -> None:
    names: dict[str, object] = {}
    printed = ""
    blocks = BLOCK.findall(text)
    assert blocks
    for language, block in blocks:
        if language == "python":
            assert not printed, f"the page does not show what this prints:\n{printed}"
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                exec(compile(block, "page", "exec"), names)  # noqa: S102 - our own page
            printed = output.getvalue()
        else:
            assert printed == block
            printed = ""
    assert not printed


CONSOLE = re.compile(r"^```console\n\$ assistant (.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="session")
def shipped_home() -> Path:
    """The home that `make eval` keeps: its name tells the papers, and the code that indexes them.

    Filling it takes half a minute, in which the tests of another worker would be answered from a part.
    """
    home = provenance.shipped_home(Settings())
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home.with_suffix(".lock")), Assistant.open(settings=Settings(home=home)) as assistant:
        assert assistant.search("WideNet")
    return home


def test_readme_shows_what_the_commands_print(tmp_path: Path, shipped_home: Path) -> None:
    examples = CONSOLE.findall((ROOT / "README.md").read_text())
    assert len(examples) > 1
    environment = {**os.environ, "ASSISTANT_HOME": str(shipped_home)}
    command = str(Path(sys.executable).parent / "assistant")
    for arguments, shown in examples:
        done = subprocess.run(
            [command, *shlex.split(arguments)],
            check=True,
            capture_output=True,
            text=True,
            env=environment,
            cwd=tmp_path,
        )
        # The page wraps its lines; in a pipe each paragraph is one.
        assert done.stdout.split() == shown.split()
        assert not done.stderr


def test_the_chat_that_is_shown_is_the_one_that_is_held(shipped_home: Path) -> None:
    """`make docs` records it anew."""
    specification = importlib.util.spec_from_file_location("record", ROOT / "docs/record.py")
    assert specification is not None
    assert specification.loader is not None
    record = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(record)
    rows = record.recorded(shipped_home)
    (session,) = record.SESSION.findall((ROOT / "docs/terminal.md").read_text())
    assert session.splitlines() == rows
    assert (ROOT / "docs/chat.svg").read_text() == record.drawn(rows)


def test_env_example_shows_the_default_of_every_setting_and_names_no_other() -> None:
    shown = re.findall(
        r"^# ((?:ASSISTANT|OPENAI)_\w+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE
    )
    variables = Settings.variables()
    assert sorted(name for name, _ in shown) == sorted(variables.values())
    for name, field in Settings.model_fields.items():
        default, said = field.default, dict(shown)[variables[name]]
        if field.default_factory is not None or default in (None, {}):
            assert said == "", name
        else:
            assert type(default)(said) == default, name
