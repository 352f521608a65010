"""Fusing signals: pure functions from scores to scores, keyed by paper."""

import math
from collections.abc import Hashable, Mapping, Sequence
from statistics import fmean
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def standardise(scores: Mapping[Key, float], keys: Sequence[Key]) -> dict[Key, float]:
    """Shift and scale the scores of these keys to mean 0 and deviation 1, or to 0 if all are equal.

    A key without a score gets the lowest of the scores that there are: a signal that lists only its best
    has not found it worse than that, and not better. Unchanged by any shift or positive scale.

    >>> standardise({"a": 2.0, "b": 4.0}, ["a", "b"])
    {'a': -1.0, 'b': 1.0}
    """
    if not scores:
        return dict.fromkeys(keys, 0.0)
    lowest = min(scores.values())
    values = [scores.get(key, lowest) for key in keys]
    middle = fmean(values)
    # Of equal values the mean may be a rounding off, and the spread with it.
    equal = min(values, default=0.0) == max(values, default=0.0)
    spread = 0.0 if equal else math.sqrt(fmean((value - middle) ** 2 for value in values))
    return {
        key: (value - middle) / spread if spread else 0.0 for key, value in zip(keys, values, strict=True)
    }


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


def fused(
    signals: Sequence[Mapping[Key, float]], weights: Sequence[float], keys: Sequence[Key]
) -> dict[Key, float]:
    """Add up signals standardised over the same papers, best first.

    >>> fused([{"a": 2.0, "b": 4.0}, {"b": 1.0, "a": 3.0}], (1.0, 0.5), ["a", "b"])
    {'b': 0.5, 'a': -0.5}
    """
    return weighted_sum(
        [(weight, standardise(scores, keys)) for weight, scores in zip(weights, signals, strict=True)]
    )


def ranked_again(first: Mapping[Key, float], second: Mapping[Key, float]) -> dict[Key, float]:
    """Rank the best of a ranking anew; the rest of it follows, in its order and below.

    Args:
        first: a ranking, best first.
        second: new scores for the papers at its head, best first.

    >>> ranked_again({"a": 3.0, "b": 2.0, "c": 1.5}, {"b": 9.0, "a": 8.0})
    {'b': 9.0, 'a': 8.0, 'c': 7.5}
    """
    head = [score for key, score in first.items() if key in second]
    if not head:
        return dict(first)
    lowest = min(second.values())
    fall = min(head) - lowest
    # Rounding may not lift an equal score above those ranked anew.
    tail = {key: min(score - fall, lowest) for key, score in first.items() if key not in second}
    return {**second, **tail}


def cut(scores: Sequence[float], gap: float, most: int) -> int:
    """Tell how many of the best belong together: those within a gap of the very best.

    Unchanged by any shift of the scores; a scale changes it as it changes the gap.

    Args:
        scores: best first.
        gap: how far below the best is too far.
        most: how many at the most.

    Returns:
        From 1 to `most`, or 0 without scores.

    >>> cut([0.9, 0.8, 0.3, 0.2], gap=0.25, most=4)
    2
    """
    return sum(scores[0] - score <= gap for score in scores[:most])
