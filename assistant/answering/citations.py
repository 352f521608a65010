"""The markers of a model's answer: read, checked against the papers it was shown, and renumbered.

A model writes numbers and never titles: what an answer lists as a source is a paper that was shown, or it
is nothing. The parser takes the text in pieces (see `scanning`) and holds a marker back until it is whole.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from string import ascii_lowercase

from assistant.answering.scanning import Scanner
from assistant.answering.sentences import sentences

LONGEST = 120
"""Characters between brackets, more than which are no marker."""

MARKER = re.compile(r"\[\d{1,9}\]")
"""A marker in an answer. No answer has a thousand million sources, and longer numbers cannot be read."""

_OPEN, _CLOSE = "[\uff3b\u3010\u3014\u3016\u27e6", "]\uff3d\u3011\u3015\u3017\u27e7"
_OPENING, _CLOSING = re.escape(_OPEN), re.escape(_CLOSE)
_ENDS_CLAIM = ".,;:!?\n[(\u3010"
_ENDING = re.escape(_ENDS_CLAIM)
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>\d+)
    | (?P<to>[-~\u2010-\u2015\u2212]|to\b|\.{2,3})
    | (?P<between>[,;&/+|^#]|and\b|\u3001)
    | (?P<noun>(?:references?|refs?|papers?|sources?|citations?|documents?|docs?|no|nr)\b\.?)
    )\s*""",
    re.VERBOSE,
)
_COUNTED = frozenset(
    {"case", "class", "eq", "eqs", "equation", "equations", "fig", "figs", "figure", "figures", "level"}
    | {"levels", "option", "options", "part", "parts", "phase", "phases", "sec", "section", "sections"}
    | {"stage", "stages", "step", "steps", "tab", "table", "tables", "type", "types", "version", "versions"}
)
_LONGEST_COUNTED = 11  # characters in the longest of these, with a stop and the one before it
_BULLET = re.compile(r"\A\s*(?:[-*+\u2022\u00b7]|\#{1,6}|>|\d{1,3}[.)])\s+")
_SPACED_MARKER = re.compile(rf"(?<!\s)\s*+{MARKER.pattern}")
_NUMBER = re.compile(r"\d+")
_WORDED = re.compile(r"\w")
_ANY_OPENING = re.compile(rf"[({_OPENING}]")
_LEADING_MARKERS = re.compile(rf"(?:\s*{MARKER.pattern})+")


@lru_cache(maxsize=256)
def read_numbers(content: str, shown: int) -> tuple[tuple[int, ...], int] | None:
    """Read what stands between a marker's brackets.

    >>> read_numbers("1, 3", shown=5), read_numbers("2-4", shown=3), read_numbers("sic", shown=3)
    (((1, 3), 0), ((2, 3), 1), None)

    Args:
        content: the text without its brackets.
        shown: how many papers were shown; their numbers begin with 1.

    Returns:
        The numbers that name a paper, in order, and how many numbers name none (of a range that goes
        beyond the papers, its end counts); None where the text is no marker.
    """
    plain = _plain(content)
    spans: list[list[int]] = []
    position, joins = 0, False
    while position < len(plain):
        token = _TOKEN.match(plain, position)
        if token is None or (token["to"] and not spans):
            return None
        if token["number"] is None:
            joins = token["to"] is not None or (joins and token["noun"] is not None)
        elif joins:
            spans[-1].append(int(token["number"]))
            joins = False
        else:
            spans.append([int(token["number"])])
        position = token.end()
    if not spans:
        return None
    numbers: dict[int, None] = {}
    for span in spans:
        numbers.update(dict.fromkeys(range(max(1, min(span)), min(shown, max(span)) + 1)))
    return tuple(numbers), sum(not 1 <= end <= shown for span in spans for end in span)


def _plain(content: str) -> str:
    """Fold a marker's content: full-width and raised digits, marks without width, `†source`."""
    folded = unicodedata.normalize("NFKC", content.split("\u2020", maxsplit=1)[0]).lower()
    return "".join(c for c in folded if unicodedata.category(c) not in ("Cf", "Me", "Mn")).strip()


