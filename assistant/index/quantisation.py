"""Token vectors made small: two bits a component, and one scale a token.

A vector is projected onto the directions in which token vectors vary most, and rotated at random, so that its
components are alike and nearly normal. Each is then one of four levels, those that lose least of a normal
variable (Max 1960, table I). A scale for each token makes its product with its own vector exact, which keeps
other products right on average, as RaBitQ does for one bit (Gao and Long 2024, section 3.2). Only what varies
is coded: the mean of all tokens is taken off before and put back after. Questions are projected but not
rounded.

`bench/train_projection.py` computes mean and directions from the shipped papers' tokens.
"""

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.index.encoder import Matrix, Vector, unit
from assistant.index.multiplying import multiply

PROJECTION = Path(__file__).parent / "projection.npz"

COMPONENTS = 256
"""Dimensions kept of the encoder's 384."""
PACKED = COMPONENTS // 4
"""Bytes that the levels of a token take."""
CODE = PACKED + 2
"""Bytes a token takes: its levels, four to a byte, and its scale as a half-precision float."""

LEVELS = np.array([-1.510, -0.4528, 0.4528, 1.510], np.float32)
"""What a component may be, in standard deviations."""
BOUNDARY = 0.9816
"""Where the inner levels end and the outer ones begin, in standard deviations."""

BLOCK = 1_024
"""Tokens that are multiplied at a time."""

Codes = NDArray[np.uint8]
"""Shape `(tokens, CODE)`."""

_OF_BYTE = LEVELS[np.arange(256)[:, None] >> np.array([0, 2, 4, 6]) & 3]
"""The four levels that each value of a byte stands for, shape `(256, 4)`."""


@cache
def _projection() -> tuple[Matrix, Vector]:
    """Give the directions, shape `(dimension, components)`, and the projected mean of all tokens."""
    with np.load(PROJECTION) as stored:
        return stored["directions"].astype(np.float32), stored["mean"].astype(np.float32)


def project(states: Matrix) -> Matrix:
    """Scale token vectors to length 1 and project them.

    Args:
        states: shape `(tokens, dimension)`, as the encoder gives them.

    Returns:
        Shape `(tokens, components)`; products of rows approximate cosines.
    """
    directions, _ = _projection()
    return multiply(unit(states), directions)


def encode(projected: Matrix) -> Codes:
    """Round projected vectors to four levels a component."""
    _, mean = _projection()
    rest = projected - mean
    edge = BOUNDARY * rest.std(axis=1, keepdims=True)
    chosen = (rest > -edge).astype(np.uint8) + (rest > 0) + (rest > edge)
    levels = LEVELS[chosen]
    scale = (rest * rest).sum(axis=1) / np.maximum((rest * levels).sum(axis=1), 1e-12)
    four = chosen.reshape(-1, PACKED, 4)
    packed = four[..., 0] | four[..., 1] << 2 | four[..., 2] << 4 | four[..., 3] << 6
    return np.hstack([packed, scale.astype("<f2")[:, None].view(np.uint8)])


def decode(codes: Codes) -> Matrix:
    """Give back projected vectors, shape `(tokens, components)`, up to the rounding."""
    _, mean = _projection()
    vectors = np.take(_OF_BYTE, codes[:, :PACKED], axis=0).reshape(-1, COMPONENTS)
    vectors *= _scales(codes)
    vectors += mean
    return vectors


def products(question: Matrix, codes: Codes) -> Matrix:
    """Multiply the vectors that codes stand for with those of a question: `decode(codes) @ question.T`.

    Scale and mean are applied to the products, of which there are fewer, and the levels are laid out in
    blocks that stay in the processor's cache.

    Args:
        question: shape `(question tokens, components)`.
        codes: shape `(tokens, CODE)`.

    Returns:
        Shape `(tokens, question tokens)`.
    """
    _, mean = _projection()
    across = np.ascontiguousarray(question.T)
    found = np.empty((len(codes), len(question)), np.float32)
    levels = np.empty((BLOCK, PACKED, 4), np.float32)
    for start in range(0, len(codes), BLOCK):
        packed = codes[start : start + BLOCK, :PACKED]
        rows = levels[: len(packed)]
        # A byte is always in the table: "clip" only spares the check.
        np.take(_OF_BYTE, packed, axis=0, out=rows, mode="clip")
        multiply(rows.reshape(-1, COMPONENTS), across, out=found[start : start + BLOCK])
    found *= _scales(codes)
    found += mean @ across
    return found


def _scales(codes: Codes) -> Matrix:
    return np.ascontiguousarray(codes[:, PACKED:]).view("<f2").astype(np.float32)
