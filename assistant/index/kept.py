"""What the encoder made of each paper's text, kept beside the ledger so that it need not be made twice.

A rebuild makes every store anew, and the encoder's part of that is by far the longest; a paper of which only
the date has changed has the same vectors as before. What is kept is used only where its checksum is right and
it was made of the same text, by the same encoder and in the same way: else the paper is encoded.
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.errors import DamageError
from assistant.index.checksums import token_checksum
from assistant.index.encoder import Matrix
from assistant.index.ledger import Ledger, Record, digest
from assistant.index.tokens import PaperTokens, Tokens, unpacked

RECIPE = 1
"""Raised when chunks are cut, or vectors and codes are made of them, in another way than before."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS chunk_vectors (
    paper_id TEXT PRIMARY KEY,
    made_of TEXT NOT NULL,
    chunks INTEGER NOT NULL,
    vectors BLOB NOT NULL,
    checksum INTEGER NOT NULL
);
"""
TABLES = ("token_vectors", "chunk_vectors")
FORMER = "former_"
"""Begins the names of the tables that a rebuild has set aside, until it has ended."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """What was made of a paper."""

    vectors: Matrix
    """Shape `(chunks, dimension)`."""
    tokens: PaperTokens


class Kept:
    """What is kept in a home. Write inside a transaction of the ledger."""

    def __init__(self, ledger: Ledger, tokens: Tokens) -> None:
        """Use the ledger's database, adding the table where it is missing."""
        self._ledger = ledger
        self._tokens = tokens
        ledger.add_tables(SCHEMA)

    def replace(
        self, made: Iterable[tuple[Record, Encoded]], checksums: Mapping[str, int], encoder: str
    ) -> None:
        """Keep what was made of papers, in place of what is kept of them.

        Args:
            made: the papers, and what was made of them.
            checksums: those of their token vectors, which are in their own store.
            encoder: the name of the encoder.
        """
        rows = []
        for record, encoded in made:
            key, packed = record.paper.paper_id, encoded.vectors.astype("<f4").tobytes()
            checksum = zlib.crc32(packed, checksums[key])
            rows.append((key, _made_of(record, encoder), len(encoded.vectors), packed, checksum))
        self._ledger.execute_many("INSERT OR REPLACE INTO chunk_vectors VALUES (?, ?, ?, ?, ?)", rows)

    def forget(self, paper_ids: Iterable[str]) -> None:
        """Drop what is kept of papers."""
        self._ledger.execute_many(
            "DELETE FROM chunk_vectors WHERE paper_id = ?", [(key,) for key in paper_ids]
        )

    def of(self, records: Sequence[Record], encoder: str) -> dict[str, Encoded]:
        """Look up what was made of papers as they are now; those of which nothing is kept are left out."""
        expected = {record.paper.paper_id: _made_of(record, encoder) for record in records}
        found: dict[str, Encoded] = {}
        for prefix in ("", FORMER) if self._set_aside() else ("",):
            tables = f"{prefix}chunk_vectors JOIN {prefix}token_vectors USING (paper_id)"
            columns = "paper_id, made_of, chunks, vectors, checksum, codes, places"
            select = f"SELECT {columns} FROM {tables}"  # noqa: S608 - names of ours
            try:
                rows = self._ledger.of_papers(select, expected.keys() - found.keys())
            except DamageError:  # a row that SQLite cannot read: whatever it stands among is made again
                continue
            for key, made_of, *stored in rows:
                if made_of == expected[key] and (encoded := _sound(*stored)) is not None:
                    found[key] = encoded
        return found

    def set_aside(self) -> None:
        """Empty the tables of what was made, and keep what is in them for whoever fills them again."""
        if self._set_aside():  # by a rebuild that was stopped, and may have encoded papers since
            for name in TABLES:
                self._ledger.execute(f"INSERT OR REPLACE INTO {FORMER}{name} SELECT * FROM {name}")  # noqa: S608
                self._ledger.execute(f"DELETE FROM {name}")  # noqa: S608 - names of ours
            self._tokens.clear()
            return
        for name in TABLES:
            ((schema,),) = self._ledger.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,))
            self._ledger.execute(f"ALTER TABLE {name} RENAME TO {FORMER}{name}")
            self._ledger.execute(schema)
        self._tokens.clear()

    def drop_former(self) -> None:
        """Forget what was set aside, in a transaction of its own."""
        if self._set_aside():
            with self._ledger.transaction():
                for name in TABLES:
                    self._ledger.execute(f"DROP TABLE {FORMER}{name}")

    def _set_aside(self) -> bool:
        return bool(
            self._ledger.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (f"{FORMER}chunk_vectors",))
        )


def _made_of(record: Record, encoder: str) -> str:
    return digest(record.paper.title, record.paper.text, f"{encoder} {RECIPE}")


def _sound(
    chunks: object, vectors: object, checksum: object, codes: object, places: object
) -> Encoded | None:
    """Unpack what is kept of a paper; None where it is not what was written."""
    if not (isinstance(vectors, bytes) and isinstance(codes, bytes) and isinstance(places, bytes)):
        return None
    if not isinstance(chunks, int):
        return None  # SQLite says of each value anew of which type it is
    if zlib.crc32(vectors, token_checksum(codes, places)) != checksum:
        return None
    tokens = unpacked(codes, places)
    rows = np.frombuffer(vectors, "<f4")
    if tokens is None or chunks < 1 or len(rows) % chunks:
        return None
    return Encoded(rows.reshape(chunks, -1), tokens)
