"""Fusion: pure functions, and what holds for whatever scores they are given."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.retrieval import min_max, weighted_sum

# Scores on a grid, so that no sum is rounded and the properties hold exactly.
SCORE = st.integers(-1000, 1000).map(lambda number: number / 8)
SCORES = st.dictionaries(st.text("abcdef", min_size=1, max_size=2), SCORE)
SIGNALS = st.lists(st.tuples(st.sampled_from([0.25, 0.5, 1.0, 2.0]), SCORES), max_size=4)


@given(SCORES)
def test_min_max_keeps_the_order_and_fills_the_range(scores: dict[str, float]) -> None:
    stretched = min_max(scores)
    assert list(stretched) == list(scores)
    for (one, score), (other, another) in product(scores.items(), repeat=2):
        assert (score < another) == (stretched[one] < stretched[other])
    if scores:
        assert max(stretched.values()) == 1
        assert min(stretched.values()) == (0 if len(set(scores.values())) > 1 else 1)


@given(SCORES, st.sampled_from([0.5, 2.0, 64.0]), st.integers(-50, 50))
def test_min_max_does_not_see_scale_or_shift(scores: dict[str, float], scale: float, shift: int) -> None:
    moved = {key: scale * score + shift for key, score in scores.items()}
    assert min_max(moved) == min_max(scores)


@given(SIGNALS)
def test_a_weighted_sum_is_one_and_best_first(signals: list[tuple[float, dict[str, float]]]) -> None:
    fused = weighted_sum(signals)
    assert fused.keys() == {key for _, scores in signals for key in scores}
    for key, score in fused.items():
        assert score == sum(weight * scores.get(key, 0.0) for weight, scores in signals)
    assert list(fused.values()) == sorted(fused.values(), reverse=True)


@given(SCORES)
def test_one_signal_alone_keeps_its_order(scores: dict[str, float]) -> None:
    by_score = sorted(scores, key=lambda key: -scores[key])
    assert list(weighted_sum([(1.0, scores)])) == by_score


def test_a_paper_that_both_signals_like_beats_the_favourite_of_one() -> None:
    dense = min_max({"a": 0.9, "b": 0.8, "c": 0.1})
    words = min_max({"c": 12.0, "b": 11.0, "a": 1.0})
    assert next(iter(weighted_sum([(0.5, dense), (0.5, words)]))) == "b"


def test_ties_keep_the_order_of_the_signals() -> None:
    assert list(weighted_sum([(1.0, {"b": 1.0, "a": 1.0}), (1.0, {"c": 1.0})])) == ["b", "a", "c"]


def test_a_hand_computed_sum() -> None:
    fused = weighted_sum([(0.5, {"a": 1.0, "b": 0.5}), (0.5, {"b": 1.0, "c": 0.25})])
    assert fused == pytest.approx({"b": 0.75, "a": 0.5, "c": 0.125})
