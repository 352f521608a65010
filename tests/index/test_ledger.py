"""The ledger: papers, their states, and what a transaction promises."""

import sqlite3
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from assistant import HomeError, IndexMismatchError, Paper
from assistant.index.ledger import LAYOUT, Ledger, Record, State, content_hash

TEA = Paper(
    paper_id="0" * 14 + "1",
    title="Tea, or “Thé”?",
    text="Tea is hot.\n\nIt cools by 3.5 degrees a minute.",
    kind="abstract",
    published=date(2024, 2, 29),
    author_count=3,
    organization="House of Leaves",
    sources=("a.txt", "-"),
)
BARE = Paper(paper_id="0" * 14 + "2", title="bread", text="It rises.", kind="summary")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite3"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    ledger = Ledger(path)
    yield ledger
    ledger.close()


def put(ledger: Ledger, *papers: Paper, state: State = State.PENDING, shipped: bool = False) -> None:
    with ledger.transaction():
        for paper in papers:
            ledger.put(paper, shipped=shipped, state=state)


def test_a_paper_comes_back_as_it_went_in(ledger: Ledger, path: Path) -> None:
    put(ledger, TEA, BARE)
    other = Ledger(path)
    assert other.records([TEA.paper_id, BARE.paper_id, "unknown"]) == {
        TEA.paper_id: Record(TEA, shipped=False, state=State.PENDING),
        BARE.paper_id: Record(BARE, shipped=False, state=State.PENDING),
    }
    other.close()


def test_papers_are_listed_by_title_whatever_their_case(ledger: Ledger) -> None:
    put(ledger, TEA, BARE)
    assert ledger.papers() == [BARE, TEA]


def test_states_are_counted_and_a_leaving_paper_is_no_paper_any_more(ledger: Ledger) -> None:
    assert ledger.counts() == {State.PENDING: 0, State.INDEXED: 0, State.LEAVING: 0}
    put(ledger, TEA, BARE)
    (tea,) = ledger.records([TEA.paper_id]).values()
    (bare,) = ledger.records([BARE.paper_id]).values()
    with ledger.transaction():
        ledger.mark([tea], State.LEAVING)
        ledger.mark([bare], State.INDEXED)
    assert ledger.counts() == {State.PENDING: 0, State.INDEXED: 1, State.LEAVING: 1}
    assert ledger.papers() == [BARE]
    assert ledger.papers_by_id([TEA.paper_id, BARE.paper_id]) == {BARE.paper_id: BARE}
    assert [one.paper for one in ledger.in_state(State.LEAVING)] == [TEA]
    with ledger.transaction():
        ledger.erase([tea])
    assert ledger.records([TEA.paper_id]) == {}


def test_a_state_lists_the_oldest_first_and_no_more_than_asked_for(ledger: Ledger) -> None:
    put(ledger, TEA)
    put(ledger, BARE)
    assert [one.paper for one in ledger.in_state(State.PENDING, 1)] == [TEA]
    assert [one.paper for one in ledger.in_state(State.PENDING)] == [TEA, BARE]
    assert ledger.in_state(State.INDEXED) == []


def test_writing_a_paper_again_changes_all_of_it(ledger: Ledger) -> None:
    put(ledger, TEA, shipped=True)
    changed = Paper(paper_id=TEA.paper_id, title="Tea", text="Cold.", kind="summary", sources=("b",))
    put(ledger, changed, state=State.INDEXED)
    assert ledger.records([TEA.paper_id])[TEA.paper_id] == Record(changed, shipped=False, state=State.INDEXED)


def test_marking_all_and_marking_the_shipped(ledger: Ledger) -> None:
    put(ledger, TEA, state=State.INDEXED, shipped=True)
    put(ledger, BARE, state=State.INDEXED)
    with ledger.transaction():
        ledger.mark_shipped_leaving()
    assert ledger.papers() == [BARE]
    with ledger.transaction():
        ledger.mark_all(State.PENDING, among=State.INDEXED)
    assert ledger.counts() == {State.PENDING: 1, State.INDEXED: 0, State.LEAVING: 1}


# Transactions


def test_a_transaction_that_fails_leaves_nothing(ledger: Ledger, path: Path) -> None:
    put(ledger, TEA)
    boom = RuntimeError("in the middle")

    def fail() -> None:
        with ledger.transaction():
            ledger.put(BARE, shipped=False, state=State.INDEXED)
            ledger.mark_all(State.INDEXED, among=State.PENDING)
            ledger.set_fact("curated", "yes")
            raise boom

    with pytest.raises(RuntimeError):
        fail()
    other = Ledger(path)
    for one in (ledger, other):
        assert one.papers() == [TEA]
        assert one.counts()[State.PENDING] == 1
        assert one.fact("curated") is None
    other.close()


def test_others_see_a_transaction_whole_or_not_at_all(ledger: Ledger, path: Path) -> None:
    other = Ledger(path)
    with ledger.transaction():
        ledger.put(TEA, shipped=False, state=State.PENDING)
        assert other.papers() == []
        ledger.put(BARE, shipped=False, state=State.PENDING)
    assert other.papers() == [BARE, TEA]
    other.close()


def test_threads_take_turns(ledger: Ledger) -> None:
    def write(number: int) -> None:
        for step in range(10):
            with ledger.transaction():
                name = f"{number}-{step}"
                ledger.put(Paper(paper_id=name, title=name, text="…"), shipped=False, state=State.PENDING)
                ledger.advance()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ledger.papers()) == 80
    assert ledger.revision() == 80


def test_the_revision_grows_when_told_to_and_another_reader_sees_it(ledger: Ledger, path: Path) -> None:
    other = Ledger(path)
    assert (ledger.revision(), other.revision()) == (0, 0)
    with ledger.transaction():
        ledger.advance()
    assert (ledger.revision(), other.revision()) == (1, 1)
    other.close()


# Hashes


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"author_count": 9, "organization": "another", "sources": ("c",)}, True),
        ({"title": "Tea"}, False),
        ({"text": "Tea is cold."}, False),
        ({"published": date(2024, 3, 1)}, False),
        ({"published": None}, False),
    ],
)
def test_the_hash_covers_what_other_stores_hold(change: dict[str, object], *, same: bool) -> None:
    fields = {
        name: getattr(TEA, name)
        for name in (
            "paper_id",
            "title",
            "text",
            "kind",
            "published",
            "author_count",
            "organization",
            "sources",
        )
    }
    assert (content_hash(Paper(**{**fields, **change})) == content_hash(TEA)) is same


# Files that are no ledger of ours


def test_a_newer_layout_is_refused(ledger: Ledger, path: Path) -> None:
    with ledger.transaction():
        ledger.set_fact("layout", str(LAYOUT + 1))
    with pytest.raises(IndexMismatchError, match="newer version"):
        Ledger(path)


def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    content = b"this is no database, but somebody's diary\n" * 100
    path.write_bytes(content)
    with pytest.raises(HomeError, match=r"ledger\.sqlite3"):
        Ledger(path)
    assert path.read_bytes() == content


def test_a_folder_in_the_ledgers_place_is_refused(path: Path) -> None:
    path.mkdir()
    with pytest.raises(HomeError, match="ledger"):
        Ledger(path)


def test_a_closed_ledger_is_closed(path: Path) -> None:
    ledger = Ledger(path)
    ledger.close()
    with pytest.raises(sqlite3.ProgrammingError):
        ledger.papers()
