"""Ranking the papers of an index for a question."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from assistant.corpus import Paper
from assistant.errors import InputError
from assistant.index.index import Index
from assistant.index.quantisation import decode
from assistant.retrieval.filters import DateRange
from assistant.retrieval.fusion import min_max, standardise, weighted_sum
from assistant.retrieval.late import QuestionTokens, late_interaction

CANDIDATES = 100
"""How many chunks and how many papers each signal brings to the fusion."""

DENSE, WORDS, LATE = 0.5, 0.5, 1.0
"""Weights of the signals: the best single choice over collections of several kinds."""

LONGEST_QUESTION = 8_000
"""Characters; the encoder reads the first 512 tokens, some 2,000 characters."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A paper found, and how well it fits the question."""

    paper: Paper
    score: float
    """From 0 to 1, comparable within one search only: the best paper has 1, the last candidate 0."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question that can be asked: its text, checked, and its tokens."""

    text: str
    tokens: QuestionTokens | None
    """None in an index of words alone."""


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What a search gave, and what the reader needs to go on."""

    question: Question
    hits: tuple[Hit, ...]
    """Best first."""
    cosines: dict[str, float]
    """The dense signal of the candidates that have one: the cosine of the nearest chunk, by paper."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Time spent, by stage."""


def checked_question(text: str) -> str:
    """Fold the white space of a question.

    Raises:
        InputError: it is empty, without a letter or digit, or too long to be a question.
    """
    question = " ".join(text.split())
    if not re.search(r"\w", question):
        raise InputError("The question is empty: ask something in words.")
    if len(question) > LONGEST_QUESTION:
        raise InputError(
            f"The question has {len(question):,} characters: shorten it to {LONGEST_QUESTION:,} at the most."
        )
    return question


def retrieve(index: Index, text: str, *, limit: int = 10, dates: DateRange | None = None) -> Retrieval:
    """Rank papers by three signals: BM25, the cosine of their nearest chunk, and late interaction.

    The first two bring a hundred candidates each, the third scores them all; each is standardised over the
    same candidates, so that neither the scale of BM25 nor the narrow band of cosines decides. Papers are
    ranked and not chunks: abstracts are short, and what is read and cited is the whole paper.

    Raises:
        InputError: the question or the limit cannot be used.
    """
    question = checked_question(text)
    if limit < 1:
        raise InputError(f"A search cannot return {limit} papers: ask for at least 1.")
    dates = dates or DateRange()
    seconds: dict[str, float] = {}
    vectors, tokens = index.vectors, None
    cosines: dict[str, float] = {}
    late: dict[str, float] = {}
    many = max(CANDIDATES, limit)
    if vectors is not None:
        with _timed("encode", seconds):
            (encoding,) = index.encoder.encode([question])
            tokens = QuestionTokens.weigh(encoding, index.token_rarity)
        with _timed("dense", seconds):
            cosines = vectors.search(encoding.pooled(), many, since=dates.since, until=dates.until)
    with _timed("words", seconds):
        words = index.words.search(question, many, since=dates.since, until=dates.until)
    candidates = list(dict.fromkeys([*cosines, *words]))
    if tokens is not None:
        with _timed("late", seconds):
            codes = index.tokens.codes_of(candidates)
            scores = late_interaction(
                tokens.vectors, tokens.weights, [decode(each) for each in codes.values()]
            )
            late = dict(zip(codes, scores.tolist(), strict=True))
    with _timed("fusion", seconds):
        signals = [(DENSE, cosines), (WORDS, words), (LATE, late)]
        fused = min_max(weighted_sum([(weight, standardise(found, candidates)) for weight, found in signals]))
        # A paper may have left since it was found.
        known = index.ledger.papers_by_id(fused)
        hits = [Hit(known[key], score) for key, score in fused.items() if key in known]
    return Retrieval(Question(question, tokens), tuple(hits[:limit]), cosines, seconds)


@contextmanager
def _timed(stage: str, seconds: dict[str, float]) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - start
