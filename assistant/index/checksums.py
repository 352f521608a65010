"""What the other stores hold of a paper, in a few numbers, kept in the ledger's database.

They are written in the transaction that marks a paper indexed. A store that later gives something else
back has lost it, or has been changed from outside.
"""

import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from assistant.index.encoder import Vector
from assistant.index.ledger import Ledger, Record, content_hash
from assistant.index.multiplying import multiply

SKETCH = 2
"""Numbers that stand for a vector."""
TOLERANCE = 1e-4
"""How far they may be from those of the vector that was written: Chroma scales it to length 1 again."""

GOLDEN_ANGLE = 2.399963
"""In radians: its multiples come near each other as seldom as can be."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS checksums (
    paper_id TEXT PRIMARY KEY, content_hash TEXT NOT NULL, tokens INTEGER, sketches BLOB NOT NULL
) WITHOUT ROWID;
"""

Sketches = NDArray[np.float32]
"""Shape `(chunks, SKETCH)`: those of a paper's vectors, in the order of its chunks."""


@dataclass(frozen=True, slots=True)
class Checksum:
    """What was written of one paper."""

    content_hash: str
    """Of the paper as it was then: an older version that changed the paper has left this behind."""
    tokens: int | None
    """CRC-32 of its token vectors; None in an index of words alone."""
    sketches: Sketches


@cache
def _directions(dimension: int) -> NDArray[np.float64]:
    turns = np.arange(1, dimension + 1) * GOLDEN_ANGLE
    return np.column_stack([np.cos(turns), np.sin(turns)])


def sketch(vectors: Sequence[Vector] | NDArray[np.floating]) -> Sketches:
    """Give two numbers for each vector, from which no component can stray by `TOLERANCE` times 1.5 unseen.

    Sums over the components, weighted by the cosines and sines of an angle that turns with them: of the two
    weights of a component, one is at least 0.7.
    """
    stacked = np.asarray(vectors, np.float64)
    if not stacked.size:
        return np.zeros((0, SKETCH), np.float32)
    return np.asarray(multiply(stacked, _directions(stacked.shape[1])), np.float32)


def token_checksum(codes: bytes, places: bytes) -> int:
    """Digest the token vectors of a paper as they are stored."""
    return zlib.crc32(places, zlib.crc32(codes))


class Checksums:
    """The checksums of a home. Write inside a transaction of the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        """Use the ledger's database, adding the table where it is missing."""
        self._ledger = ledger
        ledger.add_tables(SCHEMA)

    def replace(
        self, records: Sequence[Record], tokens: dict[str, int], vectors: dict[str, Sketches]
    ) -> None:
        """Keep the checksums of papers, in place of what is kept of them."""
        none = np.zeros((0, SKETCH), np.float32)
        self._ledger.execute_many(
            "INSERT OR REPLACE INTO checksums VALUES (?, ?, ?, ?)",
            [
                (
                    key := held.paper.paper_id,
                    content_hash(held.paper),
                    tokens.get(key),
                    vectors.get(key, none).astype("<f4").tobytes(),
                )
                for held in records
            ],
        )

    def forget(self, paper_ids: Iterable[str]) -> None:
        """Drop those of papers."""
        self._ledger.execute_many(
            "DELETE FROM checksums WHERE paper_id = ?", [(paper_id,) for paper_id in paper_ids]
        )

    def clear(self) -> None:
        """Drop everything."""
        self._ledger.execute("DELETE FROM checksums")

    def all(self) -> dict[str, Checksum]:
        """Give every checksum that is of the paper as the ledger has it now, by paper."""
        rows = self._ledger.execute(
            "SELECT c.* FROM checksums c JOIN papers p USING (paper_id) WHERE c.content_hash = p.content_hash"
        )
        return {key: Checksum(digest, tokens, _unpacked(sketches)) for key, digest, tokens, sketches in rows}

    def made(self, paper_ids: Iterable[str]) -> set[str]:
        """Tell of which papers there is one that is of the paper as the ledger has it now."""
        rows = self._ledger.execute(
            "SELECT paper_id FROM checksums c JOIN papers p USING (paper_id) "
            "WHERE c.content_hash = p.content_hash AND paper_id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(paper_ids)),),
        )
        return {paper_id for (paper_id,) in rows}

    def chunks_of(self, paper_ids: Iterable[str]) -> dict[str, int]:
        """Count the chunks of each of some papers, of which there is a checksum."""
        rows = self._ledger.of_papers("SELECT paper_id, length(sketches) FROM checksums", paper_ids)
        return {key: int(size) // (SKETCH * 4) for key, size in rows}

    def chunks(self) -> int | None:
        """Count the chunks that Chroma is to hold; None where an older version indexed some of the papers."""
        ((papers, size),) = self._ledger.execute(
            "SELECT count(*), coalesce(sum(length(c.sketches)), 0) "
            "FROM checksums c JOIN papers p USING (paper_id) WHERE c.content_hash = p.content_hash"
        )
        ((indexed,),) = self._ledger.execute("SELECT count(*) FROM papers")
        return int(size) // (SKETCH * 4) if papers == indexed else None


def _unpacked(sketches: bytes) -> Sketches:
    whole = len(sketches) // (SKETCH * 4)
    return np.frombuffer(sketches, "<f4", whole * SKETCH).reshape(whole, SKETCH)
