"""Retrieval over the small library: the right paper first, within the limits asked for."""

from collections.abc import Callable
from datetime import date

import pytest

from assistant import Assistant, InputError, Paper
from assistant.corpus import Listing, Reading, paper_id
from assistant.index.index import Index
from assistant.retrieval import DateRange, checked_question, retrieve
from assistant.retrieval.search import LONGEST_QUESTION

Titled = Callable[[str], Paper]


@pytest.mark.parametrize(
    ("question", "beginning"),
    [
        ("How much energy does KettleNet save?", "KettleNet"),
        ("boiling water with less electricity", "KettleNet"),
        ("How long does it take a seaman to make out a beacon on the coast?", "Do Lighthouses"),
        ("forecasting avalanches", "SnowCast"),
        ("Which method speeds up simulating ice sheets?", "GlacierFlow"),
        ("reverberation in an empty basin", "The Acoustics"),
        ("baking bread with wild yeast", "Sourdough"),
        ("DOORBELLS for the deaf", "A Survey of Doorbells"),
    ],
)
def test_the_paper_asked_for_comes_first(
    small_index: Index, titled: Titled, question: str, beginning: str
) -> None:
    hits = retrieve(small_index, question).hits
    assert hits[0].paper == titled(beginning)


def test_a_question_that_begins_with_a_thousand_dots_is_searched(small_index: Index) -> None:
    found = retrieve(small_index, f"{'.' * 1_000} KettleNet")
    assert found.question.tokens is None
    assert any(hit.paper.title.startswith("KettleNet") for hit in found.hits)


def test_scores_fall_from_at_most_one_and_no_paper_comes_twice(small_index: Index) -> None:
    hits = retrieve(small_index, "photographs of tea and of bridges", limit=12).hits
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert len({hit.paper.paper_id for hit in hits}) == len(hits) == 12


def test_a_paper_that_is_best_by_both_signals_scores_one(small_index: Index) -> None:
    assert retrieve(small_index, "KettleNet kettle energy").hits[0].score == pytest.approx(1.0)


@pytest.mark.parametrize("limit", [1, 3, 12])
def test_the_limit_cuts_the_same_ranking(small_index: Index, limit: int) -> None:
    every = retrieve(small_index, "photographs", limit=100).hits
    assert len(every) == 12
    assert retrieve(small_index, "photographs", limit=limit).hits == every[:limit]


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(assistant: Assistant, limit: int) -> None:
    with pytest.raises(InputError, match="at least 1"):
        assistant.search("tea", limit=limit)


# Questions that are none


@pytest.mark.parametrize("question", ["", "   \n\t ", "?!", "…", "🫖"])
def test_an_empty_question_is_refused(assistant: Assistant, question: str) -> None:
    for ask in (assistant.search, assistant.ask):
        with pytest.raises(InputError, match="empty"):
            ask(question)


def test_a_question_too_long_is_refused_with_its_length(assistant: Assistant) -> None:
    with pytest.raises(InputError, match="100,000 characters"):
        assistant.ask("tea " * 24_999 + "cups")


def test_the_longest_question_is_still_asked(assistant: Assistant) -> None:
    question = ("kettle " * 2000)[:LONGEST_QUESTION].strip()
    assert len(assistant.search(question)) == 10


def test_white_space_in_a_question_is_folded() -> None:
    assert checked_question("  What \n\t is  tea? ") == "What is tea?"


@pytest.mark.parametrize("question", ["質問", "7", "_"])
def test_a_letter_of_any_script_or_a_digit_is_a_question(assistant: Assistant, question: str) -> None:
    assert len(assistant.search(question, limit=3)) == 3


@pytest.mark.parametrize(
    "question",
    ["title:kettle AND (", '"unclosed', "'; DROP TABLE papers; --", "a\x00b kettle", "<|endoftext|>"],
)
def test_syntax_in_a_question_is_harmless(assistant: Assistant, question: str) -> None:
    assert len(assistant.search(question, limit=100)) == 12
    assert len(assistant.papers()) == 12


# Dates


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2024", None),
        (None, "2020"),
        ("2022-07-19", "2022-10"),
        ("2024-02-29", "2024-02-29"),
        (date(2023, 1, 5), date(2023, 12, 1)),
    ],
)
def test_only_papers_of_the_range_are_found(
    assistant: Assistant, since: str | date | None, until: str | date | None
) -> None:
    bounds = DateRange.parse(since, until)
    first, last = bounds.since or date.min, bounds.until or date.max
    expected = {
        paper.title for paper in assistant.papers() if paper.published and first <= paper.published <= last
    }
    found = assistant.search("a photograph of a network in water", limit=100, since=since, until=until)
    assert 0 < len(expected) < 10
    assert {hit.paper.title for hit in found} == expected


def test_a_range_without_papers_finds_none_and_refuses(assistant: Assistant) -> None:
    assert assistant.search("kettle", since="2030") == []
    answer = assistant.ask("How much energy does KettleNet save?", since="2030")
    assert answer.refused
    assert (answer.sources, answer.citations) == ((), ())


def test_a_bad_date_is_refused(assistant: Assistant) -> None:
    with pytest.raises(InputError, match="'soon' is no date"):
        assistant.search("kettle", since="soon")


# Other indexes


def test_words_alone_rank_too(new_index: Callable[..., Index], library: Reading, titled: Titled) -> None:
    index = new_index(embedding="words")
    index.ingest(library)
    found = retrieve(index, "How much energy does KettleNet save?")
    assert found.hits[0].paper == titled("KettleNet")
    assert found.hits[0].score == 1.0
    assert found.question.tokens is None
    assert found.cosines == {}
    # Without a shared word nothing is found.
    assert retrieve(index, "zygote").hits == ()


def test_every_chunk_of_a_long_paper_counts_and_the_paper_comes_once(
    new_index: Callable[..., Index],
) -> None:
    index = new_index()
    text = "Kettles boil water in the hall every day. " * 100 + "Nightingales sing at dusk."
    listings = (
        Listing(title="On Kettles", text=text, source="a"),
        Listing(title="On Doors", text="Doors open and close.", source="a"),
    )
    index.ingest(Reading(listings=listings))
    hits = retrieve(index, "birds singing in the evening").hits
    assert hits[0].paper.paper_id == paper_id("On Kettles")
    assert len(hits) == 2


def test_what_was_spent_is_told_by_stage(small_index: Index) -> None:
    seconds = retrieve(small_index, "kettle").seconds
    assert {"encode", "dense", "words", "fusion"} <= seconds.keys()
    assert all(spent >= 0 for spent in seconds.values())
