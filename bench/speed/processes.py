"""Whole processes, from start to exit: their time, their processor time, and their most memory."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has come to its end."""

    seconds: float
    """From its start to its exit."""
    processor: float
    """Seconds of all processors, in its own code and in the system's."""
    peak: float
    """The most memory that it had, in megabytes; never told below what we have ourselves."""
    output: str


def run(command: Sequence[str | Path], environment: dict[str, str]) -> Ended:
    """Run a command to its end.

    Raises:
        SystemExit: it failed; says how.
    """
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        begun = time.perf_counter()
        # Not waited for by Popen, which would throw away what the process has used.
        process = subprocess.Popen(  # noqa: S603 - our own commands
            command, env=environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=errors
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (output, errors):
            file.seek(0)
            texts.append(file.read())
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{texts[1]}")
    # Kilobytes, and on macOS bytes.
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return Ended(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / unit, texts[0])


def environment(home: Path, cache: Path) -> dict[str, str]:
    """Give the variables of someone who has the encoder's graph and nothing else set."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return {
        "PATH": path,
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "ASSISTANT_HOME": str(home / "home"),
        "ASSISTANT_CACHE": str(cache),
        "ANONYMIZED_TELEMETRY": "False",
    }
