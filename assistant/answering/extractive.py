"""The extractive reader: answers in the papers' own words, or says that they do not answer.

It needs no model but the encoder: two small logistic models choose the sentences and decide on refusal
(see `features`). Every step from evidence to answer is a pure function.
"""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assistant.answering.answer import Answer, Citation, Passage
from assistant.answering.asking import Asking
from assistant.answering.evidence import Evidence, Floats
from assistant.answering.features import (
    EVIDENCE_FEATURES,
    SENTENCE_FEATURES,
    evidence_features,
    read_together,
    sentence_features,
)
from assistant.answering.logistic import load
from assistant.retrieval import Retrieval

NAME = "extractive"
READ = 5
"""How many papers are read."""
SENTENCES = 3
"""The most sentences of an answer from one paper."""
WORDS = 100
"""The most words of an answer from one paper, unless its one sentence has more."""
LEAST = 0.03
"""The share of the likeliest sentence's probability below which another only adds words."""
REFUSAL = "The papers here do not answer this question."

_BRACKETED = re.compile(r"\[([\d,;\s\u2013-]+)\]")

ANSWERABLE = 0.45
"""The probability that the evidence answers, below which the reader refuses."""
COVERED = 0.45
"""In an index of words alone: the share of the question's words, by rarity, that the best paper must have."""


@dataclass(frozen=True, slots=True)
class Extract:
    """An answer made of sentences."""

    text: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A sentence chosen, as paper and sentence positions in the evidence."""

    paper: int
    sentence: int


def sentence_probabilities(asking: Asking, evidence: Evidence) -> Floats:
    """Give for each sentence of a paper the probability that it holds what is asked for.

    In an index of words alone, the share of the question's words takes its place.
    """
    if evidence.tokens is None:
        return evidence.overlap
    model = load("sentence", SENTENCE_FEATURES)
    return model.probability(sentence_features(asking, evidence))


def answerable(asking: Asking, question: str, evidence: Sequence[Evidence], dense: float) -> float:
    """Give the probability that the evidence bears on everything that is asked.

    Args:
        asking: what the question asks for.
        question: its text.
        evidence: the papers read, best first.
        dense: the cosine of the best paper's nearest chunk.
    """
    if not evidence or not evidence[0].sentences:
        return 0.0
    best = evidence[0]
    if best.tokens is None:
        return float(best.words.share(best.present) >= COVERED)
    row = evidence_features(asking, question, evidence, sentence_probabilities(asking, best), dense)
    return float(load("answerable", EVIDENCE_FEATURES).probability(row))


def choose(
    probabilities: Floats, lengths: Sequence[int], *, most: int = SENTENCES, words: int = WORDS
) -> list[int]:
    """Choose the likeliest sentences that fit together, in reading order.

    The likeliest is always chosen, however long it is; another only if it is not far less likely.

    Args:
        probabilities: one a sentence.
        lengths: the words of each.
        most: how many to choose at the most.
        words: how long they may be together.
    """
    chosen: list[int] = []
    left = words
    least = LEAST * probabilities.max(initial=0.0)
    for index in np.argsort(-probabilities, kind="stable"):
        if len(chosen) == most or probabilities[index] < least:
            break
        if not chosen or lengths[index] <= left:
            chosen.append(int(index))
            left -= lengths[index]
    return sorted(chosen)


def extract(asking: Asking, evidence: Sequence[Evidence]) -> Extract:
    """Answer with the best sentences: of the best paper, or of each paper that the question spans."""
    chosen = [
        Choice(paper, sentence)
        for paper, item in enumerate(read_together(asking, evidence))
        for sentence in choose(sentence_probabilities(asking, item), _lengths(item))
    ]
    return _compose(chosen, evidence)


def answer(
    found: Retrieval, asking: Asking, evidence: Sequence[Evidence], *, refused: bool, begun: float
) -> Answer:
    """Answer with the best sentences, or with the sentence of a refusal.

    Args:
        found: what was searched for and found.
        asking: what is asked for.
        evidence: the papers read, best first.
        refused: whether they do not answer.
        begun: when reading began, by `time.perf_counter`.
    """
    given = Extract(REFUSAL, ()) if refused else extract(asking, evidence)
    return Answer(
        question=found.question.text,
        text=given.text,
        refused=refused,
        reader=NAME,
        citations=given.citations,
        sources=found.hits,
        seconds={**found.seconds, "reading": time.perf_counter() - begun},
    )


def _lengths(evidence: Evidence) -> list[int]:
    return [len(sentence.text.split()) for sentence in evidence.sentences]


def _compose(chosen: Sequence[Choice], evidence: Sequence[Evidence]) -> Extract:
    """Write each sentence with its paper's marker, and number the papers as they come."""
    numbers: dict[int, int] = {}
    passages: dict[int, list[Passage]] = {}
    parts = []
    for choice in chosen:
        number = numbers.setdefault(choice.paper, len(numbers) + 1)
        sentence = evidence[choice.paper].sentences[choice.sentence]
        passages.setdefault(number, []).append(Passage(sentence.text, sentence.start, sentence.end))
        # A paper's own "[7]" is no marker of ours: in the text it stands in round brackets.
        parts.append(_BRACKETED.sub(r"(\1)", sentence.text) + f" [{number}]")
    citations = tuple(
        Citation(number, evidence[paper].hit.paper, tuple(passages[number]))
        for paper, number in numbers.items()
    )
    return Extract(" ".join(parts), citations)
