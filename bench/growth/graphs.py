"""Chroma's graph made in several ways: `python -m bench.growth.graphs HOME`.

Takes the vectors of a home that `bench.growth` has built, makes collections of them alone, and looks for the
nearest of the curated questions in each.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from assistant.index.encoder import Matrix, unit
from assistant.index.minilm import MiniLM
from assistant.index.minilm_weights import encoder_files
from assistant.settings import Settings
from bench.growth.asking import questions
from bench.growth.exact import CHUNKS, NEAREST, graph, nearest
from bench.growth.report import table

GRAPHS = ("16,100", "16,200", "32,100", "32,200")
"""Neighbours of a vector, and how many candidates they are chosen from; Chroma's own are the first."""
EFFORTS = (600, 1_200, 2_400)
COMPARED = 150
BATCH = 5_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Build, measure, print, and keep."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth.graphs", description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--graphs", nargs="+", default=GRAPHS, metavar="NEIGHBOURS,CANDIDATES")
    parser.add_argument("--efforts", nargs="+", type=int, default=EFFORTS, metavar="EF_SEARCH")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures, and beside as Markdown")
    given = parser.parse_args(arguments)
    encoder = MiniLM(encoder_files(Settings.load()))
    asked = [question.question for question in questions(sys.maxsize, 0)][:COMPARED]
    vectors = unit(np.stack([encoding.pooled() for encoding in encoder.encode(asked)]))
    elements, chunk = graph(given.home / "vectors", vectors.shape[1])
    labels, _ = nearest(elements, chunk, vectors)
    held = {
        str(label): row
        for label, row in zip(elements["label"], elements["vector"], strict=True)
        if label in chunk
    }
    known = Known(held, vectors, [{str(label) for label in row} for row in labels.tolist()])
    found = []
    for text in given.graphs:
        neighbours, candidates = map(int, text.split(","))
        found.append(measure(known, neighbours, candidates, given.efforts))
        print(as_markdown(found), flush=True)
    if given.json is not None:
        given.json.write_text(json.dumps(found, indent=1) + "\n")
        given.json.with_suffix(".md").write_text(as_markdown(found))


class Known(NamedTuple):
    """What every graph is made of, and asked for."""

    vectors: dict[str, np.ndarray]
    questions: Matrix
    nearest: list[set[str]]
    """Of each question."""


def measure(known: Known, neighbours: int, candidates: int, efforts: Sequence[int]) -> dict[str, Any]:
    """Make one collection, and search it with each effort."""
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    held, questions, expected = known
    with tempfile.TemporaryDirectory() as folder:
        client: Any = chromadb.PersistentClient(folder, settings=ChromaSettings(anonymized_telemetry=False))
        shape = {"space": "cosine", "max_neighbors": neighbours, "ef_construction": candidates}
        collection = client.create_collection(
            "graph", embedding_function=None, configuration={"hnsw": {**shape, "sync_threshold": 4 * BATCH}}
        )
        ids, rows = list(held), np.stack(list(held.values()))
        begun = time.perf_counter()
        for start in range(0, len(ids), BATCH):
            collection.add(ids=ids[start : start + BATCH], embeddings=rows[start : start + BATCH])
        built = time.perf_counter() - begun
        tried = {}
        for effort in efforts:
            collection.modify(configuration={"hnsw": {"ef_search": effort}})
            client.close()
            client = chromadb.PersistentClient(folder, settings=ChromaSettings(anonymized_telemetry=False))
            collection = client.get_collection("graph", embedding_function=None)
            collection.query(query_embeddings=questions[:1], n_results=CHUNKS, include=[])
            used, shares = time.process_time(), []
            for row, right in zip(questions, expected, strict=True):
                given = collection.query(query_embeddings=row[np.newaxis], n_results=CHUNKS, include=[])
                shares.append(len(right.intersection(given["ids"][0][:NEAREST])) / len(right))
            milliseconds = (time.process_time() - used) / len(questions) * 1e3
            tried[str(effort)] = {
                "recall": float(np.mean(shares)),
                "lowest": min(shares),
                "milliseconds": milliseconds,
            }
        client.close()
    return {**shape, "vectors": len(held), "seconds": built, "tried": tried}


def as_markdown(found: Sequence[dict[str, Any]]) -> str:
    """Lay the figures out."""
    head = [
        "vectors",
        "neighbours",
        "candidates",
        "ef_search",
        "recall@100",
        "lowest",
        "a query, ms",
        "building, s",
    ]
    rows = [
        [
            f"{one['vectors']:,}",
            str(one["max_neighbors"]),
            str(one["ef_construction"]),
            effort,
            f"{tried['recall']:.4f}",
            f"{tried['lowest']:.2f}",
            f"{tried['milliseconds']:.1f}",
            f"{one['seconds']:.0f}",
        ]
        for one in found
        for effort, tried in one["tried"].items()
    ]
    return table(head, rows)


if __name__ == "__main__":
    main()
