"""Ranking the papers of an index for a question."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from assistant.corpus import Paper
from assistant.errors import InputError
from assistant.index.encoder import Encoding
from assistant.index.index import Index
from assistant.retrieval.filters import DateRange
from assistant.retrieval.fusion import min_max, weighted_sum

CANDIDATES = 100
"""How many chunks and how many papers each signal brings to the fusion."""

LONGEST_QUESTION = 8_000
"""Characters; the encoder reads the first 512 tokens, some 2,000 characters."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A paper found, and how well it fits the question."""

    paper: Paper
    score: float
    """From 0 to 1, comparable within one search only: 1 is the best of both signals."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question that can be asked: its text, checked, and the encoder's reading of it."""

    text: str
    encoding: Encoding | None
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
    """Rank papers by the sum of two signals: the cosine of their nearest chunk, and BM25.

    Each signal is stretched to the range from 0 to 1 over its best hundred first, so that neither the
    scale of BM25 nor the narrow band of cosines decides. Papers are ranked and not chunks: abstracts are
    short, and what is read and cited is the whole paper.

    Raises:
        InputError: the question or the limit cannot be used.
    """
    question = checked_question(text)
    if limit < 1:
        raise InputError(f"A search cannot return {limit} papers: ask for at least 1.")
    dates = dates or DateRange()
    seconds: dict[str, float] = {}
    vectors, encoding = index.vectors, None
    cosines: dict[str, float] = {}
    candidates = max(CANDIDATES, limit)
    if vectors is not None:
        with _timed("encode", seconds):
            (encoding,) = index.encoder.encode([question])
        with _timed("dense", seconds):
            cosines = vectors.search(encoding.pooled(), candidates, since=dates.since, until=dates.until)
    with _timed("words", seconds):
        words = index.words.search(question, candidates, since=dates.since, until=dates.until)
    with _timed("fusion", seconds):
        signals = [(0.5, min_max(cosines)), (0.5, min_max(words))] if vectors else [(1.0, min_max(words))]
        fused = weighted_sum(signals)
        # More than asked for: a paper may have left since its chunks were found.
        papers = index.ledger.papers_by_id(fused)
        hits = [Hit(papers[key], score) for key, score in fused.items() if key in papers]
    return Retrieval(Question(question, encoding), tuple(hits[:limit]), cosines, seconds)


@contextmanager
def _timed(stage: str, seconds: dict[str, float]) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - start
