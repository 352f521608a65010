"""The word index: what is found, in which order, and that no question is ever syntax."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import HomeError, Paper
from assistant.corpus import paper_id
from assistant.index.ledger import Record, State
from assistant.index.words import Words, day_number


def record(title: str, text: str, published: date | None = None) -> Record:
    paper = Paper(paper_id=paper_id(title), title=title, text=text, published=published)
    return Record(paper, shipped=False, state=State.PENDING)


KETTLE = record("Kettles", "A kettle boils water, and another kettle boils more.", date(2021, 3, 4))
GLACIER = record("Glaciers", "A glacier is frozen water.", date(2022, 12, 31))
CAFE = record("Cafés", "Naïve baristas are retrained.", date(2023, 1, 1))
UNDATED = record("Undated water", "Water again.")
ALL = (KETTLE, GLACIER, CAFE, UNDATED)


@pytest.fixture
def words(tmp_path: Path) -> Words:
    words = Words(tmp_path / "words")
    words.replace(ALL)
    return words


def found(words: Words, question: str, limit: int = 10, **bounds: Any) -> list[Record]:
    by_id = {one.paper.paper_id: one for one in ALL}
    return [by_id[key] for key in words.search(question, limit, **bounds)]


def test_scores_are_positive_and_best_first(words: Words) -> None:
    scores = list(words.search("kettle water", 10).values())
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)
    assert min(scores) > 0
    assert found(words, "kettle water")[0] == KETTLE


@pytest.mark.parametrize("question", ["boiling", "BOILS", "cafe barista", "café", "retraining"])
def test_case_accents_and_endings_do_not_matter(words: Words, question: str) -> None:
    assert len(found(words, question)) == 1


def test_titles_count_as_words(words: Words) -> None:
    assert found(words, "glaciers") == [GLACIER]


def test_a_rare_word_outweighs_a_common_one(words: Words) -> None:
    assert found(words, "water retrained")[0] == CAFE
    assert words.rarity("retrain") > words.rarity("water") > 0
    assert words.rarity("unheard") > words.rarity("retrain")


def test_stems_are_the_words_of_the_index(words: Words) -> None:
    assert words.stems("Boiling NAÏVE kettles!") == ["boil", "naiv", "kettl"]


def test_the_best_few_are_given(words: Words) -> None:
    assert len(found(words, "water", 2)) == 2
    assert found(words, "water", 2) == found(words, "water")[:2]


def test_identifiers_with_leading_zeros_and_of_the_highest_bits_come_back(tmp_path: Path) -> None:
    words = Words(tmp_path)
    names = ["000000000000001", "00abcdef0123456", "fffffffffffffff"]
    words.replace(
        Record(Paper(paper_id=name, title=name, text="tea"), shipped=False, state=State.PENDING)
        for name in names
    )
    assert sorted(words.search("tea", 10)) == names


# Dates


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({"since": date(2022, 1, 1)}, [GLACIER]),
        ({"since": date(2022, 12, 31)}, [GLACIER]),
        ({"since": date(2023, 1, 1)}, []),
        ({"until": date(2022, 12, 30)}, [KETTLE]),
        ({"until": date(2022, 12, 31)}, [GLACIER, KETTLE]),
        ({"since": date(2021, 3, 4), "until": date(2021, 3, 4)}, [KETTLE]),
    ],
)
def test_dates_bound_the_search_and_leave_out_the_undated(
    words: Words, bounds: dict[str, Any], expected: list[Record]
) -> None:
    hits = found(words, "water", **bounds)
    assert sorted(hits, key=repr) == sorted(expected, key=repr)


def test_a_bound_does_not_change_the_scores(words: Words) -> None:
    free = words.search("kettle water", 10)
    bounded = words.search("kettle water", 10, since=date(2000, 1, 1))
    assert bounded == pytest.approx({key: free[key] for key in bounded})


@given(st.dates(), st.dates())
def test_day_numbers_are_ordered_as_days_are(one: date, other: date) -> None:
    assert (one < other) == (day_number(one) < day_number(other))


# Questions that look like something else


@pytest.mark.parametrize(
    "question",
    [
        'water AND NOT "kettle',
        "words:water^10 +kettle -glacier",
        "title:[* TO *] || water (((",
        "water~2 /regex.*/ {a TO z}",
        "'; DROP TABLE papers; -- water",
        "\\ \" ' ` $ % * ? water",
        "\x00 \ud7ff water \U0001f9a3",
    ],
)
def test_syntax_in_a_question_is_only_words(words: Words, question: str) -> None:
    hits = found(words, question)
    # Nothing is excluded, nothing boosted: the papers with any of the words, as plain words give them.
    assert {GLACIER.paper.title, UNDATED.paper.title} <= {hit.paper.title for hit in hits}
    assert hits == found(words, " ".join(words.stems(question)))


@pytest.mark.parametrize("question", ["", "   ", "?!…", "🫖", "*", '""'])
def test_a_question_without_a_word_finds_nothing(words: Words, question: str) -> None:
    assert found(words, question) == []


_OPEN: list[Words] = []


@pytest.fixture(scope="module", autouse=True)
def _words_for_hypothesis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    words = Words(tmp_path_factory.mktemp("words"))
    words.replace(ALL)
    _OPEN.append(words)
    yield
    _OPEN.clear()


@given(st.text(max_size=60))
def test_no_question_breaks_the_search(question: str) -> None:
    scores = _OPEN[0].search(question, 10)
    assert scores.keys() <= {one.paper.paper_id for one in ALL}


def test_a_word_asked_many_times_counts_once(words: Words) -> None:
    assert words.search("kettle " * 5000 + "water", 10) == words.search("kettle water", 10)


# Writing


def test_replacing_leaves_one_copy_and_removing_none(words: Words) -> None:
    changed = record("Kettles", "Now about toasters.", date(2021, 3, 4))
    words.replace([changed])
    assert words.count() == 4
    assert found(words, "boils") == []
    assert list(words.search("toaster", 10)) == [KETTLE.paper.paper_id]
    words.replace([changed, CAFE], leaving=True)
    assert words.count() == 2
    assert found(words, "toaster barista") == []


def test_what_another_wrote_is_seen_after_reloading(words: Words, tmp_path: Path) -> None:
    other = Words(tmp_path / "words")
    new = record("Doorbells", "They ring.")
    words.replace([new])
    assert other.search("ring", 10) == {}
    other.reload()
    assert list(other.search("ring", 10)) == [new.paper.paper_id]


def test_a_file_in_the_folders_place_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "words").write_text("not a folder")
    with pytest.raises(HomeError, match="--rebuild"):
        Words(tmp_path / "words")


def test_a_commit_that_died_is_made_again(words: Words) -> None:
    # A process that dies between the two leaves the file of deletions, and the list from before.
    folder, list_before = words._folder, (words._folder / "meta.json").read_bytes()
    (gone, *_) = found(words, "kettle")
    before = words.count()
    words.replace([gone], leaving=True)
    assert list(folder.glob("*.del"))
    (folder / "meta.json").write_bytes(list_before)
    again = Words(folder)
    assert again.count() == before
    again.replace([gone], leaving=True)
    assert again.count() == before - 1
    assert gone not in found(again, "kettle")
