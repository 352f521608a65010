"""The token vectors of the papers, and in how many papers each token occurs, in the ledger's database.

They come from the same forward pass as the chunks' vectors, and are written in the same transaction that
marks a paper indexed: the two never disagree.
"""

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.index.chunking import Chunk
from assistant.index.encoder import Encoding, Matrix
from assistant.index.ledger import Ledger
from assistant.index.quantisation import CODE, Codes, decode, encode, project

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
        ledger.add_tables(SCHEMA)

    def replace(self, papers: Sequence[tuple[str, PaperTokens]]) -> None:
        """Keep the tokens of papers, in place of what is kept of them."""
        self.forget([paper_id for paper_id, _ in papers])
        for paper_id, tokens in papers:
            places = np.column_stack([tokens.ids, tokens.spans]).astype(np.int32)
            self._ledger.execute(
                "INSERT INTO token_vectors VALUES (?, ?, ?)",
                (paper_id, tokens.codes.tobytes(), zlib.compress(_differences(places).tobytes())),
            )
            self._count(tokens.ids, 1)

    def forget(self, paper_ids: Sequence[str]) -> None:
        """Drop the tokens of papers."""
        for paper_id, tokens in self.of(paper_ids).items():
            self._count(tokens.ids, -1)
            self._ledger.execute("DELETE FROM token_vectors WHERE paper_id = ?", (paper_id,))

    def clear(self) -> None:
        """Drop everything."""
        self._ledger.execute("DELETE FROM token_vectors")
        self._ledger.execute("DELETE FROM token_counts")

    def _count(self, ids: NDArray[np.int32], change: int) -> None:
        self._ledger.execute_many(
            "INSERT INTO token_counts VALUES (?, ?) "
            "ON CONFLICT (token) DO UPDATE SET papers = papers + excluded.papers",
            [(int(token), change) for token in np.unique(ids)],
        )

    def of(self, paper_ids: Iterable[str]) -> dict[str, PaperTokens]:
        """Look up the tokens of papers; papers indexed without any are left out."""
        rows = self._ledger.of_papers("SELECT paper_id, codes, places FROM token_vectors", paper_ids)
        return {paper_id: _unpacked(codes, places) for paper_id, codes, places in rows}

    def count(self) -> int:
        """Count the papers that have token vectors."""
        return int(self._ledger.execute("SELECT count(*) FROM token_vectors")[0][0])

    def rarity(self) -> NDArray[np.float64]:
        """Give each token's inverse document frequency, as BM25 has it; shape `(vocabulary,)`."""
        papers = np.zeros(VOCABULARY)
        for token, count in self._ledger.execute("SELECT token, papers FROM token_counts"):
            papers[token] = count
        return np.log1p((self.count() - papers + 0.5) / (papers + 0.5))


def _differences(places: NDArray[np.int32]) -> NDArray[np.int32]:
    """Lay the columns out as steps from row to row: most are small, which compresses well."""
    return np.diff(places, axis=0, prepend=np.zeros((1, 3), np.int32)).T


def _codes(blob: bytes) -> Codes:
    return np.frombuffer(blob, np.uint8).reshape(-1, CODE)


def _unpacked(codes: bytes, places: bytes) -> PaperTokens:
    columns = np.frombuffer(zlib.decompress(places), np.int32).reshape(3, -1).cumsum(axis=1, dtype=np.int32)
    return PaperTokens(columns[0], columns[1:].T, _codes(codes))
