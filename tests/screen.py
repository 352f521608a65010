"""A terminal that a test looks at: the command in a real pseudo-terminal, and what its screen shows."""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pexpect
import pyte

LINES = 40
HISTORY = 10_000


class _Screen(pyte.HistoryScreen):
    """A screen that answers when it is asked where its cursor is."""

    answer: Callable[[str], object]

    def write_process_input(self, data: str) -> None:
        self.answer(data)


class Terminal:
    """A command in a pseudo-terminal, and an emulator that answers as terminals do."""

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        *,
        columns: int = 80,
        lines: int = LINES,
    ) -> None:
        self._screen = _Screen(columns, lines, history=HISTORY, ratio=0.5)
        self._stream = pyte.Stream(self._screen)
        self.raw = ""
        """All that was sent to the terminal."""
        self._changed = threading.Condition()
        self.begun = time.monotonic()
        self.process = pexpect.spawn(
            arguments[0],
            list(arguments[1:]),
            env={"TERM": "xterm-256color", **environment},
            cwd=str(folder),
            dimensions=(lines, columns),
            encoding="utf-8",
            timeout=60,
        )
        self._screen.answer = self._answer
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _answer(self, data: str) -> None:
        with contextlib.suppress(OSError, ValueError):  # whoever asked may have gone
            self.process.send(data)

    def _read(self) -> None:
        while True:
            try:
                text = self.process.read_nonblocking(65536, timeout=0.1)
            except pexpect.TIMEOUT:
                continue
            except (pexpect.EOF, OSError, ValueError):
                break
            with self._changed:
                self.raw += text
                self._stream.feed(text)
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    @property
    def rows(self) -> list[str]:
        """What the terminal shows and what has left it at the top, without empty rows at the end."""
        with self._changed:
            width = self._screen.columns
            above = [
                "".join(row[column].data for column in range(width)).rstrip()
                for row in self._screen.history.top
            ]
            rows = above + [row.rstrip() for row in self._screen.display]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    @property
    def text(self) -> str:
        """The rows as one text."""
        return "\n".join(self.rows)

    def until(self, condition: "str | Callable[[str], bool]", timeout: float = 30.0) -> str:
        """Wait until the screen holds a text or fulfils a condition; gives the screen's text."""
        wanted = condition if callable(condition) else lambda text: condition in text
        end = time.monotonic() + timeout
        while not wanted(self.text):
            left = end - time.monotonic()
            assert left > 0, f"waited in vain for {condition!r} on this screen:\n{self.text}"
            with self._changed:
                self._changed.wait(min(left, 0.2))
        return self.text

    def type(self, text: str) -> None:
        """Type."""
        self.process.send(text)

    def paste(self, text: str) -> None:
        """Paste, as terminals do where the program asked them to mark it."""
        self.process.send(f"\x1b[200~{text}\x1b[201~")

    def resize(self, columns: int, lines: int = LINES) -> None:
        """Change the size; rows are cut and not wrapped anew, as some terminals do."""
        with self._changed:
            self._screen.resize(lines, columns)
        self.process.setwinsize(lines, columns)

    def end(self, timeout: float = 20.0) -> int:
        """Wait for the command's end; gives its exit status."""
        self._reader.join(timeout)
        assert not self._reader.is_alive(), f"it goes on:\n{self.text}"
        self.process.wait()
        self.process.close()
        assert self.process.exitstatus is not None
        return int(self.process.exitstatus)

    def close(self) -> None:
        """Close the terminal, whatever runs in it."""
        with contextlib.suppress(ProcessLookupError, OSError):
            self.process.kill(signal.SIGHUP)
        with contextlib.suppress(pexpect.ExceptionPexpect):
            self.process.close(force=True)
        self._reader.join(5)