def cited_sentences(text: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Give the sentences of an answer in order, without markers, each with the numbers it cites.

    A marker behind the full stop belongs to the sentence before it; a list's items stand alone.

    >>> list(cited_sentences("Tea cools [2]. [1] Kettles whistle. Cups break [2]."))
    [('Tea cools.', (2, 1)), ('Kettles whistle.', ()), ('Cups break.', (2,))]
    """
    for line in text.splitlines():
        waiting, numbers = "", list[str]()
        for sentence in sentences(_BULLET.sub("", line)):
            leading = _LEADING_MARKERS.match(sentence.text)
            rest = sentence.text[leading.end() :].strip() if leading else sentence.text
            if leading:
                numbers += _NUMBER.findall(leading.group())
            bare = _SPACED_MARKER.sub("", rest) if "[" in rest else rest
            if not _WORDED.search(bare):
                if bare != rest:
                    numbers += _NUMBER.findall(rest)
                continue
            if waiting:
                yield waiting, _distinct(numbers)
                numbers = []
            waiting = bare.strip()
            numbers += _NUMBER.findall("".join(MARKER.findall(rest)))
        if waiting:
            yield waiting, _distinct(numbers)


def without_citation(text: str) -> Iterator[str]:
    """Give the sentences of an answer that have no marker, in order.

    >>> list(without_citation("Tea cools. [1] Kettles whistle. Cups break [2]."))
    ['Kettles whistle.']
    """
    return (sentence for sentence, numbers in cited_sentences(text) if not numbers)


def _distinct(numbers: Iterable[str]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(int(number) for number in numbers))


def _closed(space: str, *, first: bool) -> str:
    """Leave one white space of several, the first, and every new line.

    Args:
        space: nothing but white space.
        first: whether none stands before it.
    """
    kept = space[:1] if first else ""
    return kept + "\n" * space[len(kept) :].count("\n")


class CitationFilter(Scanner):
    """Turns a model's markers into the answer's own: `[1]`, numbered in the order of appearance.

    >>> citations = CitationFilter(shown=5)
    >>> citations.feed("Tea cools [4]. Cups break [9], kettles whistle 【4, 2】. ")
    'Tea cools [1]. Cups break, kettles whistle [1][2].'
    >>> citations.cited, citations.removed
    ([4, 2], 1)
    """

    # Of brackets, those are plain after which comes what no marker has; of round ones, those too after whose
    # end comes what ends no claim.
    PLAIN = re.compile(
        rf"(?:[^({_OPENING}]+|[{_OPENING}](?=[{_OPENING}]{{2}}|[^{_OPENING}{_CLOSING}\n]{{1,20}}[{_OPENING}\n])"
        rf"|\((?=\)|[\d, ]{{0,9}}[^\d, )]|[\d, ]{{1,9}}\)[^{_ENDING}]))+"
    )
    WHOLE = re.compile(
        rf"[{_OPENING}](?P<content>[^{_OPENING}{_CLOSING}\n]{{1,{LONGEST - 2}}})[{_CLOSING}]"
        rf"|\((?P<round>[\d, ]{{1,{LONGEST - 2}}})\)(?=[{_ENDING}])"
    )

    def __init__(self, shown: int) -> None:
        """Know markers from 1 to `shown`; all others are removed."""
        super().__init__()
        self._shown = shown
        self._space: list[str] = []
        self._gap = False
        self._line = ""
        self.cited: list[int] = []
        """The papers named, by the number they were shown with, in order of appearance."""
        self.removed = 0
        """How many numbers named no paper."""

    def _take(self, whole: "re.Match[str]") -> bool:
        if whole["content"]:
            self._mark(whole["content"], whole[0])
        elif self._may_cite() and (numbers := self._round_numbers(whole["round"])):
            self._cite(numbers)
        else:
            self._emit_words(whole[0])
        return True

    def _text(self, character: str) -> None:
        if character in _OPEN:
            self._hold(character, self._in_brackets)
        elif character == "(" and self._may_cite():
            self._hold(character, self._in_round)
        else:
            self._emit(character)

    def _emit(self, text: str) -> None:
        words = text.strip()
        before, _, after = text.partition(words) if words else (text, "", "")
        if before:
            self._leave_room(before)
        if words:
            self._emit_words(words)
        if after:
            self._leave_room(after)

    def _leave_room(self, space: str) -> None:
        """Keep white space back; the room that a removed marker leaves is closed."""
        self._space.append(_closed(space, first=not self._space) if self._gap else space)

    def _emit_words(self, words: str) -> None:
        space = "".join(self._space) if self._space else ""
        if self._gap and words[0] in ".,;:!?)":
            space = space.strip(" \t")
        if words[0] == "(" and self._before == "]" and not space:
            space = " "  # together they would begin a link
        shown = space + words.replace("](", "] (")
        super()._emit(shown)
        self._line = (shown.rpartition("\n")[2] if "\n" in shown else self._line + shown)[-LONGEST:]
        self._space, self._gap = [], False

    def _may_cite(self) -> bool:
        """Whether a number in round brackets here would stand after a claim, not `f(1)` or `Table (1)`."""
        if any("\n" in space for space in self._space) or not self._line or self._before in ":;,-([":
            return False
        if not self._space and self._before.isalnum():
            return False
        end = self._line[-_LONGEST_COUNTED:].lower().removesuffix(".")
        before = end.rstrip(ascii_lowercase)
        return end[len(before) :] not in _COUNTED or bool(_WORDED.match(before[-1:]))

    def _in_brackets(self, character: str) -> None:
        if character in _CLOSE:
            openers = len(self._held) - len(self._held.lstrip(_OPEN))
            if openers > 1:
                self._hold(self._held + character, self._after_brackets)
            else:
                self._mark(self._held[1:], self._held + character)
        elif character in _OPEN and not self._held.strip(_OPEN):
            if len(self._held) > 1:  # only the last two can belong to a marker
                self._emit(self._held[0])
            self._held = self._held[-1] + character
        elif character in _OPEN or character == "\n" or len(self._held) > LONGEST:
            self._release(character)
        else:
            self._held += character

    def _after_brackets(self, character: str) -> None:
        """Read what follows `[[1]`: the second bracket, or something else."""
        if character in _CLOSE:
            self._mark(self._held[2:-1], self._held + character)
        else:
            self._release(character)

    def _in_round(self, character: str) -> None:
        if character == ")" and len(self._held) > 1:
            self._hold(self._held + character, self._after_round)
        elif (character.isdecimal() or character in ", ") and len(self._held) < LONGEST:
            self._held += character
        else:
            self._release(character)

    def _after_round(self, character: str) -> None:
        numbers = self._round_numbers(self._held[1:-1]) if character in _ENDS_CLAIM else ()
        if numbers:
            self._cite(numbers)
            self._drop(character)
        else:
            self._release(character)

    def _round_numbers(self, content: str) -> tuple[int, ...]:
        """Read what stands in round brackets; nothing where any of it names no paper."""
        numbers, unknown = read_numbers(content, self._shown) or ((), 0)
        return () if unknown else numbers

    def _mark(self, content: str, whole: str) -> None:
        found = read_numbers(content, self._shown)
        if found is None and "\u2020" in content:  # a citation all the same, to something never shown
            found = (), 1
        if found is None:
            if _ANY_OPENING.search(whole, 1):
                self._held = whole[:-1]
                self._release(whole[-1])
            else:
                self._drop()
                self._emit_words(whole)
            return
        numbers, unknown = found
        self.removed += unknown
        self._cite(numbers)
        if not numbers:
            self._leave_out()
        self._drop()

    def _leave_out(self) -> None:
        """Remove a marker without a trace, except inside brackets: what is around it could become one."""
        if self._line.rfind("[") > self._line.rfind("]"):
            self._emit("\u2026")
        else:
            self._gap = True

    def _cite(self, numbers: Sequence[int]) -> None:
        markers = ""
        for number in numbers:
            if number not in self.cited:
                self.cited.append(number)
            markers += f"[{self.cited.index(number) + 1}]"
        if markers:
            self._emit_words(markers)

    def _finish(self) -> None:
        if self._mode == self._after_round:
            if numbers := self._round_numbers(self._held[1:-1]):
                self._cite(numbers)
                self._drop()
        elif self._mode == self._after_brackets:
            self._mark(self._held[2:-1], self._held)
        elif self._mode == self._in_brackets:
            self._finish_marker(self._held.lstrip(_OPEN))

    def _finish_marker(self, content: str) -> None:
        """Decide about `[1` at the end: a number that may have been cut short names nothing."""
        found = read_numbers(content, self._shown) if content else ((), 0)
        if found is None:
            return
        last = re.search(r"\d+\Z", _plain(content))
        if last and 1 <= int(last.group()) <= self._shown // 10:
            content = re.sub(r"[^\d]+\Z", "", _plain(content)[: last.start()])
            self.removed += 1
            found = read_numbers(content, self._shown) or ((), 0)
        self.removed += found[1]
        self._cite(found[0])
        self._drop()
