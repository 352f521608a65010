"""Late interaction: every token of a question looks for its best match in a paper.

MaxSim of ColBERT (Khattab and Zaharia 2020, equation 3), with three changes: each token of the question
counts by its rarity in the collection, the vectors are those of an encoder trained for whole texts, and
beside the paper its best passage and its title are scored by themselves.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.index.encoder import Encoding, Matrix
from assistant.index.function_words import FUNCTION_WORDS
from assistant.index.quantisation import project
from assistant.index.tokens import worded

Floats = NDArray[np.float64]

FUNCTION_WORD = 0.5
"""What a function word counts of its rarity: questions are rare among abstracts, and so are their words."""

PASSAGE, STRIDE = 32, 8
"""Tokens of a passage, about a sentence, and from one passage's start to the next one's."""

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class QuestionTokens:
    """The tokens of a question, without the special ones and the punctuation."""

    vectors: Matrix
    """Shape `(tokens, components)`: projected as the papers' are, but not rounded."""
    spans: NDArray[np.int64]
    """Shape `(tokens, 2)`: where each begins and ends in the question."""
    weights: Floats
    """Shape `(tokens,)`: how much each counts, summing to 1."""

    @classmethod
    def weigh(cls, question: str, encoding: Encoding, rarity: Floats) -> "QuestionTokens":
        """Weigh each token by its rarity, those of function words by half of it.

        Args:
            question: the text.
            encoding: what the encoder made of it.
            rarity: each token's inverse document frequency, shape `(vocabulary,)`.
        """
        real = worded(question, encoding)
        spans = encoding.spans[real]
        weights = rarity[encoding.ids[real]] * np.where(of_function_words(question, spans), FUNCTION_WORD, 1)
        return cls(project(encoding.states[real]), spans, weights / max(weights.sum(), 1e-12))


def of_function_words(text: str, spans: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which tokens, by their places in a text, are function words."""
    starts = [match.start() for match in _WORD.finditer(text) if match.group().casefold() in FUNCTION_WORDS]
    return np.isin(spans[:, 0], starts)


@dataclass(frozen=True, slots=True)
class LateScores:
    """How well papers meet a question, by three readings of them; each of shape `(papers,)`."""

    papers: Floats
    """Over all tokens of a paper."""
    passages: Floats
    """Over its best stretch of `PASSAGE` tokens: what is asked for often stands together."""
    titles: Floats
    """Over its title alone."""


def late_interaction(
    products: Matrix, weights: Floats, lengths: Sequence[int], titles: Sequence[int]
) -> LateScores:
    """Score papers: the weighted mean over the question's tokens of the best product with a paper's tokens.

    Args:
        products: shape `(tokens of all papers, question tokens)`, paper after paper.
        weights: shape `(question tokens,)`, summing to 1.
        lengths: how many tokens each paper has, at least one.
        titles: how many of them, from the first, are its title's; of a paper without any, the first counts.
    """
    if not lengths:
        return LateScores(np.zeros(0), np.zeros(0), np.zeros(0))
    sizes = np.asarray(lengths)
    starts = np.cumsum(sizes) - sizes
    blocks, first = _block_maxima(products, starts, sizes)
    whole = np.maximum.reduceat(blocks, first, axis=0) @ weights
    passages = np.maximum.reduceat(_passage_maxima(blocks, first) @ weights, first)
    heads = np.clip(titles, 1, sizes)
    offsets = np.cumsum(heads) - heads
    of_titles = products[np.arange(heads.sum()) + np.repeat(starts - offsets, heads)]
    of_titles = np.maximum.reduceat(of_titles, offsets, axis=0) @ weights
    return LateScores(*(np.asarray(scores, np.float64) for scores in (whole, passages, of_titles)))


def _block_maxima(
    products: Matrix, starts: NDArray[np.int64], sizes: NDArray[np.int64]
) -> tuple[Matrix, NDArray[np.int64]]:
    """Give the maxima over blocks of `STRIDE` tokens, and which block is each paper's first."""
    counts = -(-sizes // STRIDE)
    first = np.cumsum(counts) - counts
    within = np.arange(counts.sum()) - np.repeat(first, counts)
    return np.maximum.reduceat(products, np.repeat(starts, counts) + STRIDE * within, axis=0), first


def _passage_maxima(blocks: Matrix, first: NDArray[np.int64]) -> Matrix:
    """Give the maxima over the `PASSAGE` tokens from each block on, within its paper."""
    last = np.append(first[1:], len(blocks)) - 1
    ends = np.repeat(last, np.diff(np.append(first, len(blocks))))
    maxima = blocks
    for step in range(1, PASSAGE // STRIDE):
        maxima = np.maximum(maxima, blocks[np.minimum(np.arange(len(blocks)) + step, ends)])
    return maxima
