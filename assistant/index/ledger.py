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

from assistant.corpus import Paper, paper_id
from assistant.errors import DamageError, HomeError, IndexMismatchError

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
CREATE INDEX IF NOT EXISTS papers_shipped ON papers (shipped) WHERE shipped = 1;
CREATE INDEX IF NOT EXISTS papers_by_hash ON papers (paper_id, content_hash);
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
    return digest(paper.title, paper.text, paper.published.isoformat() if paper.published else None)


def digest(title: str, text: str, published: str | None) -> str:
    """Digest the columns that `content_hash` is of, as they stand in the file."""
    return hashlib.sha256(json.dumps([title, text, published]).encode()).hexdigest()[:16]


class Ledger:
    """The SQLite file of a home. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Open the file, creating it and its tables where they are missing.

        Raises:
            DamageError: the file is not a ledger, or no longer one.
            HomeError: the file cannot be opened.
            IndexMismatchError: a newer version of the assistant wrote it.
        """
        self._path = path
        self._lock = threading.RLock()
        with self._told():
            self._connection = sqlite3.connect(path, timeout=30.0, check_same_thread=False)
            # A write-ahead log lets readers go on while a page is going in; FULL survives a power cut.
            self._connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;" + SCHEMA)
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
        with self._told(), self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            yield

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say in a sentence what SQLite says in a code."""
        try:
            yield
        except (sqlite3.OperationalError, sqlite3.DatabaseError) as error:
            if isinstance(error, sqlite3.ProgrammingError | sqlite3.IntegrityError):
                raise  # a mistake of ours
            raise explained(error, self._path) from error

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        """Run a statement and give its rows; one that writes belongs inside a transaction."""
        with self._told(), self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement once for each row of parameters, inside a transaction."""
        with self._told(), self._lock:
            self._connection.executemany(sql, rows)

    def within(self, paper_ids: Iterable[str], since: date | None, until: date | None) -> set[str]:
        """Choose the papers of a range of dates; those without a date are of none."""
        first, last = (since or date.min).isoformat(), (until or date.max).isoformat()
        rows = self.of_papers("SELECT paper_id, published FROM papers", paper_ids)
        return {key for key, day in rows if day is not None and first <= day <= last}

    def of_papers(self, select: str, paper_ids: Iterable[str]) -> list[Any]:
        """Run a SELECT for the rows whose `paper_id` is one of these."""
        condition = " WHERE paper_id IN (SELECT value FROM json_each(?))"
        return self.execute(select + condition, (json.dumps(list(paper_ids)),))

    def add_tables(self, schema: str) -> None:
        """Make the tables of a store that shares this database, where they are missing."""
        with self._told(), self._lock:
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

    def settled(self) -> int | None:
        """Give the revision when every paper is indexed; None while some are waiting, or leaving."""
        ((revision, waiting),) = self.execute(
            "SELECT (SELECT value FROM facts WHERE name = 'revision'), "
            "EXISTS (SELECT 1 FROM papers WHERE state != 'indexed')"
        )
        return None if waiting else int(revision or 0)

    def file_number(self) -> int:
        """Tell the file from a copy of it on the same disk."""
        return self._path.stat().st_ino

    def faults(self) -> list[str]:
        """Have SQLite go through the whole file; give what it finds wrong."""
        return [fault for (fault,) in self.execute("PRAGMA quick_check(10)") if fault != "ok"]

    def vouched(self) -> list[tuple[str, str, Record | None]]:
        """List identifier, title and record of every paper; None for one that is not what was written."""
        listed: list[tuple[str, str, Record | None]] = []
        for row in self.execute(_SELECT_HASHED + "ORDER BY rowid"):
            try:
                record, kept = _hashed(row)
            except DamageError:
                listed.append((str(row[1]), str(row[2]), None))
                continue
            sound = content_hash(record.paper) == kept and paper_id(record.paper.title) == row[1]
            listed.append((row[1], row[2], record if sound else None))
        return listed

    def counts(self) -> dict[State, int]:
        """Count the papers in each state; takes longer the more there are."""
        # Grouped by state, every page of the papers would be read: the total is that of the smallest index,
        # and the few that are not indexed have one of their own.
        ((every, waiting, leaving),) = self.execute(
            "SELECT (SELECT count(*) FROM papers), "
            "(SELECT count(*) FROM papers WHERE state != 'indexed' AND state = 'pending'), "
            "(SELECT count(*) FROM papers WHERE state != 'indexed' AND state = 'leaving')"
        )
        return {State.PENDING: waiting, State.INDEXED: every - waiting - leaving, State.LEAVING: leaving}

    def has(self) -> dict[State, bool]:
        """Tell whether there is any paper in each state, at once whatever their number."""
        (found,) = self.execute(
            "SELECT EXISTS (SELECT 1 FROM papers WHERE state != 'indexed' AND state = 'pending'), "
            "EXISTS (SELECT 1 FROM papers WHERE state = 'indexed'), "
            "EXISTS (SELECT 1 FROM papers WHERE state != 'indexed' AND state = 'leaving')"
        )
        return dict(zip((State.PENDING, State.INDEXED, State.LEAVING), map(bool, found), strict=True))

    def papers(self) -> list[Paper]:
        """List the papers of the collection, by title."""
        rows = self.execute(_SELECT + "WHERE state != 'leaving' ORDER BY title COLLATE NOCASE, paper_id")
        return [_record(row).paper for row in rows]

    def titles(self, limit: int) -> list[str]:
        """List so many titles at the most, in the order in which their papers came."""
        rows = self.execute(
            "SELECT title FROM papers WHERE state != 'leaving' ORDER BY rowid LIMIT ?", (limit,)
        )
        return [title for (title,) in rows]

    def beginning(self, digits: str, limit: int) -> list[str]:
        """Give the identifiers of papers that begin with these digits, so many at the most."""
        rows = self.execute(
            "SELECT paper_id FROM papers WHERE paper_id >= ? AND paper_id < ? AND state != 'leaving' LIMIT ?",
            (digits, digits + "g", limit),  # after the last of the digits
        )
        return [key for (key,) in rows]

    def papers_by_id(self, paper_ids: Iterable[str]) -> dict[str, Paper]:
        """Look up papers of the collection; those unknown or leaving are left out.

        Raises:
            DamageError: what is kept of one of them is not what was written.
        """
        rows = self.of_papers(_SELECT_HASHED, paper_ids)
        found = [(record, kept) for record, kept in map(_hashed, rows) if record.state is not State.LEAVING]
        for record, kept in found:
            if content_hash(record.paper) != kept:
                raise DamageError(
                    f"What the ledger keeps of {record.paper.title!r} is not what was written: "
                    "ingest its page again, and see assistant status --check."
                )
        return {record.paper.paper_id: record.paper for record, _ in found}

    def records(self, paper_ids: Iterable[str]) -> dict[str, Record]:
        """Look up records by paper, in whatever state."""
        return {row[0]: _record(row) for row in self.of_papers(_SELECT, paper_ids)}

    def in_state(self, state: State, limit: int = -1) -> list[Record]:
        """List the records in a state, oldest first."""
        # In these words SQLite knows the index, which it would not look for with a parameter alone.
        unfinished = "" if state is State.INDEXED else "state != 'indexed' AND "
        return [
            _record(row)
            for row in self.execute(
                _SELECT + f"WHERE {unfinished}state = ? ORDER BY rowid LIMIT ?", (state.value, limit)
            )
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
_SELECT_HASHED = _SELECT.replace("SELECT", "SELECT content_hash,")


def explained(error: sqlite3.Error, path: Path) -> HomeError:
    """Say in a sentence what SQLite found wrong with the ledger, and what to do."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    # A text that is no UTF-8 has no code: somebody else's bytes stand where ours were.
    undecoded = "decode to UTF-8" in str(error)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or undecoded:
        reason = "a text in it is not UTF-8" if undecoded else error
        return DamageError(
            f"The ledger of papers {path} is damaged ({reason}): assistant papers export prints the papers "
            "that can still be read, to be ingested into a new home."
        )
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return HomeError(
            f"The disk took no more of {path} ({error}): make room, and run the command again, "
            "which goes on where it was."
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return HomeError(
            f"{path} cannot be written ({error}): "
            "make it writable, or set ASSISTANT_HOME to a folder that is."
        )
    return HomeError(
        f"{path} cannot be used as the ledger of papers ({error}): "
        "try again when no other program has it open."
    )


def _hashed(row: tuple[Any, ...]) -> tuple[Record, str]:
    return _record(row[1:]), row[0]


def _record(row: tuple[Any, ...]) -> Record:
    key, title, text, kind, published, author_count, organization, sources, shipped, state = row
    try:
        paper = Paper(
            paper_id=key,
            title=title,
            text=text,
            kind=kind,
            published=date.fromisoformat(published) if published else None,
            author_count=author_count,
            organization=organization,
            sources=tuple(json.loads(sources)),
        )
        return Record(paper, bool(shipped), State(state))
    except (TypeError, ValueError) as error:
        raise DamageError(
            f"What the ledger keeps of {title!r} is not what was written ({error}): "
            "assistant papers export prints the papers that can still be read, for a new home."
        ) from error
