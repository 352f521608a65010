"""The measures: pure functions of what was found or said and what is right."""

import math
import re
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Self

from assistant.answering.answer import Usage
from assistant.answering.citations import MARKER


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


def facts_found(text: str, facts: Sequence[Sequence[str]]) -> float:
    """Give the share of the facts that a text holds, from 0 to 1.

    >>> facts_found("It saves 17.5%.", [["17.5%"], ["12,000", "12k"]])
    0.5
    """
    if not facts:
        raise ValueError("a share of facts is not defined without a fact")
    return sum(holds_fact(text, alternatives) for alternatives in facts) / len(facts)


# Citations


def citations_valid(
    numbers: Iterable[int], cited: Mapping[int, Hashable], known: Collection[Hashable]
) -> float:
    """Give the share of an answer's citations that exist, from 0 to 1.

    Counted are the numbers in its markers and those it lists; one exists where it is listed, with a paper
    that the collection holds.

    >>> citations_valid([1, 2, 3], {1: "tea", 2: "coffee"}, {"tea"})
    0.3333333333333333

    Args:
        numbers: those in the answer's markers.
        cited: the papers listed, by number.
        known: the papers of the collection.
    """
    every = {*numbers, *cited}
    if not every:
        raise ValueError("a share of citations is not defined without a citation")
    return sum(number in cited and cited[number] in known for number in every) / len(every)


def citation_precision(cited: AbstractSet[Hashable], relevant: AbstractSet[Hashable]) -> float:
    """Give the share of the papers cited that a full answer cites, from 0 to 1."""
    if not cited:
        raise ValueError("precision is not defined without a citation")
    return len(cited & relevant) / len(cited)


def citation_recall(cited: AbstractSet[Hashable], relevant: AbstractSet[Hashable]) -> float:
    """Give the share of the papers a full answer cites that are cited, from 0 to 1."""
    if not relevant:
        raise ValueError("recall is not defined without a paper to cite")
    return len(cited & relevant) / len(relevant)


@dataclass(frozen=True, slots=True)
class Support:
    """What bears a sentence out: all that it cites, each citation alone, and the others without it."""

    whole: bool
    """Whether all that it cites, together, bears it out; false where it cites nothing."""
    alone: tuple[bool, ...] = ()
    """By citation: whether it alone does."""
    without: tuple[bool, ...] = ()
    """By citation: whether the others together do."""


def sentence_citation_recall(sentences: Sequence[Support]) -> float:
    """Give the share of the sentences that what they cite bears out (ALCE: Gao et al. 2023, section 3).

    A sentence counts where it cites something and the concatenation of all that it cites entails it.
    """
    if not sentences:
        raise ValueError("the recall of citations is not defined without a sentence")
    return sum(sentence.whole for sentence in sentences) / len(sentences)


def sentence_citation_precision(sentences: Sequence[Support]) -> float:
    """Give the share of all citations that their sentences need (ALCE: Gao et al. 2023, section 3).

    A citation counts where its sentence is borne out and it is not irrelevant; it is irrelevant where it
    does not bear the sentence out alone, and the others do without it.

    >>> sentence_citation_precision([Support(True, (True, False), (False, True))])
    0.5
    """
    counted = [
        sentence.whole and (alone or not without)
        for sentence in sentences
        for alone, without in zip(sentence.alone, sentence.without, strict=True)
    ]
    if not counted:
        raise ValueError("the precision of citations is not defined without a citation")
    return sum(counted) / len(counted)


def faithfulness(claims: Sequence[bool]) -> float:
    """Give the share of an answer's claims that are borne out (as Ragas: Es et al. 2023, section 3).

    Args:
        claims: of all sentences, whether the cited papers bear each out.
    """
    if not claims:
        raise ValueError("faithfulness is not defined without a claim")
    return sum(claims) / len(claims)


# What it took


def words(text: str) -> float:
    """Count the words of an answer, without markers.

    >>> words("Tea cools. [1] Kettles whistle [2].")
    4.0
    """
    return float(len(re.findall(r"\w[^\s]*", MARKER.sub(" ", text))))


def tokens(usage: Usage) -> float:
    """Count the tokens that a model read and wrote for an answer."""
    return float(usage.input_tokens + usage.output_tokens)


# Answered or refused


def right_to_answer(*, answered: bool, answerable: bool) -> float:
    """Tell whether what can be answered was answered, and what cannot was refused: 1.0 or 0.0."""
    return float(answered == answerable)


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
