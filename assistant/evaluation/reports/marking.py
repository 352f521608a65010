"""An answer cut into what a reader should see in it: judged sentences, markers, facts; and what changed."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from assistant.answering.citations import MARKER
from assistant.evaluation.measures import holds_fact
from assistant.evaluation.results import JudgedSentence

CUT = "…"
"""Ends a text of which only the beginning was kept."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of text that is shown in one way."""

    text: str
    kind: Literal["text", "marker", "fact"] = "text"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A judged sentence of the answer and its markers; or what stands before the first of them."""

    parts: tuple[Part, ...]
    sentence: JudgedSentence | None = None


def stretches(
    text: str, sentences: Sequence[JudgedSentence], facts: Sequence[Sequence[str]]
) -> list[Stretch]:
    """Cut an answer at the beginnings of its judged sentences; nothing of the text is left out.

    A sentence that does not occur in the text is passed over.
    """
    starts: list[tuple[int, JudgedSentence | None]] = [*_starts(text, sentences)]
    if not starts or starts[0][0] > 0:
        starts.insert(0, (0, None))
    ends = [start for start, _ in starts[1:]] + [len(text)]
    found = _facts(text, facts)
    return [
        Stretch(tuple(_parts(text, start, end, found)), sentence)
        for (start, sentence), end in zip(starts, ends, strict=True)
        if end > start
    ]


def _starts(text: str, sentences: Sequence[JudgedSentence]) -> Iterator[tuple[int, JudgedSentence]]:
    """Find where sentences begin, whatever spaces and markers stand between their words."""
    letters, places = _letters(text)
    reached = 0
    for sentence in sentences:
        wanted, _ = _letters(sentence.text)
        at = letters.find(wanted, reached) if wanted else -1
        if at >= 0:
            yield places[at], sentence
            reached = at + len(wanted)


def _letters(text: str) -> tuple[str, list[int]]:
    """Give the text without spaces and markers, and where each of its characters stands."""
    bare = MARKER.sub(lambda match: " " * len(match.group()), text)
    places = [place for place, character in enumerate(bare) if not character.isspace()]
    return "".join(bare[place] for place in places), places


def _facts(text: str, facts: Sequence[Sequence[str]]) -> list[tuple[int, int]]:
    """Find where the facts stand that the text holds."""
    found = []
    for alternative in (alternative for fact in facts for alternative in fact):
        for match in re.finditer(re.escape(alternative), text, re.IGNORECASE):
            # Seen with the characters around it: what begins inside a word or a number is no fact.
            start, end = max(0, match.start() - 2), match.end() + 2
            if holds_fact(text[start:end], [alternative]):
                found.append(match.span())
    return found


def _parts(text: str, start: int, end: int, facts: Sequence[tuple[int, int]]) -> Iterator[Part]:
    """Cut a stretch at its markers and facts; a marker inside a fact ends it."""
    kinds: list[Literal["text", "marker", "fact"]] = ["text"] * (end - start)
    for first, last in facts:
        for place in range(max(first, start), min(last, end)):
            kinds[place - start] = "fact"
    markers = {match.start(): match.end() for match in MARKER.finditer(text, start, end)}
    for first, last in markers.items():
        kinds[first - start : last - start] = ["marker"] * (last - first)
    begin = start
    for place in range(start + 1, end + 1):
        if place == end or kinds[place - start] != kinds[begin - start] or place in markers:
            yield Part(text[begin:place], kinds[begin - start])
            begin = place


@dataclass(frozen=True, slots=True)
class Change:
    """A piece of two texts: in both, in the first alone, or in the second alone."""

    text: str
    kind: Literal["same", "gone", "new"]


def changes(before: str, now: str) -> list[Change]:
    """Compare two texts word by word; where only the beginning of the first is known, their beginnings.

    >>> [(piece.kind, piece.text) for piece in changes("It saves 17.5%.", "It saves 12%.")]
    [('same', 'It saves '), ('gone', '17.5%.'), ('new', '12%.')]
    """
    if before.endswith(CUT):
        now = f"{now[: len(before) - 1].rstrip()}{CUT}" if len(now) >= len(before) else now
    first, second = (re.findall(r"\S+\s*|\s+", text) for text in (before, now))
    found = []
    for operation, i1, i2, j1, j2 in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        if operation == "equal":
            found.append(Change("".join(first[i1:i2]), "same"))
            continue
        found += [Change("".join(first[i1:i2]), "gone")] if i2 > i1 else []
        found += [Change("".join(second[j1:j2]), "new")] if j2 > j1 else []
    return found
