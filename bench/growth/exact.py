"""The nearest vectors found exactly, and how many of them Chroma's graph finds.

The vectors are read from the file of the graph itself (hnswlib's level 0: of each element its links, its
vector, scaled to length 1, and its label), so that both searches see the same numbers.
"""

import pickle
import struct
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from assistant.index.encoder import Matrix, unit
from assistant.index.folder import CollectionFolder
from assistant.index.place import COLLECTION
from assistant.index.vectors import Vectors

NEAREST = 100
CHUNKS = 200
"""What a search asks Chroma for, of which the first `NEAREST` are compared."""
HEADER = 20
"""Where the file's header says how many elements there are, how many bytes each has, and where in these label
and vector are."""

BLOCK = 20_000
"""Vectors that are multiplied at a time."""


def graph(folder: Path, dimension: int) -> tuple[Any, dict[int, str]]:
    """Map the elements of Chroma's graph, and name them by their labels.

    Returns:
        A structured array of fields `vector` and `label`, shape `(chunks,)`, and each label's chunk.
    """
    (level,) = folder.glob("*/data_level0.bin")
    metadata = pickle.loads((level.parent / "index_metadata.pickle").read_bytes())  # noqa: S301 - Chroma's
    header = (level.parent / "header.bin").read_bytes()
    count, size, label, vector = struct.unpack_from("<4Q", header, HEADER)
    element = np.dtype(
        {
            "names": ["vector", "label"],
            "formats": [("<f4", dimension), "<u8"],
            "offsets": [vector, label],
            "itemsize": size,
        }
    )
    return np.memmap(level, element, "r")[:count], metadata["label_to_id"]


def nearest(elements: Any, known: Iterable[int], questions: Matrix) -> tuple[np.ndarray, np.ndarray]:
    """Find the labels and cosines of the nearest vectors of each question, block by block.

    Args:
        elements: vectors and labels.
        known: the labels that count; a vector that was replaced has another.
        questions: vectors of length 1.

    Returns:
        Shapes `(questions, NEAREST)`, best first.
    """
    counting = np.fromiter(known, np.uint64)
    labels = np.zeros((len(questions), 0), np.int64)
    cosines = np.zeros((len(questions), 0), np.float32)
    for start in range(0, len(elements), BLOCK):
        block = elements[start : start + BLOCK]
        here = questions @ np.ascontiguousarray(block["vector"]).T
        here[:, ~np.isin(block["label"], counting)] = -np.inf
        cosines = np.hstack([cosines, here])
        labels = np.hstack([labels, np.broadcast_to(block["label"].astype(np.int64), here.shape)])
        kept = np.argsort(-cosines, axis=1, kind="stable")[:, :NEAREST]
        cosines = np.take_along_axis(cosines, kept, 1)
        labels = np.take_along_axis(labels, kept, 1)
    return labels, cosines


def recall(home: Path, questions: Matrix, efforts: tuple[int, ...] = ()) -> dict[str, Any]:
    """Say which share of the nearest `NEAREST` Chroma finds, for each question.

    Args:
        home: a home at rest.
        questions: vectors of length 1.
        efforts: values of `ef_search` to try, in place of the collection's own, which is put back.
    """
    folder = home / "vectors"
    elements, chunk = graph(folder, questions.shape[1])
    start = time.perf_counter()
    labels, _ = nearest(elements, chunk, unit(questions))
    exact_seconds = (time.perf_counter() - start) / len(questions)
    expected = [{chunk[label] for label in row} for row in labels.tolist()]
    vectors = Vectors(CollectionFolder(folder, COLLECTION))
    collection = vectors._collection  # noqa: SLF001 - the parameters are not the product's to change
    own = collection.configuration_json["hnsw"] or {}
    found: dict[str, Any] = {"exact_seconds": exact_seconds, "ef_search": own.get("ef_search"), "tried": {}}
    try:
        for effort in efforts or (None,):
            if effort is not None:
                collection.modify(configuration={"hnsw": {"ef_search": effort}})
                vectors.reload()
                collection = vectors._collection  # noqa: SLF001
            collection.query(query_embeddings=questions[:1], n_results=CHUNKS, include=[])
            begun = time.perf_counter()
            used = time.process_time()
            ids = [
                collection.query(query_embeddings=row[np.newaxis], n_results=CHUNKS, include=[])["ids"][0]
                for row in questions
            ]
            shares = [
                len(right.intersection(given[:NEAREST])) / len(right)
                for right, given in zip(expected, ids, strict=True)
            ]
            found["tried"][effort or own.get("ef_search")] = {
                "recall": float(np.mean(shares)),
                "lowest": float(np.min(shares)),
                "seconds": (time.perf_counter() - begun) / len(questions),
                "processor": (time.process_time() - used) / len(questions),
            }
    finally:
        if efforts:
            collection.modify(configuration={"hnsw": {"ef_search": int(own.get("ef_search", 0))}})
        vectors.close()
    return found
