"""Fusion: pure functions, and what holds for whatever scores they are given."""

from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.retrieval import cut, fused, min_max, ranked_again, standardise, weighted_sum

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


# Standardising, fusing over the same papers, ranking again, cutting


@given(SCORES.filter(len), st.sampled_from([0.5, 2.0, 64.0]), st.integers(-50, 50))
def test_standardise_does_not_see_scale_or_shift(scores: dict[str, float], scale: float, shift: int) -> None:
    keys = [*scores, "missing from the signal"]
    moved = {key: scale * score + shift for key, score in scores.items()}
    assert standardise(moved, keys) == pytest.approx(standardise(scores, keys), abs=1e-9)


@given(SCORES.filter(len))
def test_standardised_scores_have_mean_nothing_and_deviation_one(scores: dict[str, float]) -> None:
    values = list(standardise(scores, list(scores)).values())
    assert sum(values) == pytest.approx(0, abs=1e-9)
    spread = sum(value**2 for value in values) / len(values)
    assert spread == pytest.approx(1 if len(set(scores.values())) > 1 else 0)


@given(SCORES.filter(len))
def test_a_paper_that_a_signal_lacks_is_as_its_worst(scores: dict[str, float]) -> None:
    found = standardise(scores, [*scores, "missing"])
    assert found["missing"] == min(found.values())


def test_no_scores_and_no_keys_are_no_error() -> None:
    assert standardise({}, ["a"]) == {"a": 0.0}
    assert fused([{}, {}], (1.0, 1.0), []) == {}


@given(st.lists(SCORES, min_size=1, max_size=3), st.randoms())
def test_fusing_does_not_see_the_order_of_papers_or_signals(
    signals: list[dict[str, float]], random: Random
) -> None:
    keys = sorted({key for scores in signals for key in scores})
    weights = [1.0 + place for place in range(len(signals))]
    turned = list(zip(signals, weights, strict=True))
    random.shuffle(turned)
    mixed = random.sample(keys, len(keys))
    again = fused([scores for scores, _ in turned], [weight for _, weight in turned], mixed)
    assert again == pytest.approx(fused(signals, weights, keys), abs=1e-9)


@given(SCORES, st.integers(0, 8), st.randoms())
def test_ranking_again_turns_the_head_and_keeps_the_tail(
    scores: dict[str, float], many: int, random: Random
) -> None:
    first = weighted_sum([(1.0, scores)])
    head, tail = list(first)[:many], list(first)[many:]
    second = weighted_sum([(1.0, {key: random.random() for key in head})])
    ranking = ranked_again(first, second)
    assert list(ranking) == [*second, *tail]
    assert list(ranking.values()) == sorted(ranking.values(), reverse=True)


@given(st.lists(SCORE, max_size=8), st.integers(0, 4).map(float), st.integers(1, 9), st.integers(-50, 50))
def test_a_cut_keeps_the_best_and_does_not_see_a_shift(
    scores: list[float], gap: float, most: int, shift: int
) -> None:
    scores.sort(reverse=True)
    kept = cut(scores, gap, most)
    assert min(len(scores), 1) <= kept <= min(len(scores), most)
    assert all(scores[0] - score <= gap for score in scores[:kept])
    assert kept == most or all(scores[0] - score > gap for score in scores[kept:])
    assert cut([score + shift for score in scores], gap, most) == kept
    assert cut([score * 4 for score in scores], gap * 4, most) == kept


def test_ties_with_the_best_are_kept_up_to_the_most() -> None:
    assert cut([1.0, 1.0, 1.0, 0.5], gap=0.0, most=5) == 3
    assert cut([1.0, 1.0, 1.0, 0.5], gap=0.0, most=2) == 2
    assert cut([], gap=0.5, most=3) == 0
