"""What a run rests on: digests that move with what they are of, and nothing secret."""

from pathlib import Path

from assistant import Assistant, Paper, Settings
from assistant.evaluation import provenance
from assistant.evaluation.questions import read_questions, shipped_questions


def test_no_two_lists_of_texts_have_one_digest() -> None:
    lists = [(), ("",), ("", ""), ("ab",), ("a", "b"), ("b", "a")]
    assert len({provenance.digest(*texts) for texts in lists}) == len(lists)


def test_papers_are_digested_whole_and_in_any_order() -> None:
    tea = Paper(paper_id="1", title="Tea", text="Hot.", sources=("a",))
    milk = Paper(paper_id="2", title="Milk", text="Cold.", sources=("a",))
    cooled = Paper(paper_id="1", title="Tea", text="Cold.", sources=("a",))
    assert provenance.of_papers([tea, milk]) == provenance.of_papers([milk, tea])
    assert provenance.of_papers([tea, milk]) != provenance.of_papers([cooled, milk])


def test_a_question_changed_in_its_facts_changes_the_digest() -> None:
    asked = read_questions(shipped_questions())
    assert provenance.of_questions(asked) != provenance.of_questions(asked[1:])


def test_the_shipped_papers_have_a_home_for_each_way_of_indexing(tmp_path: Path) -> None:
    homes = {provenance.shipped_home(Settings(cache=tmp_path, embedding=way)) for way in ("minilm", "words")}
    assert len(homes) == 2
    assert {home.parent for home in homes} == {tmp_path / "evaluation"}


def test_a_home_is_known_by_its_papers_and_its_index(assistant: Assistant) -> None:
    found = provenance.fingerprint(assistant)
    assert found == provenance.fingerprint(assistant)
    assert found["corpus"] == provenance.of_papers(assistant.papers())
    assert found["index"] != found["corpus"]


def test_a_folder_without_git_has_no_commit(tmp_path: Path) -> None:
    assert provenance.commit(tmp_path) is None
