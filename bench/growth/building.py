"""Writing drawn papers into a home, through the stores' own classes, with only the encoder left out."""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from assistant.index.checksums import sketch
from assistant.index.folder import CollectionFolder
from assistant.index.index import Index
from assistant.index.ingest import CURATED, ENCODER
from assistant.index.kept import Encoded
from assistant.index.ledger import State
from assistant.index.place import COLLECTION, HNSW
from assistant.index.vectors import Vectors
from bench.growth.corpus import BLOCK, Drawn, Generator

SELDOM = 20_000
"""Vectors between two savings of Chroma's graph. Sizes above are multiples of it, so that all are saved."""

MARK = "built.json"
"""Written into the home's folder when everything is in it."""


def build(index: Index, generator: Generator, size: int) -> dict[str, float]:
    """Bring a home to so many papers, going on where an earlier build was stopped.

    Every block of papers is marked indexed last, as an ingest does it: whatever moment the process dies at,
    the next one does that block again.

    Returns:
        Seconds by store, and of drawing the papers; `whole` by the clock, in which the vectors are written
        beside the rest. Those of the process that wrote the last paper, and of those before it.
    """
    mark = index.home.folder / MARK
    seconds: Counter[str] = Counter(json.loads(mark.read_text())["seconds"] if mark.is_file() else {})
    held = index.ledger.counts()[State.INDEXED]
    numbers = range(held // BLOCK, -(-size // BLOCK))
    blocks = [
        Block(number, max(0, held - number * BLOCK), min(BLOCK, size - number * BLOCK)) for number in numbers
    ]
    context = get_context("spawn")
    here, there = context.Pipe()
    with index.home.writing(0):
        # Chroma's part is a process of its own, which draws the papers too: they are the same.
        beside = context.Process(target=_write_vectors, args=(index.home.vectors, generator, blocks, there))
        beside.start()
        there.close()
        for block in blocks:
            with _timed("whole", seconds):
                with _timed("drawing", seconds):
                    papers = block.of(generator)
                with _timed("words", seconds):
                    index.words.replace([paper.record for paper in papers])
                seconds["vectors"] += here.recv()
                with _timed("ledger", seconds):
                    _write_ledger(index, papers)
            written = block.number * BLOCK + block.end
            mark.write_text(json.dumps({"papers": written, "seconds": dict(seconds)}))
            print(f"\r{written:,} of {size:,} papers", end="", file=sys.stderr, flush=True)
        beside.join()
    print(file=sys.stderr)
    return dict(seconds)


@dataclass(frozen=True, slots=True)
class Block:
    """A part of one of the generator's blocks."""

    number: int
    start: int
    end: int

    def of(self, generator: Generator) -> list[Drawn]:
        """Draw its papers."""
        return generator.block(self.number, self.end)[self.start :]


def _write_vectors(folder: Path, generator: Generator, blocks: Sequence[Block], told: Connection) -> None:
    """Write the vectors of blocks, and tell after each how many seconds it took."""
    _prepare(folder, blocks)
    vectors = Vectors(CollectionFolder(folder, COLLECTION))
    for block in blocks:
        papers = block.of(generator)
        start = time.perf_counter()
        vectors.replace(
            [paper.record for paper in papers], [chunk for paper in papers for chunk in paper.chunks]
        )
        told.send(time.perf_counter() - start)
    vectors.close()


def _prepare(folder: Path, blocks: Sequence[Block]) -> None:
    """Have Chroma save its graph seldom while many vectors come: the more, the longer that takes."""
    import chromadb
    from chromadb.config import Settings

    client: Any  # a type without `close` is promised, and one with it given
    if folder.exists() or len(blocks) * BLOCK < SELDOM:
        return
    client = chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))
    client.create_collection(
        COLLECTION, embedding_function=None, configuration={"hnsw": {**HNSW, "sync_threshold": SELDOM}}
    )
    client.close()


def _write_ledger(index: Index, papers: list[Drawn]) -> None:
    ledger = index.ledger
    with ledger.transaction():
        ledger.set_fact(CURATED, "yes")
        ledger.set_fact(ENCODER, index.encoder_name)
        for paper in papers:
            ledger.put(paper.paper, shipped=False, state=State.INDEXED)
        read = {paper.paper.paper_id: paper.read() for paper in papers}
        checksums = index.tokens.replace(list(read.items()))
        encoded = []
        for paper in papers:
            vectors = np.stack([vector for _, vector in paper.embedded])
            encoded.append((paper.record, Encoded(vectors, read[paper.paper.paper_id])))
        index.kept.replace(encoded, checksums, index.encoder_name)
        sketches = {
            paper.paper.paper_id: sketch([vector for _, vector in paper.embedded]) for paper in papers
        }
        index.checksums.replace([paper.record for paper in papers], checksums, sketches)
        ledger.advance()
        index.tokens.seal()


@contextmanager
def _timed(stage: str, seconds: Counter[str]) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[stage] += time.perf_counter() - start  # type: ignore[assignment]  # of a Counter of floats


def disk(folder: Path) -> dict[str, int]:
    """Count the bytes of each store of a home."""
    stores = {"ledger": "ledger.sqlite3*", "vectors": "vectors/**/*", "words": "words/**/*"}
    return {
        store: sum(file.stat().st_size for file in folder.glob(pattern) if file.is_file())
        for store, pattern in stores.items()
    }
