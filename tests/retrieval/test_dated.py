"""The nearest papers of a range of dates: the same by whichever way they are found."""

from datetime import date

import pytest

from assistant.index.encoder import Encoder, Vector
from assistant.index.index import Index
from assistant.index.vectors import Vectors
from assistant.retrieval import DateRange, dated, retrieve
from assistant.retrieval.dated import nearest

QUESTION = "How much energy does KettleNet save?"
RANGES = [
    DateRange.parse("2022"),
    DateRange.parse(None, "2022"),
    DateRange.parse("2021", "2023"),
    DateRange.parse("1990", "1991"),
]


@pytest.fixture
def vector(encoder: Encoder) -> Vector:
    (encoding,) = encoder.encode([QUESTION])
    return encoding.pooled()


@pytest.fixture
def vectors(small_index: Index) -> Vectors:
    assert small_index.vectors is not None
    return small_index.vectors


@pytest.fixture
def without_condition(vectors: Vectors, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many chunks each search looks for, none of which has a condition."""
    counts: list[int] = []
    search = vectors.search

    def unbounded(vector: Vector, limit: int) -> dict[str, float]:
        counts.append(limit)
        return search(vector, limit)

    monkeypatch.setattr(dated, "SMALL", 0)
    monkeypatch.setattr(vectors, "search", unbounded)
    return counts


@pytest.mark.parametrize("dates", RANGES)
def test_all_of_a_few_are_compared(
    small_index: Index, vectors: Vectors, vector: Vector, without_condition: list[int], dates: DateRange
) -> None:
    expected = Vectors.search(vectors, vector, 100, since=dates.since, until=dates.until)
    found = nearest(small_index, vectors, vector, 100, dates)
    assert found == pytest.approx(expected, abs=1e-5)
    assert list(found) == list(expected)
    assert list(nearest(small_index, vectors, vector, 1, dates)) == list(expected)[:1]
    assert without_condition == []


@pytest.mark.parametrize("dates", RANGES[:3])
def test_of_many_the_nearest_are_looked_for_whatever_their_date(
    small_index: Index,
    vectors: Vectors,
    vector: Vector,
    without_condition: list[int],
    monkeypatch: pytest.MonkeyPatch,
    dates: DateRange,
) -> None:
    monkeypatch.setattr(dated, "FEW", 0)
    expected = Vectors.search(vectors, vector, 100, since=dates.since, until=dates.until)
    assert expected
    found = nearest(small_index, vectors, vector, 3, dates)
    assert found == pytest.approx(dict(list(expected.items())[:3]), abs=1e-5)
    assert without_condition[0] < dated.MOST


def test_more_are_looked_for_where_the_nearest_are_of_other_dates(
    small_index: Index,
    vectors: Vectors,
    vector: Vector,
    without_condition: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dated, "FEW", 0)
    monkeypatch.setattr(dated, "SPARE", 0.1)
    dates = DateRange.parse("2022")  # and KettleNet is of 2021
    found = nearest(small_index, vectors, vector, 3, dates)
    assert list(found) == list(Vectors.search(vectors, vector, 100, since=dates.since))[:3]
    assert without_condition == [1, dated.MOST]
    monkeypatch.setattr(dated, "MOST", 2)
    without_condition.clear()
    assert len(nearest(small_index, vectors, vector, 2, dates)) < 2
    assert without_condition == [1, 2]


def test_a_small_collection_is_asked_with_a_condition(
    small_index: Index, vectors: Vectors, vector: Vector
) -> None:
    dates = DateRange.parse("2022")
    expected = vectors.search(vector, 5, since=dates.since)
    assert nearest(small_index, vectors, vector, 5, dates) == expected


def test_a_search_gives_the_same_papers_by_each_way(
    small_index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    dates = DateRange.parse("2021", "2023")
    titles = []
    for small, few in ((1_000, 0), (0, 1_000), (0, 0)):
        monkeypatch.setattr(dated, "SMALL", small)
        monkeypatch.setattr(dated, "FEW", few)
        titles.append([hit.paper.title for hit in retrieve(small_index, QUESTION, dates=dates).hits])
    assert titles[0] == titles[1] == titles[2]
    assert titles[0]


def test_dates_are_counted_and_listed(small_index: Index) -> None:
    papers = {paper.paper_id: paper.published for paper in small_index.ledger.papers()}
    since, until = date(2021, 1, 1), date(2022, 12, 31)
    expected = {key for key, day in papers.items() if day is not None and since <= day <= until}
    assert 0 < len(expected) < len(papers)
    assert small_index.words.count_within(since, until) == len(expected)
    assert set(small_index.words.within(since, until, 100)) == expected
    assert len(small_index.words.within(since, until, 1)) == 1
    assert small_index.ledger.within(papers, since, until) == expected
    assert small_index.ledger.within(list(papers)[:1], None, None) <= set(papers)
    undated = {key for key, day in papers.items() if day is None}
    assert small_index.ledger.within(papers, None, None) == papers.keys() - undated
    assert small_index.words.count_within(None, None) == len(papers) - len(undated)
