"""The ledger: the one store that is not derived. It says which papers there are and which are indexed.

A paper is written here first, as pending, and marked indexed once every other store holds it; one that
leaves is marked leaving first and erased last. Whatever moment a process dies at, what is left to do can
be read off the states.
"""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from assistant.corpus import Paper
from assistant.errors import HomeError, IndexMismatchError

LAYOUT = 1
"""Raised when the tables change, so that an older version refuses a newer file."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS papers (
    paper_id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    kind TEXT NOT NULL,
    published TEXT,
    author_count INTEGER,
    organization TEXT,
    sources TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    shipped INTEGER NOT NULL,
    state TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS papers_by_state ON papers (state) WHERE state != 'indexed';
"""


class State(StrEnum):
    """Where a paper stands between the ledger and the other stores."""

    PENDING = "pending"
    INDEXED = "indexed"
    LEAVING = "leaving"


@dataclass(frozen=True, slots=True)
class Record:
    """A paper with what only the ledger knows of it."""

    paper: Paper
    shipped: bool
    """Whether it is here only because the repository ships it."""
    state: State


def content_hash(paper: Paper) -> str:
    """Digest all that the other stores hold of a paper; equal digests need no indexing."""
    held = [paper.title, paper.text, paper.published.isoformat() if paper.published else None]
    return hashlib.sha256(json.dumps(held).encode()).hexdigest()[:16]


class Ledger:
    """The SQLite file of a home. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Open the file, creating it and its tables where they are missing.

        Raises:
            HomeError: the file cannot be opened, or is not a ledger.
            IndexMismatchError: a newer version of the assistant wrote it.
        """
        self._path = path
        self._lock = threading.RLock()
        try:
            self._connection = sqlite3.connect(path, timeout=30.0, check_same_thread=False)
            # A write-ahead log lets readers go on while a page is going in; FULL survives a power cut.
            self._connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;" + SCHEMA)
        except sqlite3.Error as error:
            raise HomeError(f"{path} cannot be used as the ledger of papers ({error}).") from error
        layout = self.fact("layout")
        if layout is None:
            with self.transaction():
                self.set_fact("layout", str(LAYOUT))
        elif int(layout) > LAYOUT:
            raise IndexMismatchError(
                f"{path.parent} was written by a newer version: upgrade the assistant, or use another home."
            )

    def close(self) -> None:
        """Close the file; using the ledger afterwards is an error."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make the writes inside one step: all of them are on disk afterwards, or none."""
        with self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            yield

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        """Run a statement and give its rows; one that writes belongs inside a transaction."""
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement once for each row of parameters, inside a transaction."""
        with self._lock:
            self._connection.executemany(sql, rows)

    def of_papers(self, select: str, paper_ids: Iterable[str]) -> list[Any]:
        """Run a SELECT for the rows whose `paper_id` is one of these."""
        condition = " WHERE paper_id IN (SELECT value FROM json_each(?))"
        return self.execute(select + condition, (json.dumps(list(paper_ids)),))

    def add_tables(self, schema: str) -> None:
        """Make the tables of a store that shares this database, where they are missing."""
        with self._lock:
            self._connection.executescript(schema)

    def fact(self, name: str) -> str | None:
        """Look up a fact about the index as a whole."""
        rows = self.execute("SELECT value FROM facts WHERE name = ?", (name,))
        return rows[0][0] if rows else None

    def set_fact(self, name: str, value: str) -> None:
        """Record a fact about the index as a whole; call it inside a transaction."""
        self.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def revision(self) -> int:
        """Count the changes to what can be found; a reader that sees it move opens the stores again."""
        return int(self.fact("revision") or 0)

    def counts(self) -> dict[State, int]:
        """Count the papers in each state."""
        found = dict(self.execute("SELECT state, count(*) FROM papers GROUP BY state"))
        return {state: found.get(state.value, 0) for state in State}

    def papers(self) -> list[Paper]:
        """List the papers of the collection, by title."""
        rows = self.execute(_SELECT + "WHERE state != 'leaving' ORDER BY title COLLATE NOCASE, paper_id")
        return [_record(row).paper for row in rows]

    def papers_by_id(self, paper_ids: Iterable[str]) -> dict[str, Paper]:
        """Look up papers of the collection; those unknown or leaving are left out."""
        found = self.records(paper_ids)
        return {paper_id: held.paper for paper_id, held in found.items() if held.state is not State.LEAVING}

    def records(self, paper_ids: Iterable[str]) -> dict[str, Record]:
        """Look up records by paper, in whatever state."""
        return {row[0]: _record(row) for row in self.of_papers(_SELECT, paper_ids)}

    def in_state(self, state: State, limit: int = -1) -> list[Record]:
        """List the records in a state, oldest first."""
        return [
            _record(row)
            for row in self.execute(_SELECT + "WHERE state = ? ORDER BY rowid LIMIT ?", (state.value, limit))
        ]

    def put(self, paper: Paper, *, shipped: bool, state: State) -> None:
        """Write a paper, new or changed; call it inside a transaction."""
        values = (
            paper.title,
            paper.text,
            paper.kind,
            paper.published.isoformat() if paper.published else None,
            paper.author_count,
            paper.organization,
            json.dumps(paper.sources, ensure_ascii=False),
            content_hash(paper),
            int(shipped),
            state.value,
            paper.paper_id,
        )
        self.execute(
            """INSERT INTO papers (title, text, kind, published, author_count, organization, sources,
                                   content_hash, shipped, state, paper_id)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
               ON CONFLICT (paper_id) DO UPDATE SET
                   title = excluded.title, text = excluded.text, kind = excluded.kind,
                   published = excluded.published, author_count = excluded.author_count,
                   organization = excluded.organization, sources = excluded.sources,
                   content_hash = excluded.content_hash, shipped = excluded.shipped,
                   state = excluded.state""",
            values,
        )

    def mark(self, records: Iterable[Record], state: State) -> None:
        """Move papers to another state; call it inside a transaction."""
        self.execute_many(
            "UPDATE papers SET state = ? WHERE paper_id = ?",
            [(state.value, record.paper.paper_id) for record in records],
        )

    def mark_all(self, state: State, *, among: State) -> None:
        """Move every paper of one state to another; call it inside a transaction."""
        self.execute("UPDATE papers SET state = ? WHERE state = ?", (state.value, among.value))

    def mark_shipped_leaving(self) -> None:
        """Let every paper go that only the repository brought; call it inside a transaction."""
        self.execute("UPDATE papers SET state = 'leaving' WHERE shipped = 1")

    def erase(self, records: Iterable[Record]) -> None:
        """Forget papers that every other store has forgotten; call it inside a transaction."""
        self.execute_many(
            "DELETE FROM papers WHERE paper_id = ?", [(record.paper.paper_id,) for record in records]
        )

    def advance(self) -> None:
        """Tell readers that what can be found has changed; call it inside a transaction."""
        self.set_fact("revision", str(self.revision() + 1))


_SELECT = (
    "SELECT paper_id, title, text, kind, published, author_count, organization, sources, shipped, state "
    "FROM papers "
)


def _record(row: tuple[Any, ...]) -> Record:
    paper_id, title, text, kind, published, author_count, organization, sources, shipped, state = row
    paper = Paper(
        paper_id=paper_id,
        title=title,
        text=text,
        kind=kind,
        published=date.fromisoformat(published) if published else None,
        author_count=author_count,
        organization=organization,
        sources=tuple(json.loads(sources)),
    )
    return Record(paper, bool(shipped), State(state))
