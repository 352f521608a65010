"""Late interaction is a pure function of the question's and the papers' token vectors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.retrieval import LateScores, late_interaction
from assistant.retrieval.late import PASSAGE, STRIDE

Lengths = st.lists(st.integers(1, 3 * PASSAGE), min_size=1, max_size=5)
Seeds = st.integers(0, 2**32 - 1)


def scored(
    question: np.ndarray, weights: np.ndarray, papers: list[np.ndarray], titles: list[int] | None = None
) -> LateScores:
    return late_interaction(
        np.concatenate(papers) @ question.T,
        weights,
        [len(paper) for paper in papers],
        titles or [1] * len(papers),
    )


def vectors(seed: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)


def best(question: np.ndarray, weights: np.ndarray, tokens: np.ndarray) -> float:
    """The same, said plainly, for one stretch of tokens."""
    return float((tokens @ question.T).max(axis=0) @ weights)


def test_a_score_worked_out_by_hand() -> None:
    question = np.array([[1, 0], [0, 1]], np.float32)
    near = np.array([[0.9, 0.1], [0.2, 0.5]], np.float32)
    far = np.array([[0.1, 0.1]], np.float32)
    scores = scored(question, np.array([0.75, 0.25]), [near, far])
    assert scores.papers == pytest.approx([0.75 * 0.9 + 0.25 * 0.5, 0.1])
    assert scores.titles == pytest.approx([0.75 * 0.9 + 0.25 * 0.1, 0.1])


def test_no_papers_have_no_scores() -> None:
    scores = late_interaction(np.zeros((0, 3), np.float32), np.full(3, 1 / 3), [], [])
    assert scores.papers.shape == scores.passages.shape == scores.titles.shape == (0,)


@given(Seeds, Lengths)
def test_all_papers_at_once_score_as_each_by_itself(seed: int, lengths: list[int]) -> None:
    question, weights = vectors(seed, 4), np.array([0.1, 0.2, 0.3, 0.4])
    papers = [vectors(seed + 1 + place, length) for place, length in enumerate(lengths)]
    titles = [1 + seed % length for length in lengths]
    scores = scored(question, weights, papers, titles)
    assert scores.papers == pytest.approx([best(question, weights, paper) for paper in papers], abs=1e-5)
    assert scores.passages == pytest.approx(
        [
            max(
                best(question, weights, paper[start : start + PASSAGE])
                for start in range(0, len(paper), STRIDE)
            )
            for paper in papers
        ],
        abs=1e-5,
    )
    assert scores.titles == pytest.approx(
        [best(question, weights, paper[:title]) for paper, title in zip(papers, titles, strict=True)],
        abs=1e-5,
    )


@given(Seeds, Lengths)
def test_a_part_never_scores_above_its_paper(seed: int, lengths: list[int]) -> None:
    question, weights = vectors(seed, 4), np.full(4, 0.25)
    papers = [vectors(seed + 1 + place, length) for place, length in enumerate(lengths)]
    scores = scored(question, weights, papers)
    assert (scores.passages <= scores.papers + 1e-5).all()
    assert (scores.titles <= scores.papers + 1e-5).all()


@given(Seeds, Lengths)
def test_scores_depend_on_neither_the_order_of_tokens_nor_of_papers(seed: int, lengths: list[int]) -> None:
    question, weights = vectors(seed, 4), np.full(4, 0.25)
    papers = [vectors(seed + 1 + place, length) for place, length in enumerate(lengths)]
    scores = scored(question, weights, papers).papers
    turned = scored(question[::-1], weights, [paper[::-1] for paper in papers[::-1]]).papers
    assert turned[::-1] == pytest.approx(scores, abs=1e-5)


@given(Seeds)
def test_more_tokens_never_lower_a_score(seed: int) -> None:
    question, weights, paper = vectors(seed, 4), np.full(4, 0.25), vectors(seed + 1, 5)
    part, whole = scored(question, weights, [paper[:3], paper]).papers
    assert whole >= part - 1e-6


@pytest.mark.parametrize("titles", [[0, 0], [9, 9]])
def test_a_title_is_at_least_a_token_and_at_most_the_paper(titles: list[int]) -> None:
    question, weights = vectors(1, 4), np.full(4, 0.25)
    papers = [vectors(2, 5), vectors(3, 2)]
    expected = [best(question, weights, paper[: min(max(titles[0], 1), len(paper))]) for paper in papers]
    assert scored(question, weights, papers, titles or None).titles == pytest.approx(expected, abs=1e-5)
