"""One writer at a time: the next one waits, and says so."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Run

HOLD = """
import sys
from pathlib import Path
from assistant.index.home import Home

home = Home(Path(sys.argv[1]))
home.prepare()
with home.writing(0):
    print("writing", flush=True)
    sys.stdin.readline()
"""

LINE = '{"title": "Kettles", "abstract": "A kettle boils water."}'


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that writes the home until it is told to end."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "home")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        yield process
        process.kill()


def test_a_writer_that_waits_says_so_and_goes_on_when_the_other_is_done(
    writer: subprocess.Popen[str], environment: dict[str, str], tmp_path: Path
) -> None:
    with subprocess.Popen(
        ["assistant", "ingest", "-"],
        env={**environment, "ASSISTANT_HOME": str(tmp_path / "home"), "ASSISTANT_EMBEDDING": "words"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as waiting:
        assert waiting.stdin is not None
        assert waiting.stderr is not None
        waiting.stdin.write(LINE)
        waiting.stdin.close()
        said = waiting.stderr.readline()
        assert said == (
            f"assistant: Another process is writing {tmp_path / 'home'}: waiting up to 60 seconds for it.\n"
        )
        writer.communicate("\n")
        assert waiting.wait(60) == 0
        assert waiting.stderr.read() == ""


def test_a_wait_that_is_too_long_fails(writer: subprocess.Popen[str], run: Run, tmp_path: Path) -> None:
    done = run("ingest", "-", stdin=LINE, ASSISTANT_EMBEDDING="words", ASSISTANT_LOCK_TIMEOUT="1.5")
    assert done.returncode == 1
    waited, failed = done.stderr.splitlines()
    assert waited.endswith(f"writing {tmp_path / 'home'}: waiting up to 1.5 seconds for it.")
    assert "was not done after 1.5 seconds" in failed
    assert writer.poll() is None


def test_the_lock_of_a_dead_process_is_not_obeyed(writer: subprocess.Popen[str], run: Run) -> None:
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    done = run("ingest", "-", stdin=LINE, ASSISTANT_EMBEDDING="words", ASSISTANT_LOCK_TIMEOUT="0")
    assert done.returncode == 0
    assert done.stderr == ""
