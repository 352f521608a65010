"""Markdown shown while it is written, without taking anything back.

What is on the screen stays as it is: a word is printed when it is whole and its markup is closed, so that
nothing flickers, nothing is drawn twice, and a terminal may be resized at any time. A word waits for the
next space, emphasis for its end, a line for the sign that says what kind of line it is.
"""

import re
from collections.abc import Callable, Iterable

from rich.cells import cell_len

from assistant.terminal.cleaning import cleaned

NARROWEST = 20
"""Columns that text is given at the least."""
LONGEST_SPAN = 200
"""Characters that emphasis may go on for: what is longer was no emphasis, and is shown as it is written."""

_SHORT = 200
"""Characters whose width together is looked up; of longer words it is added up."""

_STYLES = {"bold": "1", "dim": "2", "italic": "3", "code": "36"}
_SPAN = re.compile(
    r"(?P<marker>\[\d+\])|\*\*(?P<bold>\S(?:.{0,200}?\S)?)\*\*|`(?P<code>[^`]+)`"
    r"|(?<![\w*])\*(?P<italic>[^\s*](?:[^*]*?[^\s*])?)\*(?![\w*])"
)
_OPEN = re.compile(r"`|(?<![\w*])\*{1,2}(?=\S)|\*\*$|\[\d*$")
_KIND = re.compile(
    r"(?P<fence>\s*```.*)|(?P<heading>#{1,6}\s+)|(?P<bullet>\s*[-*+]\s+)|(?P<number>\s*\d{1,3}[.)]\s+)"
    r"|(?P<quote>\s*>\s?)"
)
_UNDECIDED = re.compile(r"\s*(?:#{1,6}|[-*+]{1,2}|\d{1,3}[.)]?|`{1,3}|>)?\s*")

Run = tuple[str, str]
"""A stretch of text and its style; an empty style for none."""


class MarkdownWriter:
    """Writes Markdown that comes in pieces, in words as they become whole."""

    def __init__(self, out: Callable[[str], object], width: Callable[[], int], *, colour: bool) -> None:
        """Write on a terminal.

        Args:
            out: takes what is to be printed.
            width: gives the columns there are now; asked again for every word.
            colour: whether styles may be shown.
        """
        self._out = out
        self._width = width
        self._colour = colour
        self._line = ""
        """What came of the line and is not shown yet."""
        self._kind = ""
        """What the line is, once that is known."""
        self._prefix = ""
        """What every further row of the line begins with."""
        self._style = ""
        self._column = 0
        self._space = ""
        self._word: list[Run] = []
        self._in_code = False
        self._blank = True

    def write(self, piece: str) -> None:
        """Take a piece of the text."""
        for part in re.findall(r"\n|[^\n]+", cleaned(piece)):
            if part == "\n":
                self._end_line()
            else:
                self._line += part
                self._advance()

    def close(self) -> None:
        """Write what waits, and end the line."""
        if self._line or self._kind or self._column:
            self._end_line()

    def _advance(self) -> None:
        """Show what is certain of the line."""
        if self._in_code or self._line.lstrip().startswith("```"):
            return  # code is shown by the line
        if not self._kind:
            if _UNDECIDED.fullmatch(self._line):
                return
            self._begin_line()
        cut = max(self._line.rfind(" "), self._line.rfind("\t")) + 1
        while cut and _unclosed(self._line[:cut]) and len(self._line) < LONGEST_SPAN:
            # The span may begin later in the line than the words that are whole.
            cut = max(self._line.rfind(" ", 0, cut - 1), -1) + 1
        self._show(self._line[:cut])
        self._line = self._line[cut:]

    def _begin_line(self) -> None:
        """Read off its beginning what kind of line it is, and show its sign."""
        match = _KIND.match(self._line)
        kind = (match and match.lastgroup) or "text"
        if match and kind != "fence":
            self._line = self._line[match.end() :]
        signs = {"bullet": "• ", "quote": "│ ", "number": match.group().strip() + " " if match else ""}
        indent = " " * (len(match.group()) - len(match.group().lstrip()) if match else 0)
        sign = indent + signs.get(kind, "")
        self._kind, self._style = kind, "bold" if kind == "heading" else ""
        self._prefix = sign if kind == "quote" else " " * cell_len(sign)
        self._put(sign, "dim")
        self._column = cell_len(sign)

    def _end_line(self) -> None:
        if self._in_code or (not self._kind and self._line.lstrip().startswith("```")):
            self._code_line()
            return
        if not self._kind and self._line.strip():
            self._begin_line()
        self._show(self._line)
        self._flush_word()
        if self._kind or not self._blank:
            self._out("\n")
        self._blank = not self._kind
        self._line = self._kind = self._prefix = self._style = self._space = ""
        self._column = 0

    def _code_line(self) -> None:
        if self._line.lstrip().startswith("```"):
            self._in_code = not self._in_code
        else:
            self._put(f"  {self._line}", "code")
            self._out("\n")
            self._blank = False
        self._line = ""

    def _show(self, text: str) -> None:
        """Lay out text whose markup is closed."""
        for run, style in _runs(text, self._style):
            for part in re.findall(r"\s+|\S+", run):
                if part.isspace():
                    self._flush_word()
                    self._space = " "
                else:
                    self._word.append((part, style))

    def _flush_word(self) -> None:
        word, self._word = self._word, []
        if not word:
            return
        space, self._space = self._space, ""
        width = max(NARROWEST, self._width())
        begun = self._column > cell_len(self._prefix)
        length = sum(cell_len(text) for text, _ in word)
        if begun and self._column + len(space) + length > width:
            self._next_row()
        elif begun:
            self._put(space, "")
        for text, style in word:
            self._put_broken(text, style, width)

    def _put_broken(self, text: str, style: str, width: int) -> None:
        """Put a stretch; what is wider than the terminal goes on in the next row."""
        rest = text
        while rest:
            fits = _fitting(rest, width - self._column)
            self._put(rest[:fits], style)
            rest = rest[fits:]
            if rest:
                self._next_row()

    def _next_row(self) -> None:
        self._out("\n")
        self._column = 0
        self._put(self._prefix, "dim")

    def _put(self, text: str, style: str) -> None:
        if text:
            self._column += cell_len(text)
            self._out(styled(text, style if self._colour else ""))


def styled(text: str, style: str) -> str:
    r"""Give text with the control sequences of a style.

    >>> styled("[1]", "dim"), styled("plain", "")
    ('\x1b[2m[1]\x1b[0m', 'plain')
    """
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if style else text


def _fitting(text: str, columns: int) -> int:
    """Count the characters that fit; one at the least."""
    if len(text) <= _SHORT and cell_len(text) <= columns:
        return len(text)
    for place, character in enumerate(text):
        columns -= cell_len(character)
        if columns < 0:
            return max(1, place)
    return len(text)


def _unclosed(text: str) -> bool:
    return bool(_OPEN.search(_SPAN.sub("", text)))


def _runs(text: str, base: str) -> Iterable[Run]:
    place = 0
    for match in _SPAN.finditer(text):
        if match.start() > place:
            yield text[place : match.start()], base
        kind = str(match.lastgroup)
        yield (match.group(), "dim") if kind == "marker" else (match[kind], kind)
        place = match.end()
    if place < len(text):
        yield text[place:], base
