"""What can still be read of a ledger, damaged or not: its papers, one by one."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from assistant.errors import DamageError
from assistant.index.ledger import digest

FIELDS = ("title", "text", "kind", "published", "author_count", "organization", "sources", "content_hash")

GAP = 10_000
"""Rows looked for beyond those known of: a damaged file may not say how many there are."""


def readable_papers(path: Path) -> Iterator[dict[str, Any] | None]:
    """Read a ledger paper by paper; None stands for one that cannot be read, or is not what was written.

    Each paper is given as `assistant ingest` reads it back.

    Raises:
        DamageError: nothing of the file can be read.
    """
    if not path.is_file():
        return
    # Opened to read: a damaged file is left as it is.
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        connection.text_factory = lambda text: text.decode(errors="replace")
        for row in _rows(connection, path):
            yield None if row is None else _object(row)


def _rows(connection: sqlite3.Connection, path: Path) -> Iterator[tuple[Any, ...] | None]:
    select = f"SELECT {', '.join(FIELDS)}, state FROM papers"  # noqa: S608 - names of our own
    try:
        whole = connection.execute(f"{select} ORDER BY rowid").fetchall()
    except sqlite3.DatabaseError as error:
        whole, reason = [], error
    else:
        yield from (row for row in whole if row[-1] != "leaving")
        return
    known = max(_highest(connection), 0)
    read = 0
    for number in range(1, (known or GAP) + 1):
        try:
            row = connection.execute(f"{select} WHERE rowid = ?", (number,)).fetchone()
        except sqlite3.DatabaseError:
            # Where the number of rows is known, this is one of them, or was removed.
            if known:
                yield None
            continue
        if row is not None and row[-1] != "leaving":
            read += 1
            yield row
    if not read:
        raise DamageError(
            f"Nothing can be read of the ledger of papers {path} ({reason}): "
            "ingest the pages again, into a new home."
        ) from reason


def _highest(connection: sqlite3.Connection) -> int:
    try:
        return int(connection.execute("SELECT max(rowid) FROM papers").fetchone()[0] or 0)
    except sqlite3.DatabaseError:
        return 0


def _object(row: tuple[Any, ...]) -> dict[str, Any] | None:
    title, text, kind, published, author_count, organization, sources, kept, _ = row
    if digest(title, text, published) != kept:
        return None
    try:
        named = json.loads(sources)
    except (TypeError, ValueError):
        named = []
    found = {
        "title": title,
        "summary" if kind == "summary" else "abstract": text,
        "published": published,
        "author_count": author_count,
        "organization": organization,
        "source": named[0] if named else None,
    }
    return {name: value for name, value in found.items() if value is not None}
