"""Whether differences between two runs are a loss, or chance.

The test is a paired bootstrap clustered by paper. Each question gives a difference, now less before; papers
are drawn with replacement, each with all its questions; p is the share of the draws whose mean is as far
below the mean found as that is below zero, for then a difference of zero would have given it by chance (Efron
and Tibshirani 1993, section 16.4; Berg-Kirkpatrick et al. 2012, section 2). A bootstrap of few papers knows
no variance, so p is never less than a sign test's: one half to the power of how many papers differ at all.
The ps are corrected for testing several measures after Holm (1979). The draws begin with a fixed seed: the
same results give the same verdict.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation.bootstrap import RESAMPLES, cluster_sums, resampled_means

ALPHA = 0.05
"""How often a run that is no worse may fail, at the most."""
_ROUNDING = 1e-12

Pairs = Mapping[str, tuple[float, float]]
"""By question: the values of a measure before and now."""


@dataclass(frozen=True, slots=True)
class LossTest:
    """What the bootstrap says of the differences in one measure."""

    difference: float
    low: float
    high: float
    p: float
    adjusted: float


def loss_tests(pairs: Sequence[Pairs], clusters: Mapping[str, str]) -> list[LossTest]:
    """Test several measures for a loss, together.

    Args:
        pairs: by measure: of each question, the values before and now.
        clusters: the paper of each question; its questions are drawn together.
    """
    if not pairs:
        return []
    keys = sorted({key for pair in pairs for key in pair})
    values = np.full((len(keys), len(pairs)), np.nan)
    rows = {key: row for row, key in enumerate(keys)}
    for column, pair in enumerate(pairs):
        for key, (before, now) in pair.items():
            values[rows[key], column] = now - before
    sums, counts = cluster_sums(values, [clusters[key] for key in keys])
    drawn = resampled_means(sums, counts)
    differences = sums.sum(axis=0) / counts.sum(axis=0)
    lows, highs = np.nanquantile(drawn, (0.025, 0.975), axis=0)
    # A draw as far below the mean found as that is below zero, or further; one is added for the run itself.
    further = (drawn <= 2 * differences + _ROUNDING).sum(axis=0)
    changed = (np.abs(sums) > _ROUNDING).sum(axis=0)
    ps = np.maximum((1 + further) / (1 + RESAMPLES), 0.5**changed)
    adjusted = holm(ps)
    columns = (differences, lows, highs, ps, adjusted)
    return [LossTest(*(float(part[place]) for part in columns)) for place in range(len(pairs))]


def holm(ps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correct ps for testing several hypotheses (Holm 1979): the smallest times their number, and so on.

    >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(ps, kind="stable")
    stepped = np.minimum(1.0, np.maximum.accumulate(ps[order] * (len(ps) - np.arange(len(ps)))))
    corrected = np.empty_like(stepped)
    corrected[order] = stepped
    return corrected
