"""An answer shown while it is written."""

import re
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from assistant.answering.citations import MARKER
from assistant.terminal import rendering
from assistant.terminal.cleaning import cleaned

if TYPE_CHECKING:
    from assistant.answering.answer import Answer
    from assistant.answering.streaming import AnswerStream

_WORD = re.compile(r"\S+|\s")


class Typewriter:
    """Writes words as they become whole, and breaks lines between them as `say` does."""

    def __init__(self, console: Console) -> None:
        """Write on a console."""
        self._console = console
        self._width = max(rendering.NARROWEST, console.width)
        self._column = 0
        self._word = ""
        self._space = ""

    def write(self, piece: str) -> None:
        """Take a piece of the text; its last word waits for the next."""
        for part in _WORD.findall(piece):
            if part.isspace():
                self._flush()
                self._break(part)
            else:
                self._word += part

    def close(self) -> None:
        """Write what waits, and end the line."""
        self._flush()
        if self._column:
            self._newline()

    def _break(self, space: str) -> None:
        if space == "\n":
            self._space = ""
            self._newline()
        else:
            self._space += " "

    def _flush(self) -> None:
        word, self._word = self._word, ""
        if not word:
            return
        space, self._space = self._space, ""
        if self._column and self._column + len(space) + len(word) > self._width:
            self._newline()
        elif self._column:
            word = space + word
        while word:
            # A word wider than the terminal goes on in the next line.
            part, word = word[: self._width - self._column], word[self._width - self._column :]
            text = Text(part)
            text.highlight_regex(MARKER, "dim")
            self._console.print(text, end="", soft_wrap=True)
            self._column += len(part)
            if word:
                self._newline()
        self._console.file.flush()

    def _newline(self) -> None:
        self._console.print()
        self._column = 0


def print_stream(stream: "AnswerStream") -> "Answer":
    """Print an answer while it comes, and its sources, also of what came of one that ends early."""
    typewriter = Typewriter(rendering.result_console())
    with stream:
        try:
            for piece in stream:
                typewriter.write(cleaned(piece))
        except BaseException:
            stream.close()
            typewriter.close()
            if stream.answer.citations:
                rendering.print_sources(stream.answer)
            raise
    typewriter.close()
    rendering.print_sources(stream.answer)
    rendering.print_warnings(stream.answer)
    return stream.answer
