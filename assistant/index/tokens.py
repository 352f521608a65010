"""The token vectors of the papers, and in how many papers each token occurs, in the ledger's database.

They come from the same forward pass as the chunks' vectors, and are written in the same transaction that
marks a paper indexed: the two never disagree.
"""

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.errors import DamageError
from assistant.index import checksums
from assistant.index.checksums import token_checksum
from assistant.index.chunking import Chunk
from assistant.index.encoder import Encoding, Matrix
from assistant.index.ledger import Ledger
from assistant.index.quantisation import CODE, Codes, decode, encode, project

BATCH = 256
"""Papers whose tokens are read at a time where all are gone through: some four megabytes."""

SEAL = "token_counts"
"""The ledger's fact that has a checksum of the counts, and the revision it is of: an older version that
writes does not renew it."""

VOCABULARY = 30_522
"""Entries of the encoder's vocabulary."""
OUTSIDE = -1
"""The place of a token of the title, which has none in the text."""

_WORD = re.compile(r"\w")

SCHEMA = """
CREATE TABLE IF NOT EXISTS token_vectors (
    paper_id TEXT PRIMARY KEY, codes BLOB NOT NULL, places BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS token_counts (token INTEGER PRIMARY KEY, papers INTEGER NOT NULL);
"""

_SELECT = """
SELECT paper_id, codes, places, (
    SELECT tokens FROM checksums JOIN papers USING (paper_id, content_hash)
    WHERE paper_id = token_vectors.paper_id
) FROM token_vectors"""


@dataclass(frozen=True, slots=True)
class PaperTokens:
    """The tokens of a paper's title and text, without the special ones and the punctuation."""

    ids: NDArray[np.int32]
    """Shape `(tokens,)`: positions in the vocabulary."""
    spans: NDArray[np.int32]
    """Shape `(tokens, 2)`: where each begins and ends in the paper's text; -1, -1 for tokens of the title."""
    codes: Codes
    """Shape `(tokens, CODE)`."""

    @property
    def title_length(self) -> int:
        """How many of the first tokens are the title's."""
        return int(np.argmax(np.append(self.spans[:, 0] != OUTSIDE, True)))

    @property
    def vectors(self) -> Matrix:
        """The projected vectors, shape `(tokens, components)`."""
        return decode(self.codes)


def worded(text: str, encoding: Encoding) -> NDArray[np.bool_]:
    """Tell which tokens of a text have a letter or a digit; special tokens and punctuation have none."""
    return np.array([bool(_WORD.search(text, start, end)) for start, end in encoding.spans.tolist()], bool)


def paper_tokens(read: Iterable[tuple[Chunk, str, Encoding]]) -> PaperTokens:
    """Bring the tokens of a paper's chunks together.

    Punctuation matches everything a little and tells nothing: without it a paper takes a seventh less.
    Of overlapping chunks, each gives its own reading of the tokens they share: more context on one side.

    Args:
        read: each chunk, the text that the encoder read for it, which ends in the chunk's own, and its
            encoding.
    """
    ids, spans, vectors = [], [], []
    for chunk, text, encoding in read:
        real = worded(text, encoding)
        offset = len(text) - len(chunk.text)
        places = encoding.spans[real] - offset
        in_title = places[:, 0] < 0
        places += chunk.start
        places[in_title] = OUTSIDE
        ids.append(encoding.ids[real])
        spans.append(places)
        vectors.append(project(encoding.states[real]))
    return PaperTokens(
        np.concatenate(ids).astype(np.int32),
        np.concatenate(spans).astype(np.int32),
        encode(np.concatenate(vectors)),
    )


