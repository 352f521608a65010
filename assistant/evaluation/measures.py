"""The measures: pure functions of what was found or said and what is right."""

import math
import re
from collections.abc import Hashable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Self


def ndcg(ranking: Sequence[Hashable], relevant: AbstractSet[Hashable], depth: int = 10) -> float:
    """Normalised discounted cumulative gain (Järvelin and Kekäläinen 2002) for binary relevance, 0 to 1.

    A relevant item at rank r gains 1 / log2(r + 1); the sum is divided by that of an ideal ranking.

    >>> ndcg(["a", "b"], {"b"})
    0.6309297535714575
    """
    if not relevant:
        raise ValueError("nDCG is not defined without a relevant item")
    gain = sum(1.0 / math.log2(rank + 2) for rank, item in enumerate(ranking[:depth]) if item in relevant)
    return gain / sum(1.0 / math.log2(rank + 2) for rank in range(min(depth, len(relevant))))


def hit_rate(ranking: Sequence[Hashable], relevant: AbstractSet[Hashable], depth: int) -> float:
    """Tell whether a relevant item is among the first: 1.0 or 0.0."""
    return float(any(item in relevant for item in ranking[:depth]))


def recall(ranking: Sequence[Hashable], relevant: AbstractSet[Hashable], depth: int) -> float:
    """Give the share of the relevant items that are among the first, from 0 to 1."""
    if not relevant:
        raise ValueError("recall is not defined without a relevant item")
    return len(relevant & set(ranking[:depth])) / len(relevant)


def holds_fact(text: str, alternatives: Sequence[str]) -> bool:
    """Tell whether a text holds a fact: one of its alternatives occurs, in whatever case.

    One that begins with a letter begins a word there, which may go on; one that begins or ends with a
    digit is not part of a longer number.

    >>> holds_fact("It preserves 11.5% of it", ["preserv"]), holds_fact("It preserves 11.5% of it", ["1.5%"])
    (True, False)
    """
    return any(_pattern(alternative).search(text) for alternative in alternatives)


def _pattern(alternative: str) -> "re.Pattern[str]":
    before = after = ""
    if alternative[0].isalpha():
        before = r"(?<!\w)"
    elif alternative[0].isdigit():
        before = r"(?<!\d)(?<!\d[.,])"
    if alternative[-1].isdigit():
        after = r"(?!\d|[.,]\d)"
    return re.compile(before + re.escape(alternative) + after, re.IGNORECASE)


def holds_all_facts(text: str, facts: Sequence[Sequence[str]]) -> bool:
    """Tell whether a text holds every fact."""
    return all(holds_fact(text, alternatives) for alternatives in facts)


# Answered or refused


@dataclass(frozen=True, slots=True)
class AnswerTable:
    """Answers and refusals, to questions that the collection answers and that it does not."""

    answered_answerable: int = 0
    refused_answerable: int = 0
    answered_unanswerable: int = 0
    refused_unanswerable: int = 0

    @classmethod
    def of(cls, pairs: Iterable[tuple[bool, bool]]) -> Self:
        """Count pairs of whether a question was answered and whether it can be.

        >>> AnswerTable.of([(True, True), (False, True), (False, False)]).answer_rate
        0.5
        """
        counts = {(True, True): 0, (False, True): 0, (True, False): 0, (False, False): 0}
        for answered, answerable in pairs:
            counts[answered, answerable] += 1
        return cls(*counts.values())

    @property
    def answer_rate(self) -> float | None:
        """The share of the answerable questions that were answered; None where there are none."""
        return _share(self.answered_answerable, self.refused_answerable)

    @property
    def refusal_rate(self) -> float | None:
        """The share of the unanswerable questions that were refused; None where there are none."""
        return _share(self.refused_unanswerable, self.answered_unanswerable)


def _share(part: int, rest: int) -> float | None:
    return part / (part + rest) if part + rest else None
