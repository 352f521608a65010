"""What papers that change leave behind: `python -m bench.growth.rewritten`.

A vector that gives way stays in Chroma's graph, and is walked over though never found, until a rebuild.
Writes drawn vectors into a folder, gives every paper other ones several times, and asks between.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from assistant.corpus import Paper, paper_id
from assistant.index.chunking import Chunk, chunk_id
from assistant.index.encoder import unit
from assistant.index.folder import CollectionFolder
from assistant.index.ledger import Record, State
from assistant.index.place import COLLECTION
from assistant.index.vectors import EmbeddedChunk, Vectors
from bench.growth.exact import CHUNKS
from bench.growth.report import table

ROUNDS = (0, 1, 3, 10)
"""How often every paper has changed when a question is asked."""
QUESTIONS = 100


def main(arguments: Sequence[str] | None = None) -> None:
    """Write, ask, and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth.rewritten", description=__doc__)
    parser.add_argument("--papers", type=int, default=1_500, help="of one chunk each")
    given = parser.parse_args(arguments)
    titles = [f"Paper {number}" for number in range(given.papers)]
    records = [
        Record(Paper(paper_id=paper_id(title), title=title, text=title), shipped=False, state=State.PENDING)
        for title in titles
    ]
    drawn = np.random.default_rng(0)
    rows = []
    with tempfile.TemporaryDirectory() as home:
        vectors = Vectors(CollectionFolder(Path(home), COLLECTION))
        for changes in range(ROUNDS[-1] + 1):
            vectors.replace(records, [_embedded(record, changes, drawn) for record in records])
            if changes in ROUNDS:
                size = sum(file.stat().st_size for file in Path(home).rglob("*") if file.is_file())
                found = sum(chunk.found for chunk in vectors.each())
                rows.append([str(changes), f"{_asked(vectors, drawn):.1f}", f"{size / 1e6:.0f}", str(found)])
        vectors.close()
    print(f"{given.papers:,} vectors\n")
    print(table(["times each has changed", "a query, ms", "the folder, MB", "found"], rows))


def _embedded(record: Record, changes: int, drawn: np.random.Generator) -> EmbeddedChunk:
    chunk = Chunk(chunk_id(record.paper.paper_id, 0), f"{record.paper.text}, {changes}", 0)
    return EmbeddedChunk(record, chunk, unit(drawn.standard_normal(384).astype(np.float32)))


def _asked(vectors: Vectors, drawn: np.random.Generator) -> float:
    """Give the median milliseconds of a query."""
    took = []
    for _ in range(QUESTIONS):
        question = unit(drawn.standard_normal(384).astype(np.float32))
        begun = time.perf_counter()
        vectors.search(question, CHUNKS)
        took.append(time.perf_counter() - begun)
    return statistics.median(took) * 1e3


if __name__ == "__main__":
    main()
