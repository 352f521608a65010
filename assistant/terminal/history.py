"""Conversations kept in a small SQLite file in the home, readable by its owner alone.

An answer is written in one transaction when it is there: whatever happens to the terminal, a conversation
in the file has whole questions with their answers. What is kept is what was said; never a key, a setting
or the environment.
"""

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import HomeError, InputError

if TYPE_CHECKING:
    from assistant.answering.conversation import Exchange
    from assistant.corpus import Paper

FILE = "conversations.sqlite3"
PATIENCE = 10.0
"""Seconds to wait for another chat that is writing."""

_TABLES = """
CREATE TABLE IF NOT EXISTS conversations (
    id INTEGER PRIMARY KEY AUTOINCREMENT, begun TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS exchanges (
    id INTEGER PRIMARY KEY, conversation INTEGER NOT NULL REFERENCES conversations(id),
    asked TEXT NOT NULL, question TEXT NOT NULL, exchange TEXT NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A conversation in the list."""

    number: int
    begun: datetime
    questions: int
    first: str


class History:
    """The conversations of a home."""

    def __init__(self, home: Path) -> None:
        """Name the file; it is made with the first question kept."""
        self._path = home / FILE

    def begin(self) -> int:
        """Begin a conversation; gives its number."""
        with self._open(write=True) as file:
            number = file.execute("INSERT INTO conversations (begun) VALUES (?)", (_now(),)).lastrowid
        assert number is not None  # noqa: S101 - an INSERT has a row
        return number

    def keep(self, number: int, exchange: "Exchange") -> None:
        """Keep a question and its answer; whoever calls has taken out what no file may hold."""
        value = json.dumps(_packed(exchange), ensure_ascii=False)
        with self._open(write=True) as file:
            file.execute(
                "INSERT INTO exchanges (conversation, asked, question, exchange) VALUES (?, ?, ?, ?)",
                (number, _now(), exchange.question, value),
            )

    def forget_last(self, number: int) -> None:
        """Take out the last question of a conversation and its answer."""
        with self._open(write=True) as file:
            file.execute(
                "DELETE FROM exchanges WHERE id = (SELECT max(id) FROM exchanges WHERE conversation = ?)",
                (number,),
            )

    def conversations(self) -> list[Kept]:
        """List the conversations, newest first."""
        with self._open() as file:
            rows = file.execute(
                "SELECT c.id, c.begun, count(*), "
                "(SELECT question FROM exchanges WHERE conversation = c.id ORDER BY id LIMIT 1) "
                "FROM conversations c JOIN exchanges e ON e.conversation = c.id GROUP BY c.id "
                "ORDER BY max(e.id) DESC"
            ).fetchall()
        return [Kept(row[0], datetime.fromisoformat(row[1]), row[2], row[3]) for row in rows]

    def questions(self) -> list[str]:
        """List what was asked in any conversation, newest first."""
        with self._open() as file:
            return [
                row[0] for row in file.execute("SELECT question FROM exchanges ORDER BY id DESC LIMIT 1000")
            ]

    def exchanges(self, number: int, find: "Callable[[str], Paper | None]") -> "list[Exchange]":
        """Read a conversation.

        Args:
            number: as the list has it.
            find: gives the paper with an identifier, or None where it has left the home.

        Raises:
            InputError: there is no such conversation.
        """
        with self._open() as file:
            rows = file.execute(
                "SELECT exchange FROM exchanges WHERE conversation = ? ORDER BY id", (number,)
            ).fetchall()
        if not rows:
            raise InputError(f"There is no conversation {number}: assistant chat --list shows them all.")
        return [_unpacked(json.loads(row[0]), find) for row in rows]

    @contextmanager
    def _open(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        try:
            if write and not self._path.exists():
                self._path.parent.mkdir(parents=True, exist_ok=True)
                os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
            elif not self._path.exists():
                with closing(sqlite3.connect(":memory:")) as file:
                    file.executescript(_TABLES)
                    yield file
                return
            if write and self._path.stat().st_mode & 0o077:
                self._path.chmod(0o600)  # a copy, or what a backup put back; SQLite's own files follow it
            with closing(sqlite3.connect(self._path, timeout=PATIENCE)) as file:
                if write:
                    file.executescript(_TABLES)
                with file:
                    yield file
        except (OSError, sqlite3.Error) as error:
            raise HomeError(
                f"The conversations in {self._path} cannot be used ({error}): "
                "mend or remove the file, or chat with --no-history."
            ) from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _packed(exchange: "Exchange") -> dict[str, Any]:
    answer = exchange.answer
    return {
        "question": exchange.question,
        "bearing": exchange.bearing.value,
        "understood": answer.question,
        "text": answer.text,
        "refused": answer.refused,
        "complete": answer.complete,
        "reader": answer.reader,
        "usage": answer.usage and asdict(answer.usage),
        "citations": [
            {
                "number": citation.number,
                **_named(citation.paper),
                "passages": [[passage.start, passage.end, passage.text] for passage in citation.passages],
            }
            for citation in answer.citations
        ],
        "sources": [{**_named(hit.paper), "score": round(hit.score, 4)} for hit in answer.sources],
    }


def _named(paper: "Paper") -> dict[str, Any]:
    published = paper.published.isoformat() if paper.published else None
    return {"paper_id": paper.paper_id, "title": paper.title, "published": published}


def _unpacked(value: dict[str, Any], find: "Callable[[str], Paper | None]") -> "Exchange":
    from assistant.answering.answer import Answer, Citation, Passage, Usage
    from assistant.answering.conversation import Exchange
    from assistant.answering.followups import Bearing
    from assistant.retrieval import Hit

    answer = Answer(
        question=value["understood"],
        text=value["text"],
        refused=value["refused"],
        complete=value["complete"],
        reader=value["reader"],
        usage=Usage(**value["usage"]) if value.get("usage") else None,
        citations=tuple(
            Citation(
                one["number"],
                _paper(one, find),
                tuple(Passage(text, start, end) for start, end, text in one["passages"]),
            )
            for one in value["citations"]
        ),
        sources=tuple(Hit(_paper(one, find), one["score"]) for one in value["sources"]),
    )
    return Exchange(value["question"], answer, Bearing(value["bearing"]))


def _paper(named: dict[str, Any], find: "Callable[[str], Paper | None]") -> "Paper":
    from datetime import date

    from assistant.corpus import Paper

    published = named["published"] and date.fromisoformat(named["published"])
    return find(named["paper_id"]) or Paper(
        paper_id=named["paper_id"], title=named["title"], text="", published=published or None
    )
