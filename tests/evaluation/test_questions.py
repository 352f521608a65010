"""Question files: what is read, what is named as wrong, and which questions are asked."""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.corpus import paper_id
from assistant.errors import InputError
from assistant.evaluation.choosing import cluster, of_suites, sampled, since
from assistant.evaluation.questions import (
    ALL_SUITES,
    MOST_FLAWS,
    CuratedQuestion,
    QuestionsError,
    load_conversations,
    question_from,
    read_questions,
    shipped_questions,
)

SINGLE = {"id": "s", "suite": "single", "question": "Tea?", "titles": ["On Tea"], "facts": [["hot"]]}
SHIPPED = read_questions(shipped_questions())


def flaws(tmp_path: Path, *lines: str) -> list[str]:
    path = tmp_path / "mine.jsonl"
    path.write_text("\n".join(lines))
    with pytest.raises(QuestionsError) as caught:
        read_questions([path])
    return [flaw.replace(f"{path}, ", "") for flaw in caught.value.flaws]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"question": " "}, "question: is empty."),
        ({"question": 5}, "question: input should be a valid string."),
        ({"titles": []}, "titles: has too few in it."),
        ({"titles": ["a", "b"]}, "titles: has too many in it."),
        ({"facts": [["hot"], []]}, "facts 2: has too few in it."),
        ({"facts": [["hot", ""]]}, "facts 1 2: is empty."),
        ({"fact": []}, "fact: is no field of the suite single."),
        ({"suite": "double"}, f"suite: is 'double', and not one of {', '.join(ALL_SUITES)}."),
        ({"suite": "unanswerable", "facts": None}, "titles: is no field of the suite unanswerable."),
        ({"suite": "multi"}, "titles: has too few in it."),
        ({"suite": "false-premise"}, "wrong: is missing, and the suite false-premise has it."),
        ({"suite": "chat"}, "turns: is missing, and the suite chat has it."),
    ],
)
def test_what_is_wrong_with_a_line_is_said(tmp_path: Path, change: dict[str, object], said: str) -> None:
    assert f"line 1: {said}" in flaws(tmp_path, json.dumps({**SINGLE, **change}))


def test_every_bad_line_is_named_and_not_the_first_alone(tmp_path: Path) -> None:
    good = json.dumps(SINGLE)
    found = flaws(tmp_path, "{", good, "[]", "", '{"id": "x"}', good)
    assert [flaw.partition(":")[0] for flaw in found] == ["line 1", "line 3", "line 5", "line 6"]
    assert found[0].startswith("line 1: is no JSON (")
    assert found[1] == "line 3: is no JSON object."
    assert found[2] == f"line 5: suite: is missing: write one of {', '.join(ALL_SUITES)}."
    assert found[3].startswith("line 6: id: 's' is taken by ")


def test_a_file_of_something_else_is_not_read_to_its_end(tmp_path: Path) -> None:
    found = flaws(tmp_path, *["{"] * (MOST_FLAWS + 500))
    assert len(found) == MOST_FLAWS + 1
    assert found[-1].endswith(f"is not read beyond line {MOST_FLAWS}: this is hardly a question file.")


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n\n")
    (tmp_path / "latin.jsonl").write_bytes("é".encode("latin-1"))
    for name, said in (
        ("empty.jsonl", "holds no question"),
        ("latin.jsonl", "is not UTF-8"),
        ("none.jsonl", "cannot be read"),
    ):
        with pytest.raises(InputError, match=said):
            read_questions([tmp_path / name])


def test_a_conversation_is_its_turns_in_order(tmp_path: Path) -> None:
    turns = [{"question": "Tea?", "titles": ["On Tea"]}, {"question": "And milk?"}]
    (tmp_path / "chat.jsonl").write_text(json.dumps({"id": "c", "suite": "chat", "turns": turns}))
    ((first, second),) = load_conversations(tmp_path)
    assert (first.question_id, second.question_id, second.conversation) == ("c.1", "c.2", "c")
    assert (first.answerable, second.answerable) == (True, False)
    assert cluster((first, second)) == paper_id("On Tea")


def test_the_shipped_questions_are_valid_and_say_what_a_report_shows() -> None:
    assert len(SHIPPED) == 604
    assert sum(map(len, SHIPPED)) == 664
    for dialogue in SHIPPED:
        for question in dialogue:
            assert bool(question.wrong) == bool(question.right) == (question.suite == "false-premise")
            assert bool(question.why) == (question.suite == "unanswerable")
            assert question_from(json.loads(json.dumps(_fields(question)))) == question


def _fields(question: CuratedQuestion) -> dict[str, object]:
    return {name: getattr(question, name) for name in CuratedQuestion.__slots__}


# Which of them


def test_suites_are_chosen_by_name() -> None:
    chosen = of_suites(SHIPPED, ["topic", "chat"])
    assert [dialogue[0].suite for dialogue in chosen] == ["topic"] * 25 + ["chat"] * 20
    with pytest.raises(InputError, match="no questions of the suite 'topics': choose from single, multi"):
        of_suites(SHIPPED, ["topics"])


@given(st.integers(1, 700), st.integers(0, 5))
def test_a_sample_is_that_many_and_the_same_again(size: int, seed: int) -> None:
    drawn = sampled(SHIPPED, size, seed)
    assert len(drawn) == min(size, len(SHIPPED))
    assert drawn == sampled(SHIPPED, size, seed)
    places = [SHIPPED.index(dialogue) for dialogue in drawn]
    assert places == sorted(set(places))


def test_a_sample_is_spread_over_the_suites_and_differs_by_seed() -> None:
    drawn = sampled(SHIPPED, 60, 0)
    counts = [sum(dialogue[0].suite == suite for dialogue in drawn) for suite in ALL_SUITES]
    for count, whole in zip(counts, (439, 40, 25, 60, 20, 20), strict=True):
        assert abs(count - whole * 60 / 604) <= 1
    assert drawn != sampled(SHIPPED, 60, 1)


def test_since_keeps_what_is_about_new_papers_alone() -> None:
    def about(*titles: str) -> tuple[CuratedQuestion, ...]:
        return (CuratedQuestion(question_id=str(titles), suite="multi", question="?", titles=titles),)

    published = {
        paper_id("Old"): date(2020, 1, 1),
        paper_id("New"): date(2024, 1, 1),
        paper_id("Undated"): None,
    }
    asked = [about("Old"), about("New"), about("New", "Old"), about("Undated"), about("Absent"), about()]
    assert since(asked, date(2024, 1, 1), published) == [about("New")]
    assert since(asked, date(2024, 1, 2), published) == []
    assert since(asked, date(2020, 1, 1), published) == [about("Old"), about("New"), about("New", "Old")]
