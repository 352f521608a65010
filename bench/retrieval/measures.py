"""From rankings to figures: measures from ir-measures, intervals from a bootstrap over queries."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ir_measures
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MEASURES: dict[str, Any] = {
    "nDCG@10": ir_measures.nDCG @ 10,
    "hit@1": ir_measures.Success @ 1,
    "hit@5": ir_measures.Success @ 5,
    "recall@5": ir_measures.R @ 5,
    "recall@10": ir_measures.R @ 10,
    "recall@100": ir_measures.R @ 100,
}
"""By the names they are printed under."""

RESAMPLES = 2_000
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its interval of confidence."""

    value: float
    low: float
    high: float


def measure(rankings: Sequence[Sequence[str]], relevant: Sequence[Mapping[str, int]]) -> dict[str, Floats]:
    """Measure rankings.

    Args:
        rankings: papers by query, best first.
        relevant: grades by query and paper.

    Returns:
        By measure, one value a query, from 0 to 1; shape `(queries,)`.
    """
    qrels = {str(query): dict(grades) for query, grades in enumerate(relevant)}
    # trec_eval ranks by score and has its own order for ties: descending whole numbers leave it no choice.
    run = {
        str(query): {paper: float(len(ranking) - rank) for rank, paper in enumerate(ranking)}
        for query, ranking in enumerate(rankings)
    }
    names = {wanted: name for name, wanted in MEASURES.items()}
    values = {name: np.zeros(len(rankings)) for name in MEASURES}
    for found in ir_measures.iter_calc(list(names), qrels, run):
        values[names[found.measure]][int(found.query_id)] = found.value
    return values


def estimate(values: Floats, statistic: Callable[..., Any] = np.mean, *, seed: int = 0) -> Estimate:
    """Give a statistic of values and its percentile interval (Efron and Tibshirani 1993, chapter 13).

    The resamples depend on nothing but the seed and the number of values, so that the intervals of several
    searches over the same queries come from the same draws.

    Args:
        values: one a query, shape `(queries,)`, at least one.
        statistic: takes an array and `axis`.
        seed: of the draws.
    """
    draws = np.random.default_rng(seed).integers(len(values), size=(RESAMPLES, len(values)))
    spread = statistic(values[draws], axis=1)
    low, high = np.quantile(spread, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(statistic(values, axis=0)), float(low), float(high))
