"""The measures, against values computed by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation.measures import hit_rate, holds_all_facts, holds_fact, ndcg, recall

RANKING = st.lists(st.sampled_from("abcdefgh"), unique=True)
RELEVANT = st.sets(st.sampled_from("abcdefgh"), min_size=1)


@pytest.mark.parametrize(
    ("ranking", "relevant", "depth", "expected"),
    [
        ("a", "a", 10, 1.0),
        ("ba", "a", 10, 1 / math.log2(3)),
        ("xya", "a", 10, 0.5),
        ("xyz", "a", 10, 0.0),
        ("", "a", 10, 0.0),
        ("ab", "ab", 10, 1.0),
        # gain 1 + 1/2 of an ideal 1 + 1/log2(3)
        ("axb", "ab", 10, 1.5 / (1 + 1 / math.log2(3))),
        ("xa", "a", 1, 0.0),
        # two of three relevant ones, but only two places
        ("ab", "abc", 2, 1.0),
        ("xxxxxxxxxa", "a", 10, 1 / math.log2(11)),
    ],
)
def test_ndcg(ranking: str, relevant: str, depth: int, expected: float) -> None:
    assert ndcg(list(ranking), set(relevant), depth) == pytest.approx(expected)


@given(RANKING, RELEVANT, st.integers(1, 10))
def test_ndcg_lies_between_none_and_all(ranking: list[str], relevant: set[str], depth: int) -> None:
    score = ndcg(ranking, relevant, depth)
    assert 0 <= score <= 1 + 1e-12
    assert (score > 0) == bool(set(ranking[:depth]) & relevant) == (hit_rate(ranking, relevant, depth) == 1.0)


@given(RANKING, RELEVANT)
def test_ndcg_of_relevant_first_is_the_highest(ranking: list[str], relevant: set[str]) -> None:
    ideal = sorted(ranking, key=lambda item: item not in relevant)
    assert ndcg(ideal, relevant) >= ndcg(ranking, relevant)


@pytest.mark.parametrize(
    ("ranking", "depth", "expected"), [("abc", 1, 1.0), ("bac", 1, 0.0), ("bca", 3, 1.0), ("bc", 5, 0.0)]
)
def test_hit_rate(ranking: str, depth: int, expected: float) -> None:
    assert hit_rate(list(ranking), {"a"}, depth) == expected


@pytest.mark.parametrize(
    ("ranking", "depth", "expected"), [("abxc", 10, 0.75), ("abxc", 2, 0.5), ("xy", 10, 0.0), ("", 3, 0.0)]
)
def test_recall(ranking: str, depth: int, expected: float) -> None:
    assert recall(list(ranking), set("abcd"), depth) == expected


def test_measures_without_a_right_answer_are_not_defined() -> None:
    with pytest.raises(ValueError, match="nDCG"):
        ndcg(["a"], set())
    with pytest.raises(ValueError, match="recall"):
        recall(["a"], set(), 10)


# Facts


@pytest.mark.parametrize(
    ("text", "alternative", "holds"),
    [
        # a letter begins a word, which may go on
        ("It preserves tea.", "preserv", True),
        ("Well-preserved tea.", "preserv", True),
        ("Unpreserved tea.", "preserv", False),
        ("KETTLENET boils", "kettlenet", True),
        # a digit is not part of a longer number
        ("17.5% less", "17.5%", True),
        ("117.5% less", "17.5%", False),
        ("11.5% less", "1.5%", False),
        ("1.5% less", "1.5", True),
        ("1.55% less", "1.5", False),
        ("1.5.", "1.5", True),
        ("12,000 parameters", "12,000", True),
        ("12,000 parameters", "000", False),
        ("12,000 parameters", "12", False),
        ("12, of 40", "12", True),
        ("512x512", "512", True),
        # what is neither begins anywhere
        ("2.5× faster", "×", True),
        ("C++ (fast)", "(fast)", True),
        ("a.b", "a.b", True),
        ("aXb", "a.b", False),
        ("Größe", "größe", True),
    ],
)
def test_a_fact_is_held_as_a_word_or_a_number(text: str, alternative: str, *, holds: bool) -> None:
    assert holds_fact(text, [alternative]) is holds


def test_one_alternative_of_each_fact_is_enough() -> None:
    text = "It saves 17.5% of the energy with 12,000 parameters."
    assert holds_fact(text, ["a sixth", "17.5%"])
    assert not holds_fact(text, ["a sixth", "18%"])
    assert not holds_fact(text, [])
    assert holds_all_facts(text, [["17.5%"], ["12k", "12,000"]])
    assert not holds_all_facts(text, [["17.5%"], ["40 kettles"]])
    assert holds_all_facts(text, [])
