"""Late interaction is a pure function of the question's and the papers' token vectors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.retrieval import late_interaction


def scored(question: np.ndarray, weights: np.ndarray, papers: list[np.ndarray]) -> np.ndarray:
    return late_interaction(np.concatenate(papers) @ question.T, weights, [len(paper) for paper in papers])


def vectors(seed: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)


def test_a_score_worked_out_by_hand() -> None:
    question = np.array([[1, 0], [0, 1]], np.float32)
    near = np.array([[0.9, 0.1], [0.2, 0.5]], np.float32)
    far = np.array([[0.1, 0.1]], np.float32)
    scores = scored(question, np.array([0.75, 0.25]), [near, far])
    assert scores == pytest.approx([0.75 * 0.9 + 0.25 * 0.5, 0.1])


def test_no_papers_have_no_scores() -> None:
    assert late_interaction(np.zeros((0, 3), np.float32), np.full(3, 1 / 3), []).shape == (0,)


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 6), min_size=1, max_size=5))
def test_scores_depend_on_neither_the_order_of_tokens_nor_of_papers(seed: int, lengths: list[int]) -> None:
    question, weights = vectors(seed, 4), np.full(4, 0.25)
    papers = [vectors(seed + 1 + place, length) for place, length in enumerate(lengths)]
    scores = scored(question, weights, papers)
    turned = scored(question[::-1], weights, [paper[::-1] for paper in papers[::-1]])
    assert turned[::-1] == pytest.approx(scores, abs=1e-5)


@given(st.integers(0, 2**32 - 1))
def test_more_tokens_never_lower_a_score(seed: int) -> None:
    question, weights, paper = vectors(seed, 4), np.full(4, 0.25), vectors(seed + 1, 5)
    part, whole = scored(question, weights, [paper[:3], paper])
    assert whole >= part - 1e-6
