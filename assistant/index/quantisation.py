"""Token vectors made small: projected to fewer dimensions, one byte each.

The projection keeps the directions in which token vectors vary most (principal components, not centred, of
the shipped papers' tokens; `bench/train_projection.py` computes them), so that the product of two projected
vectors is close to the cosine of the two it was made from. Questions are projected but not rounded.
"""

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.index.encoder import Matrix, unit

PROJECTION = Path(__file__).parent / "projection.npz"

COMPONENTS = 64
"""Dimensions kept of the encoder's 384."""

Codes = NDArray[np.int8]
"""Shape `(tokens, components)`: projected token vectors, each component in steps of its own size."""


@cache
def _projection() -> tuple[Matrix, NDArray[np.float32]]:
    with np.load(PROJECTION) as stored:
        return stored["components"].astype(np.float32), stored["step"].astype(np.float32)


def project(states: Matrix) -> Matrix:
    """Scale token vectors to length 1 and project them.

    Args:
        states: shape `(tokens, dimension)`, as the encoder gives them.

    Returns:
        Shape `(tokens, components)`.
    """
    components, _ = _projection()
    return unit(states) @ components


def encode(projected: Matrix) -> Codes:
    """Round projected vectors to one byte a component; what lies beyond 127 steps is cut to it."""
    _, step = _projection()
    return np.asarray(np.clip(np.rint(projected / step), -127, 127), np.int8)


def decode(codes: Codes) -> Matrix:
    """Give back the projected vectors, up to half a step."""
    _, step = _projection()
    return codes.astype(np.float32) * step