class Tokens:
    """The token vectors of a home. Write inside a transaction of the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        """Use the ledger's database, adding the tables where they are missing."""
        self._ledger = ledger
        ledger.add_tables(SCHEMA + checksums.SCHEMA)

    def replace(self, papers: Sequence[tuple[str, PaperTokens]]) -> dict[str, int]:
        """Keep the tokens of papers, in place of what is kept of them; gives their checksums."""
        self.forget([paper_id for paper_id, _ in papers])
        written: dict[str, int] = {}
        counted: Counter[int] = Counter()
        for paper_id, tokens in papers:
            places = zlib.compress(
                _differences(np.column_stack([tokens.ids, tokens.spans]).astype(np.int32)).tobytes()
            )
            codes = tokens.codes.tobytes()
            self._ledger.execute("INSERT INTO token_vectors VALUES (?, ?, ?)", (paper_id, codes, places))
            counted.update(np.unique(tokens.ids).tolist())
            written[paper_id] = token_checksum(codes, places)
        self._count(counted)
        return written

    def forget(self, paper_ids: Sequence[str]) -> None:
        """Drop the tokens of papers."""
        gone: Counter[int] = Counter()
        for paper_id, tokens in self.of(paper_ids).items():
            gone.subtract(np.unique(tokens.ids).tolist())
            self._ledger.execute("DELETE FROM token_vectors WHERE paper_id = ?", (paper_id,))
        self._count(gone)

    def clear(self) -> None:
        """Drop everything."""
        self._ledger.execute("DELETE FROM token_vectors")
        self._ledger.execute("DELETE FROM token_counts")

    def _count(self, changes: Counter[int]) -> None:
        self._ledger.execute_many(
            "INSERT INTO token_counts VALUES (?, ?) "
            "ON CONFLICT (token) DO UPDATE SET papers = papers + excluded.papers",
            sorted(changes.items()),
        )

    def of(self, paper_ids: Iterable[str]) -> dict[str, PaperTokens]:
        """Look up the tokens of papers; papers indexed without any are left out.

        Raises:
            DamageError: what is stored of one of them is not what was written.
        """
        found: dict[str, PaperTokens] = {}
        for paper_id, codes, places, checksum in self._ledger.of_papers(_SELECT, paper_ids):
            tokens = _sound(codes, places, checksum)
            if tokens is None:
                raise DamageError(
                    f"The token vectors of the paper {paper_id} are damaged: run assistant ingest --rebuild."
                )
            found[paper_id] = tokens
        return found

    def each(self) -> Iterator[tuple[str, PaperTokens | None]]:
        """Go through the tokens of all papers; None for those that are not what was written."""
        last = ""
        while rows := self._ledger.execute(
            _SELECT + " WHERE paper_id > ? ORDER BY paper_id LIMIT ?", (last, BATCH)
        ):
            for paper_id, codes, places, checksum in rows:
                yield paper_id, _sound(codes, places, checksum)
            last = rows[-1][0]

    def frequencies(self) -> Counter[int]:
        """Give in how many papers each token is kept to occur; tokens of none are left out."""
        return Counter(dict(self._ledger.execute("SELECT token, papers FROM token_counts WHERE papers != 0")))

    def count(self) -> int:
        """Count the papers that have token vectors."""
        return int(self._ledger.execute("SELECT count(*) FROM token_vectors")[0][0])

    def rarity(self) -> NDArray[np.float64]:
        """Give each token's inverse document frequency, as BM25 has it; shape `(vocabulary,)`.

        Raises:
            DamageError: the counts are not those that were written.
        """
        # One statement, so that it is one moment's: another process may be writing.
        rows = self._ledger.execute(
            "SELECT (SELECT count(*) FROM token_vectors), (SELECT value FROM facts WHERE name = 'revision'), "
            "(SELECT value FROM facts WHERE name = ?), token, papers FROM facts LEFT JOIN token_counts "
            "WHERE name = 'layout' ORDER BY token",
            (SEAL,),
        )
        total, revision, seal = rows[0][:3]
        counted = np.array([row[3:] for row in rows if row[4]], np.int64).reshape(-1, 2)
        if seal is not None and seal.startswith(f"{revision} ") and seal != _seal(revision, counted):
            raise DamageError("The counts of the tokens are damaged: run assistant ingest --rebuild.")
        papers: NDArray[np.float64] = np.zeros(VOCABULARY)
        papers[counted[:, 0]] = counted[:, 1]
        return np.asarray(np.log1p((int(total) - papers + 0.5) / (papers + 0.5)))

    def seal(self) -> None:
        """Keep a checksum of the counts, as they are at this revision; at the end of a transaction."""
        rows = self._ledger.execute("SELECT token, papers FROM token_counts WHERE papers ORDER BY token")
        counted = np.array(rows, np.int64).reshape(-1, 2)
        self._ledger.set_fact(SEAL, _seal(self._ledger.fact("revision"), counted))


def _differences(places: NDArray[np.int32]) -> NDArray[np.int32]:
    """Lay the columns out as steps from row to row: most are small, which compresses well."""
    return np.diff(places, axis=0, prepend=np.zeros((1, 3), np.int32)).T


def _seal(revision: str | None, counted: NDArray[np.int64]) -> str:
    return f"{revision} {zlib.crc32(counted.tobytes())}"


def _sound(codes: object, places: object, checksum: int | None) -> PaperTokens | None:
    """Unpack the tokens of a paper; None where they are not what was written.

    An older version kept no checksum: then only what cannot be unpacked is found.
    """
    if not (isinstance(codes, bytes) and isinstance(places, bytes)):
        return None  # SQLite says of each value anew of which type it is
    if checksum is not None and token_checksum(codes, places) != checksum:
        return None
    return unpacked(codes, places)


def unpacked(codes: bytes, places: bytes) -> PaperTokens | None:
    """Unpack the tokens of a paper as they are stored; None where that cannot be done."""
    try:
        steps = np.frombuffer(zlib.decompress(places), np.int32).reshape(3, -1)
        columns = steps.cumsum(axis=1, dtype=np.int32)
        rows = np.frombuffer(codes, np.uint8).reshape(columns.shape[1], CODE)
    except (zlib.error, ValueError):
        return None
    if not ((columns[0] >= 0) & (columns[0] < VOCABULARY)).all():
        return None
    return PaperTokens(columns[0], columns[1:].T, rows)
