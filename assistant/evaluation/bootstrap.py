"""The bootstrap over clusters: how far a mean would move had other papers been asked about."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2_000
SEED = 20_260_101
"""Fixed, so that the same results give the same verdict."""

_AT_ONCE = 2_000_000
"""Weights held in memory at a time."""

Floats = NDArray[np.float64]


def cluster_sums(values: Floats, clusters: Sequence[str]) -> tuple[Floats, Floats]:
    """Add values up by cluster.

    Args:
        values: one row a question and one column a measure; NaN where there is no number.
        clusters: the cluster of each row.

    Returns:
        The sums and the counts of the numbers, one row a cluster and one column a measure.
    """
    _, places = np.unique(np.asarray(clusters, dtype=object).astype(str), return_inverse=True)
    shape = (int(places.max(initial=-1)) + 1, values.shape[1])
    sums, counts = np.zeros(shape), np.zeros(shape)
    there = ~np.isnan(values)
    np.add.at(sums, places, np.where(there, values, 0.0))
    np.add.at(counts, places, there.astype(np.float64))
    return sums, counts


def resampled_means(sums: Floats, counts: Floats, *, resamples: int = RESAMPLES, seed: int = SEED) -> Floats:
    """Draw as many clusters as there are, with replacement, again and again, and average each draw.

    A cluster is drawn whole, so that questions on one paper stay together (Davison and Hinkley 1997,
    section 3.8). The mean of a draw is the sum of its values by their count.

    Args:
        sums: of the values, one row a cluster and one column a measure.
        counts: of the values, alike.
        resamples: how many draws.
        seed: of the random numbers.

    Returns:
        One row a draw and one column a measure; NaN where a draw holds no number of a measure.
    """
    if not len(sums):
        return np.empty((0, sums.shape[1]))
    step = max(1, _AT_ONCE // len(sums))
    both = np.concatenate([sums, counts], axis=1)
    drawn = []
    for start in range(0, resamples, step):
        weights = _weights(len(sums), min(step, resamples - start), seed, start)
        values, totals = np.split(weights @ both, 2, axis=1)
        drawn.append(np.divide(values, totals, out=np.full(totals.shape, np.nan), where=totals > 0))
    return np.concatenate(drawn)


@lru_cache(maxsize=4)  # the suites of a run, and one run after another, draw from as many clusters
def _weights(clusters: int, size: int, seed: int, start: int) -> Floats:
    """Give how often each cluster is in each of some draws."""
    generator = np.random.default_rng([seed, start])
    drawn = generator.integers(clusters, size=(size, clusters)) + np.arange(size)[:, None] * clusters
    return np.bincount(drawn.ravel(), minlength=size * clusters).reshape(size, clusters).astype(np.float64)
