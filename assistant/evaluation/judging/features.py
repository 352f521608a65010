"""What the offline judge looks at: numbers about a claim and what it cites, each evidence against the claim.

All are 0 for a claim that stands in the text word for word. Pure functions of texts that were read.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from assistant.answering.sentences import sentences
from assistant.evaluation.judging.claims import Stretch
from assistant.evaluation.judging.quantities import Quantity
from assistant.evaluation.judging.reading import Floats, Text
from assistant.evaluation.judging.wording import Word

FEATURES = (
    "gap_mean",
    "weak_share",
    "missing_share",
    "missing_sum",
    "missing_gap",
    "outside_share",
    "bigram_missing",
    "run_missing",
    "number_missing",
    "unit_mismatch",
    "name_missing",
    "denial_unmet",
    "direction_mismatch",
    "opposed",
    "anchor_gap",
)

RUN = 4
"""So many words that stand side by side in claim and text are a quotation."""
WEAK = 0.5
"""A cosine below which a word has no counterpart."""
MET = 0.45
"""A cosine from which a word's best match tells its place in the text."""
REACH = 5
"""Words that a denial or a comparison reaches."""
NEAR = 2
"""Words by which a denial may stand after what it denies."""
PLACE_MARGIN = 0.1
"""By how much a match elsewhere must be better to count more than one in the best sentence."""
NUMBER_WEIGHT, FUNCTION_WEIGHT = 0.8, 0.3
"""What numbers and function words count of their rarity."""


@dataclass(frozen=True, slots=True)
class Cited:
    """All that a statement cites, joined."""

    words: tuple[Word, ...]
    vectors: Floats
    """Shape `(words, dimension)`, of length 1."""
    place: NDArray[np.int64]
    """Shape `(words,)`: the sentence of each, from 0 up, ascending."""
    sentences: tuple[str, ...]
    quantities: tuple[Quantity, ...]
    stems: frozenset[str]
    runs: frozenset[tuple[str, ...]]
    """Each `RUN` stems in a row."""
    pairs: frozenset[tuple[str, str]]
    """Neighbours among the words that are about something."""
    places: Mapping[str, frozenset[int]]
    """By stem, the sentences that have it."""
    denials: tuple[int, ...]
    """The rows of the words that deny."""
    directions: Mapping[int, int]
    """The direction of each word that compares, by its row."""


def cite(texts: Sequence[Text]) -> Cited:
    """Join texts."""
    found: list[tuple[str, list[Word], Floats]] = []
    for text in texts:
        for sentence in sentences(text.text):
            rows = [row for row, word in enumerate(text.words) if sentence.start <= word.start < sentence.end]
            if rows:
                kept = [text.words[row] for row in rows]
                found.append((sentence.text, kept, text.vectors[rows].astype(np.float64)))
    words = [word for _, kept, _ in found for word in kept]
    stems = [word.stem for word in words]
    place = np.repeat(np.arange(len(found)), [len(kept) for _, kept, _ in found])
    places: dict[str, set[int]] = defaultdict(set)
    for stem, number in zip(stems, place.tolist(), strict=True):
        places[stem].add(number)
    return Cited(
        words=tuple(words),
        vectors=np.concatenate([vectors for *_, vectors in found]) if found else np.zeros((0, 1)),
        place=place,
        sentences=tuple(text for text, *_ in found),
        quantities=tuple(quantity for text in texts for quantity in text.quantities),
        stems=frozenset(stems),
        runs=frozenset(zip(*(stems[start:] for start in range(RUN)), strict=False)),
        pairs=frozenset(pairwise(_telling(words))),
        places={stem: frozenset(numbers) for stem, numbers in places.items()},
        denials=tuple(row for row, word in enumerate(words) if word.denies),
        directions={row: word.direction for row, word in enumerate(words) if word.direction},
    )


def _is_number(word: Word) -> bool:
    return word.text[0].isdigit()


def _telling(words: Sequence[Word]) -> list[str]:
    return [word.stem for word in words if word.content or _is_number(word)]


