"""Reading a text that arrives in pieces: plain stretches at once, the rest character by character."""

import re
from collections.abc import Callable
from typing import ClassVar


class Scanner:
    """Holds back what may become something special until it is whole, and shows the rest at once.

    A subclass has modes: methods that take one character each. What they do depends on the characters
    alone, never on where the pieces were cut.
    """

    PLAIN: ClassVar[re.Pattern[str]] = re.compile(r"(?!)")
    """Matches, where nothing special is under way, a stretch that is shown as it is, or a part of it."""
    WHOLE: ClassVar[re.Pattern[str]] = re.compile(r"(?!)")
    """Matches there something special that is whole, and would be taken the same character by character."""

    def __init__(self) -> None:
        self._mode: Callable[[str], None] | None = None
        """What takes the next character, where something special is under way."""
        self._piece, self._at = "", 0
        """What is read, and how far."""
        self._again = ""
        """What was held, to be read before the rest of the piece."""
        self._out: list[str] = []
        self._held = ""
        self._before = ""
        """The character shown last."""

    def feed(self, text: str) -> str:
        """Take the next piece; gives back what is certain."""
        self._piece, self._at = text, 0
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

    def _take(self, whole: "re.Match[str]") -> bool:
        """Read something special that is whole; or say no, and be given its characters."""
        raise NotImplementedError

    def _finish(self) -> None:
        """Decide what is held when the text ends here; what stays held is shown as it is."""

    def _run(self) -> None:
        while self._again or self._at < len(self._piece):
            if self._again:
                end = self._shown_plain(self._again, 0)
                character, self._again = self._again[end : end + 1], self._again[end + 1 :]
            else:
                end = self._shown_plain(self._piece, self._at)
                whole = self.WHOLE.match(self._piece, end) if self._mode is None else None
                if whole and self._take(whole):
                    self._at = whole.end()
                    continue
                character, self._at = self._piece[end : end + 1], end + 1
            if character:
                (self._mode or self._text)(character)

    def _shown_plain(self, text: str, start: int) -> int:
        """Show the plain stretch that begins here; gives its end."""
        plain = self.PLAIN.match(text, start) if self._mode is None else None
        if plain is None:
            return start
        self._emit(plain.group())
        return plain.end()

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
        self._held, self._mode = "", None
        self._again = then + self._again

    def _release(self, then: str = "") -> None:
        """Show the first character held, and read the others, and the one that came, again."""
        first, rest = self._held[0], self._held[1:]
        self._emit(first)
        self._drop(rest + then)
