"""Reading a text that arrives in pieces, character by character."""

from collections import deque
from collections.abc import Callable


class Scanner:
    """Holds back what may become something special until it is whole, and shows the rest at once.

    A subclass has modes: methods that take one character each. What they do depends on the characters
    alone, never on where the pieces were cut.
    """

    def __init__(self) -> None:
        self._mode: Callable[[str], None] = self._text
        self._queue: deque[str] = deque()
        self._out: list[str] = []
        self._held = ""
        self._before = ""
        """The character shown last."""

    def feed(self, text: str) -> str:
        """Take the next piece; gives back what is certain."""
        self._queue.extend(text)
        self._run()
        return self._taken()

    def close(self) -> str:
        """End the text; gives back what was still held."""
        self._finish()
        while self._held:
            self._release()
            self._run()
            self._finish()
        return self._taken()

    def _text(self, character: str) -> None:
        """Read a character where nothing special is under way."""
        self._emit(character)

    def _finish(self) -> None:
        """Decide what is held when the text ends here; what stays held is shown as it is."""

    def _run(self) -> None:
        while self._queue:
            self._mode(self._queue.popleft())

    def _taken(self) -> str:
        out = "".join(self._out)
        self._out.clear()
        return out

    def _emit(self, text: str) -> None:
        if text:
            self._out.append(text)
            self._before = text[-1]

    def _hold(self, text: str, mode: Callable[[str], None]) -> None:
        self._held, self._mode = text, mode

    def _drop(self, then: str = "") -> None:
        """Forget what is held, and go on with the character that ended it."""
        self._held, self._mode = "", self._text
        self._queue.extendleft(reversed(then))

    def _release(self, then: str = "") -> None:
        """Show the first character held, and read the others, and the one that came, again."""
        first, rest = self._held[0], self._held[1:]
        self._emit(first)
        self._drop(rest + then)