@dataclass(frozen=True, slots=True)
class Reading:
    """A claim held against what it cites."""

    words: tuple[Word, ...]
    quantities: tuple[Quantity, ...]
    cited: Cited
    cosines: Floats
    """Shape `(words, cited words)`."""
    by_sentence: Floats
    """Shape `(words, cited sentences)`: the best cosine of each word in each sentence."""
    quoted: NDArray[np.bool_]
    """Shape `(words,)`: whether it stands in a run of words that the text has too."""
    weights: Floats
    """Shape `(words,)`."""
    asked: frozenset[str]
    """The stems of the question: to repeat it is to claim nothing."""
    asked_quantities: tuple[Quantity, ...]

    @property
    def shares(self) -> Floats:
        """Give the weights, summing to 1."""
        return np.asarray(self.weights / self.weights.sum())

    @property
    def gaps(self) -> Floats:
        """Give how far each word is from its best counterpart, from 0 to 1."""
        best = np.where(self.quoted, 1.0, self.by_sentence.max(axis=1))
        return np.asarray(np.clip(1.0 - best, 0.0, 1.0))

    @property
    def late(self) -> Floats:
        """Score each sentence of the text by late interaction, quotations counting in all."""
        return np.asarray(
            self.shares @ np.where(self.quoted[:, None], np.maximum(self.by_sentence, 0), self.by_sentence)
        )

    @property
    def best(self) -> int:
        """Give the number of the sentence that is nearest."""
        return int(self.late.argmax())


def hold(statement: Text, claim: Stretch, cited: Cited, question: Text) -> Reading | None:
    """Hold a claim of a statement against what the statement cites; None where it has no words."""
    rows = [row for row, word in enumerate(statement.words) if claim.start <= word.start < claim.end]
    if not rows or not cited.words:
        return None
    words = [statement.words[row] for row in rows]
    cosines = statement.vectors[rows].astype(np.float64) @ cited.vectors.T
    starts = np.searchsorted(cited.place, np.arange(len(cited.sentences)))
    stems = [word.stem for word in statement.words]
    quoted = np.zeros(len(stems), bool)
    for start in range(len(stems) - RUN + 1):
        if tuple(stems[start : start + RUN]) in cited.runs:
            quoted[start : start + RUN] = True
    kinds = [
        1.0 if word.content or word.name else NUMBER_WEIGHT if _is_number(word) else FUNCTION_WEIGHT
        for word in words
    ]
    return Reading(
        words=tuple(words),
        quantities=tuple(found for found in statement.quantities if claim.start <= found.start < claim.end),
        cited=cited,
        cosines=cosines,
        by_sentence=np.maximum.reduceat(cosines, starts, axis=1),
        quoted=quoted[rows],
        weights=statement.rarity[rows] * np.array(kinds) + 1e-6,
        asked=frozenset(word.stem for word in question.words),
        asked_quantities=question.quantities,
    )


def describe(reading: Reading) -> Floats:
    """Give the features of a claim, shape `(len(FEATURES),)`, as named there."""
    if reading.quoted.all():
        return np.zeros(len(FEATURES))
    shares, gaps = reading.shares, reading.gaps
    missing = _missing(reading)
    outside = _outside(reading)
    pairs = list(pairwise(_telling(reading.words)))
    return np.array(
        [
            shares @ gaps,
            shares @ (gaps > 1.0 - WEAK),
            shares @ missing,
            reading.weights @ missing,
            (reading.weights * gaps) @ missing,
            shares @ outside,
            np.mean([pair not in reading.cited.pairs for pair in pairs]) if pairs else 0.0,
            1.0 - reading.quoted.mean(),
            len(missing_numbers(reading)),
            len(mismatched_units(reading)),
            len(missing_names(reading)),
            *_alignment(reading),
        ],
        float,
    )


def missing_words(reading: Reading) -> list[Word]:
    """Find the words about something that neither the text nor the question has."""
    return [word for word, missing in zip(reading.words, _missing(reading), strict=True) if missing]


def _missing(reading: Reading) -> NDArray[np.bool_]:
    known = reading.cited.stems | reading.asked
    found = [(word.content or word.name) and word.stem not in known for word in reading.words]
    return np.array(found, bool) & ~reading.quoted


def missing_names(reading: Reading) -> list[Word]:
    """Find the names that neither the text nor the question has."""
    known = reading.cited.stems | reading.asked
    return [word for word in reading.words if word.name and word.stem not in known]


def missing_numbers(reading: Reading) -> list[Quantity]:
    """Find the numbers in digits whose value neither the text nor the question has."""
    known = (*reading.cited.quantities, *reading.asked_quantities)
    return [
        found
        for found in reading.quantities
        if found.exact and not any(found.same_value(other) for other in known)
    ]


def mismatched_units(reading: Reading) -> list[Quantity]:
    """Find the numbers in digits that the text has with other units only."""
    found = []
    for quantity in reading.quantities:
        same = [other for other in reading.cited.quantities if quantity.same_value(other)]
        if quantity.exact and same and all(other.unit != quantity.unit for other in same):
            found.append(quantity)
    return found


