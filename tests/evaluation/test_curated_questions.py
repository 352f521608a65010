"""The curated questions as they are shipped."""

import json
from pathlib import Path

import pytest

from assistant.corpus import normalised_title, read_sources
from assistant.evaluation.questions import SUITES, CuratedQuestion, load_suite
from assistant.resources import resource

SIZES = {"single": 439, "multi": 40, "topic": 25, "unanswerable": 60, "false-premise": 20}


@pytest.mark.parametrize(("suite", "size"), SIZES.items())
def test_every_suite_is_read_whole(suite: str, size: int) -> None:
    questions = load_suite(suite)
    assert len(questions) == size
    assert len({question.question_id for question in questions}) == size
    assert {question.suite for question in questions} == {suite}
    assert all(question.question.strip() for question in questions)


def test_the_suites_are_those() -> None:
    assert set(SUITES) == SIZES.keys()


def test_only_what_cannot_be_answered_names_no_paper() -> None:
    for suite in SUITES:
        for question in load_suite(suite):
            assert bool(question.titles) == (suite != "unanswerable"), question


def test_single_questions_name_one_paper_and_its_facts() -> None:
    questions = load_suite("single")
    assert {question.kind for question in questions} == {"named", "described"}
    assert all(len(question.titles) == 1 for question in questions)
    assert all(question.facts and all(question.facts) for question in questions)


def test_the_shipped_papers_hold_every_title_that_is_asked_for() -> None:
    shipped = {
        normalised_title(listing.title)
        for listing in read_sources([resource("corpus/papers.jsonl")]).listings
    }
    assert len(shipped) == 439
    for suite in SUITES:
        for question in load_suite(suite):
            assert {normalised_title(title) for title in question.titles} <= shipped, question


def test_a_suite_of_ones_own(tmp_path: Path) -> None:
    line = {
        "id": "x1",
        "suite": "single",
        "question": "Tea?",
        "titles": ["On Tea"],
        "facts": [["hot", "warm"]],
    }
    (tmp_path / "mine.jsonl").write_text(f"{json.dumps(line)}\n\n")
    assert load_suite("mine", tmp_path) == [
        CuratedQuestion(
            question_id="x1", suite="single", question="Tea?", titles=("On Tea",), facts=(("hot", "warm"),)
        )
    ]
