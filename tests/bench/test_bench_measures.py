"""The measures against arithmetic by hand, and the properties of the intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation.measures import hit_rate, ndcg, recall
from bench.retrieval.measures import MEASURES, RESAMPLES, estimate, measure
from bench.retrieval.systems import reciprocal_rank_fusion


def test_measures_are_those_computed_by_hand() -> None:
    # Relevant: a (grade 2), b and c (grade 1). Found: x, a, y, b; c is missed.
    # DCG@10   = 2 / log2(2 + 1) + 1 / log2(4 + 1)                  = 1.261860 + 0.430677 = 1.692536
    # ideal    = 2 / log2(1 + 1) + 1 / log2(2 + 1) + 1 / log2(3 + 1) = 2 + 0.630930 + 0.5  = 3.130930
    # nDCG@10  = 1.692536 / 3.130930                                                       = 0.540586
    values = measure([["x", "a", "y", "b"]], [{"a": 2, "b": 1, "c": 1}])
    assert values["nDCG@10"] == pytest.approx([0.540586], abs=1e-6)
    assert values["hit@1"] == [0]
    assert values["hit@5"] == [1]
    assert values["recall@5"] == values["recall@100"] == pytest.approx([2 / 3])


def test_a_query_for_which_nothing_was_found_counts_as_nothing() -> None:
    values = measure([[], ["a"]], [{"a": 1}, {"a": 1}])
    assert values.keys() == MEASURES.keys()
    assert all(list(each) == [0, 1] for each in values.values())


PAPERS = [f"p{number}" for number in range(15)]


@given(
    st.permutations(PAPERS).flatmap(lambda papers: st.integers(0, 15).map(lambda count: papers[:count])),
    st.sets(st.sampled_from(PAPERS), min_size=1),
)
def test_measures_agree_with_the_projects_own(ranking: list[str], relevant: set[str]) -> None:
    values = measure([ranking], [dict.fromkeys(relevant, 1)])
    assert values["nDCG@10"][0] == pytest.approx(ndcg(ranking, relevant))
    assert values["hit@1"][0] == hit_rate(ranking, relevant, 1)
    assert values["hit@5"][0] == hit_rate(ranking, relevant, 5)
    assert values["recall@5"][0] == pytest.approx(recall(ranking, relevant, 5))
    assert values["recall@10"][0] == pytest.approx(recall(ranking, relevant, 10))


# Intervals


def test_an_interval_of_a_mean_has_the_width_that_theory_gives() -> None:
    # 900 values, half 0 and half 1: the standard error is 0.5 / 30, and the interval 1.96 of it either side.
    found = estimate(np.array([0.0, 1.0] * 450))
    assert found.value == 0.5
    assert found.low == pytest.approx(0.5 - 1.96 / 60, abs=0.003)
    assert found.high == pytest.approx(0.5 + 1.96 / 60, abs=0.003)


def test_an_interval_of_a_median_does_not_follow_one_slow_query() -> None:
    found = estimate(np.array([10.0] * 99 + [9_999.0]), np.median)
    assert (found.value, found.low, found.high) == (10, 10, 10)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.integers(0, 5))
def test_an_interval_holds_the_figure_and_is_the_same_every_time(values: list[float], seed: int) -> None:
    found = estimate(np.array(values), seed=seed)
    assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9
    assert found.value == pytest.approx(np.mean(values))
    assert found == estimate(np.array(values), seed=seed)


def test_the_ends_leave_out_two_and_a_half_hundredths_of_the_draws_each() -> None:
    values = np.random.default_rng(7).normal(size=40)
    draws = np.random.default_rng(3).integers(40, size=(RESAMPLES, 40))
    means = sorted(values[draw].mean() for draw in draws)
    found = estimate(values, seed=3)
    assert means[49] <= found.low <= means[50]
    assert means[1949] <= found.high <= means[1950]


# Fusion by rank


def test_fusion_by_rank_is_that_computed_by_hand() -> None:
    # a: 1/61 = 0.01639; b: 1/62 + 1/62 = 0.03226; c: 1/63 + 1/61 = 0.03227.
    assert reciprocal_rank_fusion([["a", "b", "c"], ["c", "b"]]) == ["c", "b", "a"]


@given(st.lists(st.lists(st.sampled_from(PAPERS), unique=True), max_size=3))
def test_fusion_by_rank_keeps_every_paper_once_and_one_ranking_as_it_is(rankings: list[list[str]]) -> None:
    fused = reciprocal_rank_fusion(rankings)
    assert sorted(fused) == sorted({paper for ranking in rankings for paper in ranking})
    if len(rankings) == 1:
        assert fused == rankings[0]
