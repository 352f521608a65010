"""Ranking the papers of an index for a question."""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import islice

import numpy as np

from assistant.corpus import Paper
from assistant.errors import InputError
from assistant.index.index import Index
from assistant.index.quantisation import products
from assistant.index.tokens import PaperTokens
from assistant.retrieval.dated import nearest
from assistant.retrieval.filters import DateRange
from assistant.retrieval.fusion import fused, min_max, ranked_again
from assistant.retrieval.late import QuestionTokens, late_interaction

CHUNKS, MATCHES = 200, 1_000
"""How many chunks the vectors, and how many papers the words bring to the fusion."""
RERANKED = 40
"""How many of them, the best by those two, late interaction ranks again: more find no more."""

SPARE = 10
"""How many papers are looked up beyond the limit."""

DENSE, WORDS, LATE, PASSAGE, TITLE = 0.4, 0.25, 1.0, 0.4, 0.1
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
    """None in an index of words alone, and where the encoder's window holds nothing but punctuation."""


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
    # Half of a character, as a name on a command line may hold, is shown as a question mark.
    question = " ".join(text.encode("utf-8", "replace").decode().split())
    if not re.search(r"\w", question):
        raise InputError("The question is empty: ask something in words.")
    if len(question) > LONGEST_QUESTION:
        raise InputError(
            f"The question has {len(question):,} characters: shorten it to {LONGEST_QUESTION:,} at the most."
        )
    return question


def retrieve(index: Index, text: str, *, limit: int = 10, dates: DateRange | None = None) -> Retrieval:
    """Rank papers by three signals: BM25, the cosine of their nearest chunk, and late interaction.

    The first two bring the candidates, and the third, which scores a paper, its best passage and its title,
    ranks the best of them again. Signals are standardised over the same candidates, so that neither the scale
    of BM25 nor the narrow band of cosines decides. Papers are ranked and not chunks: abstracts are short, and
    what is read and cited is the whole paper.

    Raises:
        InputError: the question or the limit cannot be used.
    """
    question = checked_question(text)
    if limit < 1:
        raise InputError(f"A search cannot return {limit} papers: ask for at least 1.")
    dates = dates or DateRange()
    bounds = asdict(dates)
    seconds: dict[str, float] = {}
    index.expect_encoder()
    vectors, tokens = index.vectors, None
    cosines: dict[str, float] = {}
    words: dict[str, float] | None = None
    """None until somebody has ranked by them: a server, in the same request, or this home."""
    if vectors is not None:
        with _timed("encode", seconds):
            (encoding,) = index.encoder.encode([question])
            asked = QuestionTokens.weigh(question, encoding, index.token_rarity)
            tokens = asked if len(asked.weights) else None
        with _timed("dense", seconds):
            vector, count = encoding.pooled(), max(CHUNKS, limit)
            if vectors.ranks_words:
                cosines, words = vectors.search_with_words(vector, question, count, **bounds)
            else:
                cosines = nearest(index, vectors, vector, count, dates)
    if words is None:
        with _timed("words", seconds):
            words = index.words.search(question, max(MATCHES, limit), **bounds)
    signals = [cosines, words]
    with _timed("fusion", seconds):
        ranking = fused(signals, (1.0, 1.0), list(dict.fromkeys([*cosines, *words])))
    if tokens is not None:
        best = list(ranking)[:RERANKED]
        with _timed("late", seconds):
            signals += _late(index.tokens.of(best), tokens)
        ranking = ranked_again(ranking, fused(signals, (DENSE, WORDS, LATE, PASSAGE, TITLE), best))
    with _timed("papers", seconds):
        # A paper may have left since it was found: those beyond the limit take its place.
        first = dict(islice(min_max(ranking).items(), limit + SPARE))
        known = index.ledger.papers_by_id(first)
        hits = [Hit(known[key], score) for key, score in first.items() if key in known]
    return Retrieval(Question(question, tokens), tuple(hits[:limit]), cosines, seconds)


def _late(papers: Mapping[str, PaperTokens], question: QuestionTokens) -> list[dict[str, float]]:
    """Score papers, their passages and their titles by their token vectors, all in one product."""
    if not papers:
        return [{}, {}, {}]
    codes = [tokens.codes for tokens in papers.values()]
    scores = late_interaction(
        products(question.vectors, np.concatenate(codes)),
        question.weights,
        [len(each) for each in codes],
        [tokens.title_length for tokens in papers.values()],
    )
    return [
        dict(zip(papers, each.tolist(), strict=True))
        for each in (scores.papers, scores.passages, scores.titles)
    ]


@contextmanager
def _timed(stage: str, seconds: dict[str, float]) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - start
