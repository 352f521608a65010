"""Fusing signals: pure functions from scores to scores, keyed by paper."""

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def min_max(scores: Mapping[Key, float]) -> dict[Key, float]:
    """Stretch scores so that the lowest is 0 and the highest 1; if all are equal, each is 1.

    Unchanged by any shift or positive scale of the scores.

    >>> min_max({"a": 2.0, "b": 4.0, "c": 3.0})
    {'a': 0.0, 'b': 1.0, 'c': 0.5}
    """
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    if low == high:
        return dict.fromkeys(scores, 1.0)
    return {key: (score - low) / (high - low) for key, score in scores.items()}


def weighted_sum(signals: Sequence[tuple[float, Mapping[Key, float]]]) -> dict[Key, float]:
    """Add signals up, best first; a paper that a signal does not know gets 0 from it.

    Ties keep the order in which the signals name the papers.

    >>> weighted_sum([(1.0, {"a": 0.5, "b": 1.0}), (2.0, {"a": 1.0})])
    {'a': 2.5, 'b': 1.0}
    """
    total: dict[Key, float] = {}
    for weight, scores in signals:
        for key, score in scores.items():
            total[key] = total.get(key, 0.0) + weight * score
    return dict(sorted(total.items(), key=lambda item: -item[1]))
