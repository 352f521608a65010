"""Pipes that are closed, and signals."""

import os
import signal
import subprocess
from pathlib import Path

import pytest


def test_a_reader_that_leaves_early_is_no_error(
    environment: dict[str, str], small_home: Path, tmp_path: Path
) -> None:
    for command in ("assistant papers list | head -n 1", "assistant papers list --json | head -n 1"):
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=tmp_path,
            env={**environment, "ASSISTANT_HOME": str(small_home)},
            check=False,
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize("arguments", [("papers", "list"), ("papers", "list", "--json"), ("status",)])
def test_a_reader_that_was_never_there_is_no_error(
    environment: dict[str, str], small_home: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        ["assistant", *arguments],
        cwd=tmp_path,
        env={**environment, "ASSISTANT_HOME": str(small_home)},
        check=False,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writing)
    assert done.stderr == ""
    assert done.returncode == 1


def test_an_interrupt_stops_it_in_one_line(environment: dict[str, str], tmp_path: Path) -> None:
    with subprocess.Popen(
        ["assistant", "ingest", "-"],
        cwd=tmp_path,
        env={**environment, "ASSISTANT_HOME": str(tmp_path / "home"), "ASSISTANT_EMBEDDING": "words"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A parent that ignores interrupts, as a job in the background does, hands that down.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    ) as process:
        while not (tmp_path / "home" / "ledger.sqlite3").exists():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        # Standard input stays open: what ends the command is the signal.
        process.wait(timeout=60)
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read() == ""
        assert "Traceback" not in process.stderr.read()
        assert process.returncode == 130
