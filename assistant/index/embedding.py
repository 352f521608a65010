"""What the encoder makes of papers: vectors of their chunks, and of their tokens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from assistant.index.checksums import Sketches, sketch
from assistant.index.chunking import Chunk, chunks, embedded_text
from assistant.index.encoder import Encoder, Encoding, Matrix
from assistant.index.kept import Encoded
from assistant.index.ledger import Record
from assistant.index.tokens import paper_tokens
from assistant.index.vectors import EmbeddedChunk


@dataclass(frozen=True, slots=True)
class Read:
    """A chunk as the encoder read it."""

    record: Record
    chunk: Chunk
    text: str
    """What the encoder was given for it."""
    encoding: Encoding


@dataclass(frozen=True, slots=True)
class Embedded:
    """A paper and what was made of it, now or before."""

    record: Record
    chunks: Sequence[Chunk]
    encoded: Encoded

    def vectors(self) -> list[EmbeddedChunk]:
        """Give its chunks with their vectors."""
        pairs = zip(self.chunks, self.encoded.vectors, strict=True)
        return [EmbeddedChunk(self.record, chunk, vector) for chunk, vector in pairs]

    def sketches(self) -> Sketches:
        """Give the sketches of its vectors."""
        return sketch(self.encoded.vectors)


def encode(records: Sequence[Record], encoder: Encoder) -> list[Read]:
    """Have the encoder read papers, chunk by chunk, in their order."""
    pairs = [(held, chunk) for held in records for chunk in chunks(held.paper)]
    texts = [embedded_text(held.paper.title, chunk.text) for held, chunk in pairs]
    encodings = encoder.encode(texts)
    return [
        Read(held, chunk, text, encoding)
        for (held, chunk), text, encoding in zip(pairs, texts, encodings, strict=True)
    ]


def embedded(read: Sequence[Read]) -> list[Embedded]:
    """Make the vectors of papers from what the encoder gave."""
    made = []
    for _, parts in groupby(read, key=lambda part: part.record.paper.paper_id):
        group = list(parts)
        vectors: Matrix = np.stack([each.encoding.pooled() for each in group])
        tokens = paper_tokens([(each.chunk, each.text, each.encoding) for each in group])
        made.append(Embedded(group[0].record, [each.chunk for each in group], Encoded(vectors, tokens)))
    return made


def embedded_before(records: Sequence[Record], kept: Mapping[str, Encoded]) -> list[Embedded]:
    """Give the papers of which the vectors are kept, where these are of all their chunks."""
    made = []
    for record in records:
        if (encoded := kept.get(record.paper.paper_id)) is not None:
            cut = chunks(record.paper)
            if len(cut) == len(encoded.vectors):
                made.append(Embedded(record, cut, encoded))
    return made
