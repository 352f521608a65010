"""What a question does must not grow with the papers that it does not find."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant import Assistant, Settings
from assistant.corpus import Listing, Reading
from assistant.errors import PaperNotFoundError
from assistant.index.encoder import Encoder
from assistant.index.finding import COMPARED
from assistant.index.index import Index
from assistant.index.ledger import State
from assistant.index.segments import damaged_files

OpenIndex = Callable[..., Index]

AT_ONCE = "EXISTS (SELECT 1 FROM papers WHERE state = 'indexed')"
"""Ends at the first paper, though SQLite calls it a scan."""


def scans(path: Path, statements: list[str]) -> list[str]:
    """Give the statements that go through all rows of a table with a row a paper."""
    connection = sqlite3.connect(path)
    found = []
    for statement in statements:
        if not statement.startswith("SELECT") or AT_ONCE in statement:
            continue
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
        if any(
            step.split()[:2] in (["SCAN", name] for name in ("papers", "token_vectors", "c")) for step in plan
        ):
            found.append(statement)
    connection.close()
    return found


def test_no_statement_of_a_question_goes_through_all_papers(
    copied_home: Path, cache: Path, encoder: Encoder
) -> None:
    index = Index(Settings(home=copied_home, cache=cache, model="extractive"), encoder=encoder)
    with Assistant(index) as assistant:
        assistant.ask("How much energy does KettleNet save?")  # what opens on first use may count
        statements: list[str] = []
        index.ledger._connection.set_trace_callback(statements.append)
        assert not assistant.ask("How much energy does KettleNet save?").refused
        index.ledger._connection.set_trace_callback(None)
        assert len(statements) > 3
        assert scans(index.home.ledger, statements) == []
        assert scans(index.home.ledger, ["SELECT state, count(*) FROM papers GROUP BY state"])


@pytest.mark.parametrize("state", [State.PENDING, State.LEAVING])
def test_what_is_unfinished_is_found_without_what_is_finished(small_index: Index, state: State) -> None:
    statements: list[str] = []
    small_index.ledger._connection.set_trace_callback(statements.append)
    assert small_index.ledger.in_state(state, 64) == []
    small_index.ledger._connection.set_trace_callback(None)
    assert len(statements) == 1
    assert scans(small_index.home.ledger, statements) == []


def test_papers_are_counted_by_state(new_index: OpenIndex) -> None:
    index = new_index(embedding="words")
    assert not any(index.ledger.has().values())
    index.ingest(Reading(listings=tuple(listing(number) for number in range(5))))
    assert index.ledger.counts() == {State.PENDING: 0, State.INDEXED: 5, State.LEAVING: 0}
    first, second, *_ = index.ledger.in_state(State.INDEXED)
    with index.ledger.transaction():
        index.ledger.mark([first], State.PENDING)
        index.ledger.mark([second], State.LEAVING)
    assert index.ledger.counts() == {State.PENDING: 1, State.INDEXED: 3, State.LEAVING: 1}
    assert all(index.ledger.has().values())


def listing(number: int, title: str = "Kettle number") -> Listing:
    return Listing(title=f"{title} {number}", text=f"It boils {number} litres.", source="a.jsonl")


def test_among_many_papers_a_misspelt_title_is_likened_to_those_that_share_words(
    new_index: OpenIndex,
) -> None:
    index = new_index(embedding="words")
    many = [listing(number) for number in range(COMPARED)]
    index.ingest(Reading(listings=(*many, listing(1, "Teapots and their lids"))))
    assert index.find("teapots and their LIDS 1").text == "It boils 1 litres."
    with pytest.raises(PaperNotFoundError, match="nearest title is 'Teapots and their lids 1'"):
        index.find("Teapots and their lid")
    with pytest.raises(PaperNotFoundError, match="No paper here"):
        index.find("Zzz")


def test_a_changed_byte_in_a_large_word_index_is_found_when_the_whole_is_read(new_index: OpenIndex) -> None:
    index = new_index(embedding="words")
    index.ingest(Reading(listings=tuple(listing(number) for number in range(20))))
    file = next(index.home.words.glob("*.idx"))
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 1
    file.write_bytes(content)
    sound: set[str] = set()
    assert damaged_files(index.home.words, sound, most=0) == []
    assert damaged_files(index.home.words, sound, most=0, whole=True) == [file.name]
    file.write_bytes(content[:-20])
    assert damaged_files(index.home.words, set(), most=0) == [file.name]
