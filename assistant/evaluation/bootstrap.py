"""The bootstrap over clusters: how far a mean would move had other papers been asked about."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2_000
SEED = 20_260_101
"""Fixed, so that the same results give the same verdict."""

_AT_ONCE = 4_000_000
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
    drawn = [
        np.divide(weights @ sums, total, out=np.full(total.shape, np.nan), where=total > 0)
        for weights in _weights(len(sums), resamples, seed)
        for total in [weights @ counts]
    ]
    return np.concatenate(drawn) if drawn else np.empty((0, sums.shape[1]))


def _weights(clusters: int, resamples: int, seed: int) -> Iterator[Floats]:
    """Give how often each cluster is in each draw, some draws at a time."""
    generator = np.random.default_rng(seed)
    step = max(1, _AT_ONCE // max(1, clusters))
    for start in range(0, resamples if clusters else 0, step):
        size = min(step, resamples - start)
        drawn = generator.integers(clusters, size=(size, clusters))
        drawn += np.arange(size)[:, None] * clusters
        yield np.bincount(drawn.ravel(), minlength=size * clusters).reshape(size, clusters).astype(np.float64)
