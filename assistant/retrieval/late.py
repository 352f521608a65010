"""Late interaction: every token of a question looks for its best match in a paper.

MaxSim of ColBERT (Khattab and Zaharia 2020, equation 3), with two changes: each token of the question counts
by its rarity in the collection, and the vectors are those of an encoder trained for whole texts.
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
        weights = rarity[encoding.ids[real]] * np.where(_of_function_words(question, spans), FUNCTION_WORD, 1)
        return cls(project(encoding.states[real]), spans, weights / max(weights.sum(), 1e-12))


def _of_function_words(text: str, spans: NDArray[np.int64]) -> NDArray[np.bool_]:
    starts = [match.start() for match in _WORD.finditer(text) if match.group().casefold() in FUNCTION_WORDS]
    return np.isin(spans[:, 0], starts)


def late_interaction(products: Matrix, weights: Floats, lengths: Sequence[int]) -> Floats:
    """Score papers: the weighted mean over the question's tokens of the best product with a paper's tokens.

    Args:
        products: shape `(tokens of all papers, question tokens)`, paper after paper.
        weights: shape `(question tokens,)`, summing to 1.
        lengths: how many tokens each paper has, at least one.

    Returns:
        Shape `(papers,)`; the order of a paper's tokens does not matter.
    """
    if not lengths:
        return np.zeros(0)
    starts = np.cumsum([0, *lengths[:-1]])
    return np.asarray(np.maximum.reduceat(products, starts, axis=0) @ weights, np.float64)
