"""The examples in the documentation run as they are written."""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", ["docs/python.md", "docs/llamaindex.md"])
def test_python_examples_print_what_the_page_says(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    printed = ""
    blocks = BLOCK.findall((ROOT / page).read_text())
    assert blocks
    for language, block in blocks:
        if language == "python":
            assert not printed, f"the page does not show what this prints:\n{printed}"
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                exec(compile(block, page, "exec"), names)  # noqa: S102 - our own page
            printed = output.getvalue()
        else:
            assert printed == block
            printed = ""
    assert not printed


CONSOLE = re.compile(r"^```console\n\$ assistant (.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_readme_shows_what_the_commands_print(tmp_path: Path) -> None:
    examples = CONSOLE.findall((ROOT / "README.md").read_text())
    assert len(examples) > 1
    environment = {**os.environ, "ASSISTANT_HOME": str(tmp_path / "home")}
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


def test_env_example_names_every_setting_and_no_other() -> None:
    from assistant import Settings

    text = (ROOT / ".env.example").read_text()
    named = dict(re.findall(r"^# ((?:ASSISTANT|OPENAI)_\w+)=(.*)$", text, re.MULTILINE))
    variables = Settings.variables()
    assert set(named) == set(variables.values())
    defaults = {variables[name]: field.default for name, field in Settings.model_fields.items()}
    for variable, shown in named.items():
        if shown:
            assert (
                float(defaults[variable]) == float(shown) if shown.isdigit() else defaults[variable] == shown
            )
