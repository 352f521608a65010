"""The lines of a listing page, and what each looks like by itself."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import islice

from assistant.corpus.flaws import LONGEST_LINE


class Mark(StrEnum):
    """Which of a paper's details a line has the shape of."""

    AUTHORS = "• 4 authors"
    ORGANIZATION = "a line of any shape that one of the other marks follows"
    DOT = "·"
    DATE = "Jun 13, 2024 1"
    COMMENTS = "12"
    OTHER = "what stands where a date should, or where the page is cut off: • 4 auth"


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank, or one part of several that a page glued into a line."""

    number: int
    """From 1, as an editor counts."""
    text: str
    """Without the white space around it."""
    place: int | None = None
    """Where in a page's header such a line stands (`BANNER`, `BUTTON`, `BYLINE`, `DATE`), if it does."""
    mark: Mark | None = None
    finished: bool = True
    """Whether it ends as a sentence does, or with a link."""


MOST_LINES = 30_000
"""Lines that are not blank in one page, of which a real one has less than a thousand."""

LONG_DATE = 30
"""Characters that no date passes, however it is written."""

BANNER, BUTTON, BYLINE, DATE = 1, 2, 4, 5
"""Places in the header: an invitation to subscribe, its button, whose page it is, the page's date."""

_SUBSCRIBE = "Subscribe"
_BANNER = re.compile(r"Get trending papers in your [^!.]{1,60}[!.]?", re.IGNORECASE)
_HEADER = re.compile(
    rf"(new)|({_BANNER.pattern})|({_SUBSCRIBE}!?)|((?:Daily|Trending) Papers)"
    r"|(by ?AK and the .{0,20}community)",
    re.IGNORECASE,
)
"""Each of its groups is a place, in their order."""

_DOT = "·"
_COUNT = r"\d{1,3}(?:,\d{3})+|\d{1,6}"
_AUTHORS = re.compile(rf"(•?)\s*({_COUNT})\s+authors?", re.IGNORECASE)
_COMMENTS = re.compile(rf"{_COUNT}|\d{{1,3}}(?:\.\d)?k", re.IGNORECASE)
_DATE = re.compile(
    rf"([a-z]{{3,9}})\.?\s+(\d{{1,2}})(?:\s*,\s*(\d{{4}}))?(?:\s+(?:{_COMMENTS.pattern}))?", re.IGNORECASE
)
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_LONGEST_DETAIL = 100

_INVISIBLE = "\ufeff\u200b\u200e\u2060"
_LINK = re.compile(r"(?:https?://|www\.)\S|\w\.[a-z]{2,6}/\S", re.IGNORECASE)
_SENTENCE_END = re.compile(r"""[.!?…。][)\]}"'”’»*$]*$|[)\]}]$""")


def lines_of(page: str) -> list[Line]:
    """Take a page apart into its lines; of a page with more than `MOST_LINES`, one more than these."""
    pieces = list(islice(_pieces(page), MOST_LINES + 1))
    marks = [_mark(text) for _, text in pieces]
    lines = []
    for (number, text), before, own, after in zip(
        pieces, [None, *marks], marks, [*marks[1:], None], strict=False
    ):
        mark = own
        if own is None and after in (Mark.DOT, Mark.AUTHORS):
            mark = Mark.ORGANIZATION
        elif own is None and len(text) < LONG_DATE and (before is Mark.DOT or text[0] == "•"):
            mark = Mark.OTHER
        lines.append(Line(number, text, _place(text, mark), mark, _is_finished(text)))
    return lines


def date_parts(line: Line) -> tuple[int | None, int, int] | None:
    """Read a date's year, month and day as they are written; the year may be missing."""
    match = _DATE.fullmatch(line.text) if len(line.text) < _LONGEST_DETAIL else None
    month = _month(match[1]) if match else None
    return (int(match[3]) if match[3] else None, month, int(match[2])) if match and month else None


def author_count(line: Line) -> int | None:
    """Read how many authors a line counts; None where it counts none."""
    match = _AUTHORS.fullmatch(line.text) if len(line.text) < _LONGEST_DETAIL else None
    return int(match[2].replace(",", "")) if match else None


def has_link(text: str) -> bool:
    """Whether a text holds an address on the web."""
    return _LINK.search(text) is not None


def _pieces(page: str) -> Iterator[tuple[int, str]]:
    """Number the lines that are not blank, and part what a page glued together."""
    previous = ""
    for number, raw in enumerate(page.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1):
        line = raw.strip().strip(_INVISIBLE).strip()
        while furniture := _glued(line, previous):
            yield number, furniture
            previous, line = furniture, line[len(furniture) :].lstrip()
        if line:
            yield from ((number, part) for part in _details(line))
            previous = line


def _glued(line: str, previous: str) -> str | None:
    """Give the furniture with which a line begins, where the line goes on after it."""
    if len(line) > LONGEST_LINE // 1000:
        return None
    banner = _BANNER.match(line)
    if banner and banner.end() < len(line) and banner[0].endswith(("!", ".")):
        return banner[0]
    if not line.startswith(_SUBSCRIBE) or line == _SUBSCRIBE:
        return None
    # A title may begin with this very word: the line before tells, or else a capital in mid-word.
    after = line[len(_SUBSCRIBE)]
    is_button = _BANNER.fullmatch(previous) or (not previous and after.isalnum() and not after.islower())
    return _SUBSCRIBE if is_button else None


def _details(line: str) -> list[str]:
    """Part details that share one line, such as `• 4 authors · Jun 13, 2024`."""
    if len(line) < _LONGEST_DETAIL and _DOT in line:
        before, _, after = line.partition(_DOT)
        if _mark(after.strip()) is Mark.DATE:
            return [part for part in (before.strip(), _DOT, after.strip()) if part]
    return [line]


def _mark(text: str) -> Mark | None:
    """Tell which detail a text has the shape of, without its neighbours."""
    if len(text) > _LONGEST_DETAIL:
        return None
    if text == _DOT:
        return Mark.DOT
    authors = _AUTHORS.fullmatch(text)
    if authors and authors[1]:
        return Mark.AUTHORS
    match = _DATE.fullmatch(text)
    if match and _month(match[1]):
        return Mark.DATE
    return Mark.COMMENTS if _COMMENTS.fullmatch(text) else None


@lru_cache(maxsize=256)
def _month(name: str) -> int | None:
    """Number a month by its name, or by its first letters if they are three or more."""
    return next((n for n, month in enumerate(_MONTHS, 1) if month.startswith(name.lower())), None)


def _place(text: str, mark: Mark | None) -> int | None:
    if mark is Mark.DATE:
        return DATE
    header = _HEADER.fullmatch(text)
    return header.lastindex - 1 if header and header.lastindex else None


def _is_finished(text: str) -> bool:
    if _SENTENCE_END.search(text, max(0, len(text) - 20)):
        return True
    words = text[-300:].rsplit(None, 1)
    return has_link(words[-1])
