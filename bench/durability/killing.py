"""Processes that are killed while they work.

They are forked from one that has everything imported and nothing open, which takes milliseconds where
starting Python and importing Chroma takes seconds. What has threads, as the encoder has, must not be loaded
before.
"""

import contextlib
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

Tell = Callable[[str], None]
"""Hands a line to the parent; once it has returned, no kill takes it back."""

HANGING = 240.0
"""Seconds after which a process that is not to be killed is taken to hang, and killed after all."""

_FAILED = "failed: "


@dataclass(frozen=True)
class Death:
    """How a child ended."""

    told: tuple[str, ...]
    """The lines after its first."""
    killed: bool
    """It was killed; otherwise it had come to its end."""
    failure: str
    """Why it failed by itself, or nothing."""
    seconds: float
    """From its first line to its end."""


def in_child(work: Callable[[Tell], None], *, kill_after: float | None = None) -> Death:
    """Run work in a forked child, which tells a first line when it begins.

    Args:
        work: what to do; given a function that tells.
        kill_after: seconds after the first line at which the child gets SIGKILL.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _work(work, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        first = pipe.readline()
        begun = time.perf_counter()
        # The child is waited for below: until then its number is nobody else's.
        timer = threading.Timer(kill_after if kill_after is not None else HANGING, _kill, [child])
        timer.start()
        lines = [line.decode().rstrip("\n") for line in [first, *pipe.readlines()]]
        seconds = time.perf_counter() - begun
        timer.cancel()
        timer.join()
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status)
    failed = [line.removeprefix(_FAILED) for line in lines if line.startswith(_FAILED)]
    if killed and kill_after is None:
        failed.append(f"ended by signal {os.WTERMSIG(status)}")
    return Death(tuple(line for line in lines[1:] if line not in failed), killed, " ".join(failed), seconds)


def _kill(child: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)


def _work(work: Callable[[Tell], None], writing: int) -> None:
    """Do the child's work and end the process, whatever happens."""
    status = 0
    try:
        work(lambda line: _write(writing, f"{line}\n"))
    except BaseException as error:  # noqa: BLE001 - nothing may return into the parent's code
        status = 1
        where = traceback.extract_tb(error.__traceback__)[-1]
        text = " ".join(f"{type(error).__name__}: {error} ({where.filename}:{where.lineno})".split())
        _write(writing, f"{_FAILED}{text}\n")
    finally:
        os._exit(status)


def _write(descriptor: int, text: str) -> None:
    rest = text.encode()
    while rest:
        rest = rest[os.write(descriptor, rest) :]
