"""What an encoder gives for a text, and what the index needs of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
"""Numbers of one dimension, shape `(dimension,)`, of length 1 unless said otherwise."""

Matrix = NDArray[np.float32]
"""Vectors as rows, shape `(count, dimension)`."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """The tokens of one text and the vector that the encoder's last layer gives each in its context."""

    ids: NDArray[np.int64]
    """Shape `(tokens,)`: positions in the vocabulary; the first and the last are special tokens."""
    spans: NDArray[np.int64]
    """Shape `(tokens, 2)`: each token's start and end in the text, in characters; special ones have 0, 0."""
    states: Matrix
    """Shape `(tokens, dimension)`: the last layer, not normalised."""

    def pooled(self) -> Vector:
        """Give the text's own vector: the mean over its tokens, as MiniLM was trained, of length 1."""
        return unit(self.states.mean(axis=0))


class Encoder(Protocol):
    """Turns texts into vectors."""

    @property
    def name(self) -> str:
        """What the index remembers, so that vectors of two encoders never meet."""
        ...

    @property
    def dimension(self) -> int:
        """The length of each vector."""
        ...

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """Encode texts, in the order given; what lies beyond the encoder's window is left out."""
        ...


def unit(vectors: NDArray[np.floating]) -> Matrix:
    """Scale a vector, or each row of a matrix, to length 1; zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)