def _outside(reading: Reading) -> NDArray[np.bool_]:
    """Tell which words the nearest sentence and the one that best completes it do not have."""
    first = reading.by_sentence[:, [reading.best]]
    second = int((reading.shares @ np.maximum(reading.by_sentence, first)).argmax())
    rows = np.flatnonzero(np.isin(reading.cited.place, [reading.best, second]))
    near = {reading.cited.words[row].stem for row in rows} | reading.asked
    return np.array([(word.content or word.name) and word.stem not in near for word in reading.words])


@dataclass(frozen=True, slots=True)
class _Aligned:
    """Where each word of a claim has its counterpart in the text."""

    rows: NDArray[np.int64]
    heights: Floats
    usable: NDArray[np.bool_]
    """Whether the word says enough for its place to be trusted."""


def _align(reading: Reading) -> _Aligned:
    cosines, words = reading.cosines, reading.cited.words
    inside = np.flatnonzero(reading.cited.place == reading.best)
    near, anywhere = inside[cosines[:, inside].argmax(axis=1)], cosines.argmax(axis=1)
    highest = cosines.max(axis=1)
    rows = np.where(cosines[:, inside].max(axis=1) >= highest - PLACE_MARGIN, near, anywhere)
    heights = np.maximum(highest, 0.0)
    usable = [
        (word.content or word.name or _is_number(word)) and (height >= MET or words[row].stem == word.stem)
        for word, row, height in zip(reading.words, rows, heights, strict=True)
    ]
    return _Aligned(rows, heights, np.array(usable))


def _alignment(reading: Reading) -> tuple[float, float, float, float]:
    aligned = _align(reading)
    opposed = [_opposition(reading, aligned, at) for at, word in enumerate(reading.words) if word.direction]
    return (
        float(sum(unmet_denials(reading, aligned))),
        float(_turned(reading)),
        max(opposed, default=0.0),
        _anchor_gap(reading),
    )


def unmet_denials(reading: Reading, aligned: _Aligned | None = None) -> list[bool]:
    """Tell of each denial whether the text denies nothing where the words it denies have their place."""
    aligned = aligned or _align(reading)
    place, denials = reading.cited.place, reading.cited.denials
    found = []
    for at, word in enumerate(reading.words):
        if word.denies:
            reached = [
                row for other, row in _within(aligned.rows, at, before=NEAR) if _tells(reading.words[other])
            ]
            found.append(
                not any(
                    place[denial] == place[row] and -NEAR <= row - denial <= REACH
                    for row in reached
                    for denial in denials
                )
            )
    return found


def _tells(word: Word) -> bool:
    return word.content or word.name or _is_number(word)


def _within(rows: NDArray[np.int64], at: int, *, before: int) -> Iterator[tuple[int, int]]:
    for other in range(max(0, at - before), min(len(rows), at + REACH + 1)):
        if other != at:
            yield other, int(rows[other])


def _turned(reading: Reading) -> bool:
    """Tell whether it compares one way while the nearest sentence compares only the other way."""
    best, cited = reading.best, reading.cited
    there = {direction for row, direction in cited.directions.items() if cited.place[row] == best}
    return bool(there) and bool({word.direction for word in reading.words} - {0} - there)


def _opposition(reading: Reading, aligned: _Aligned, at: int) -> float:
    """Give the share of the comparisons around the place of a comparison that go the other way."""
    place, directions = reading.cited.place, reading.cited.directions
    amounts = {True: 0.0, False: 0.0}
    for other, row in [*_within(aligned.rows, at, before=REACH), (at, int(aligned.rows[at]))]:
        if not aligned.usable[other]:
            continue
        for near, direction in directions.items():
            if abs(near - row) <= REACH and place[near] == place[row]:
                amount = aligned.heights[other] / (2 + abs(near - row)) / (2 + abs(other - at))
                amounts[direction == reading.words[at].direction] += float(amount)
    total = amounts[True] + amounts[False]
    return amounts[False] / total if total else 0.0


def _anchor_gap(reading: Reading) -> float:
    """Give how much worse than the nearest sentence those are that have its names and numbers; the worst."""
    late, gaps = reading.late, [0.0]
    for word in reading.words:
        if word.name or _is_number(word):
            having = reading.cited.places.get(word.stem)
            if having:
                gaps.append(float(late.max() - max(late[place] for place in having)))
    return max(gaps)
