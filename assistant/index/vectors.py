"""The chunks and their vectors, in a collection of Chroma: a folder's, or a server's."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from assistant.index.checksums import TOLERANCE, Sketches, sketch
from assistant.index.chunking import Chunk, chunk_id
from assistant.index.encoder import Matrix, Vector, unit
from assistant.index.ledger import Record, content_hash
from assistant.index.multiplying import multiply
from assistant.index.place import Place
from assistant.index.reaching import mend, reached, until_reached
from assistant.index.sparse import KEY, paper_vector, question_vector
from assistant.index.words import day_number

TURN = 0.001
"""Seconds in which whoever waits for the collection can get it: a lock alone is not fair."""

LOOKED_THROUGH = 2_000
"""Chunks up to which a collection is looked through for those that are not found; each takes a search."""


@dataclass(frozen=True, slots=True)
class EmbeddedChunk:
    """A chunk, the paper it is of, and its vector."""

    record: Record
    chunk: Chunk
    vector: Vector


@dataclass(frozen=True, slots=True)
class ChunkText:
    """What Chroma holds of a chunk beside its vector."""

    text: str
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HeldChunk:
    """A chunk as Chroma gives it back."""

    chunk_id: str
    held: ChunkText
    sketch: tuple[float, float]
    """Of its vector."""
    found: bool
    """Whether the search for its vector gives it, or one just like it."""

    @property
    def paper_id(self) -> str:
        """The paper it is of."""
        return self.chunk_id.rpartition("-")[0]


class Vectors:
    """A Chroma collection. Safe to use from several threads."""

    def __init__(self, place: Place) -> None:
        """Open the collection, creating it where it is missing.

        Raises:
            DamageError: Chroma cannot open the folder.
            HomeError: the disk is full.
            ServerError: the server cannot be used.
        """
        self._place = place
        self._lock = threading.Lock()
        self._collection = place.open()

    @property
    def ranks_words(self) -> bool:
        """Whether the collection ranks papers by BM25 too."""
        return self._place.ranks_words()

    def reload(self) -> None:
        """See what other processes have written since the collection was opened."""
        with self._lock:
            self._collection = self._place.reopen()

    def close(self) -> None:
        """Let go of the collection."""
        with self._lock:
            self._place.close()

    def replace(
        self, records: Sequence[Record], embedded: Sequence[EmbeddedChunk], *, thinned: bool = False
    ) -> None:
        """Hold these chunks in place of whatever is held of these papers; on disk on return.

        Chunks that are held as they are given, and found, are left alone. Of others the former ones are
        deleted first, and missed for that moment: where hnswlib writes over a vector, it now and then
        keeps no way to another one. On a server they are written over all the same, so that other homes
        find them meanwhile. What is written over, or where many vectors are deleted, may have no way that
        leads to it, or take another's: it is then searched for, and given new neighbours.

        Args:
            records: the papers.
            embedded: all of their chunks.
            thinned: whether vectors may have been deleted from the folder before.
        """
        if not records:
            return
        given = {item.chunk.chunk_id: item for item in embedded}
        with self._lock, self._place.told(writing=True):
            stale, held = self._compared(records, given)
            self._delete(stale)
            lacking = [key for key in given if key not in held]
            self._write([given[key] for key in lacking])
            # Chroma Cloud ranks words, and has another index than hnswlib's, which mends itself.
            if not self.ranks_words and (thinned or stale or self._place.is_shared()):
                until_reached(lambda: (mend(self._collection, page) for page in self._each(lacking)))

    def _compared(
        self, records: Sequence[Record], given: Mapping[str, EmbeddedChunk]
    ) -> tuple[list[str], set[str]]:
        """List the chunks that have to be deleted first, and those that are as they should be."""
        shared = self._place.is_shared()
        stale: dict[str, None] = {}
        held = set()
        for chunk in self._held(_of(records)):
            item = given.get(chunk.chunk_id)
            if item is not None and self._is_held(item, chunk):
                held.add(chunk.chunk_id)
            # What is written over keeps the metadata that its successor has not.
            elif not shared or item is None or chunk.held.metadata.keys() - self._metadata(item).keys():
                stale[chunk.chunk_id] = None
        return list(stale), held

    def mend(self) -> None:
        """Search for each chunk, unless they are more than `LOOKED_THROUGH`, and mend the way to it."""
        if not self.ranks_words and self.count() <= LOOKED_THROUGH:
            until_reached(self._mend_in_turn)

    def _mend_in_turn(self) -> Iterator[int]:
        """Mend page by page, and let others search in between; gives how many of each were not reached."""
        size, offset = self._place.page_size(), 0
        while True:
            with self._lock, self._place.told(writing=True):
                page = self._collection.get(limit=size, offset=offset, include=["embeddings"])
                lost = mend(self._collection, page)
            yield lost
            if len(page["ids"]) < size:
                return
            offset += size
            time.sleep(TURN)

    def _each(self, chunk_ids: Sequence[str]) -> Iterator[Any]:
        """Get the vectors of some chunks, as many at a time as the place gives."""
        size = self._place.page_size()
        for start in range(0, len(chunk_ids), size):
            yield self._collection.get(ids=list(chunk_ids[start : start + size]), include=["embeddings"])

    def _is_held(self, item: EmbeddedChunk, held: HeldChunk) -> bool:
        return (
            held.found
            and held.held == ChunkText(item.chunk.text, self._metadata(item))
            and np.allclose(sketch(item.vector[np.newaxis]), held.sketch, rtol=0, atol=TOLERANCE)
        )

    def _write(self, embedded: Sequence[EmbeddedChunk]) -> None:
        size = self._place.batch_size()
        for start in range(0, len(embedded), size):
            batch = embedded[start : start + size]
            self._collection.upsert(
                ids=[item.chunk.chunk_id for item in batch],
                embeddings=np.stack([item.vector for item in batch]),
                documents=[item.chunk.text for item in batch],
                metadatas=[self._metadata(item) for item in batch],
            )

    def forget(self, records: Sequence[Record]) -> None:
        """Delete whatever is held of these papers."""
        if records:
            with self._lock, self._place.told(writing=True):
                self._collection.delete(where=_of(records))

    def texts(self, records: Sequence[Record]) -> dict[str, dict[str, ChunkText]]:
        """Give what is held of some papers, at least one, but their vectors: by paper and chunk."""
        held: dict[str, dict[str, ChunkText]] = {}
        with self._lock, self._place.told():
            for page in self._pages(["documents", "metadatas"], _of(records)):
                for key, text, metadata in zip(
                    page["ids"], page["documents"], page["metadatas"], strict=True
                ):
                    held.setdefault(key.rpartition("-")[0], {})[key] = ChunkText(text or "", metadata or {})
        return held

    def chunk_ids(self) -> list[str]:
        """List all chunks."""
        with self._lock, self._place.told():
            return [key for page in self._pages([]) for key in page["ids"]]

    def discard(self, chunk_ids: Sequence[str]) -> None:
        """Delete chunks."""
        with self._lock, self._place.told(writing=True):
            self._delete(chunk_ids)

    def _delete(self, chunk_ids: Sequence[str]) -> None:
        size = self._place.batch_size()
        for start in range(0, len(chunk_ids), size):
            self._collection.delete(ids=list(chunk_ids[start : start + size]))

    def _pages(self, include: list[Any], where: Any = None) -> Iterator[Any]:
        """Get chunks, as many at a time as the place gives."""
        size, offset = self._place.page_size(), 0
        while True:
            found = self._collection.get(where=where, limit=size, offset=offset, include=include)
            yield found
            if len(found["ids"]) < size:
                return
            offset += size

    def count(self) -> int:
        """Count the chunks."""
        with self._lock, self._place.told():
            return self._collection.count()

    def sketches(self) -> dict[str, tuple[float, float]]:
        """Give the sketch of every vector, by chunk."""
        with self._lock, self._place.told():
            return {
                key: (float(row[0]), float(row[1]))
                for ids, rows, _ in self._sketched(["embeddings"])
                for key, row in zip(ids, rows, strict=True)
            }

    def each(self) -> Iterator[HeldChunk]:
        """Go through all chunks, and search for each."""
        with self._lock, self._place.told():
            yield from self._held()

    def _held(self, where: Any = None) -> Iterator[HeldChunk]:
        for ids, rows, found in self._sketched(["embeddings", "documents", "metadatas"], where):
            texts, metadatas = found["documents"] or [], found["metadatas"] or []
            are_found = reached(self._collection, found)
            for key, row, text, metadata, seen in zip(ids, rows, texts, metadatas, are_found, strict=True):
                yield HeldChunk(
                    key, ChunkText(text or "", metadata or {}), (float(row[0]), float(row[1])), seen
                )

    def _sketched(self, include: list[Any], where: Any = None) -> Iterator[tuple[list[str], Sketches, Any]]:
        for found in self._pages(include, where):
            if found["ids"]:
                yield found["ids"], sketch(np.asarray(found["embeddings"])), found

    def search(
        self, vector: Vector, limit: int, *, since: date | None = None, until: date | None = None
    ) -> dict[str, float]:
        """Score papers by the cosine of their nearest chunk.

        Returns:
            Cosines by paper, from the nearest `limit` chunks, best first. Papers without a date
            are left out when a bound is given.
        """
        query: Matrix = vector[np.newaxis]
        with self._lock, self._place.told():
            found = self._collection.query(
                query_embeddings=query, n_results=limit, where=_dated(since, until), include=["distances"]
            )
        # Chroma gives None for what was not asked for; distances were. Metadata would take four times as
        # long, and a chunk's identifier begins with its paper's.
        return _of_nearest(found["ids"][0], (found["distances"] or [[]])[0])

    def cosines(self, vector: Vector, chunk_ids: Sequence[str]) -> dict[str, float]:
        """Score papers by the cosine of the nearest of these chunks; best first."""
        scores: dict[str, float] = {}
        with self._lock, self._place.told():
            for found in self._each(chunk_ids):
                if found["ids"]:
                    rows: Matrix = np.asarray(found["embeddings"], np.float32)
                    (near,) = multiply(unit(rows), vector[:, np.newaxis]).T
                    for key, cosine in zip(found["ids"], near.tolist(), strict=True):
                        paper = key.rpartition("-")[0]
                        scores[paper] = max(cosine, scores.get(paper, -1.0))
        return dict(sorted(scores.items(), key=lambda item: -item[1]))

    def search_with_words(
        self,
        vector: Vector,
        question: str,
        limit: int,
        *,
        since: date | None = None,
        until: date | None = None,
    ) -> tuple[dict[str, float], dict[str, float]]:
        """Score papers by cosine and by BM25 in one request, where `ranks_words`.

        Returns:
            As `search` gives them, and as `Words.search` does: at most as many as the place gives at once.
        """
        from chromadb import K, Knn, Search

        most = self._place.page_size()
        words = question_vector(question)
        ranks = [Knn(query=vector, limit=min(limit, most))]
        if words is not None:
            ranks.append(Knn(query=words, key=KEY, limit=most))
        searches = [
            Search(where=_dated(since, until), rank=rank, limit=rank.limit, select={K.SCORE.name})
            for rank in ranks
        ]
        with self._lock, self._place.told():
            found = self._collection.search(searches)
            scores = [
                _of_nearest(ids, each or []) for ids, each in zip(found["ids"], found["scores"], strict=True)
            ]
        # A score is a distance here: 1 minus the product. Of what is not indexed yet, all has one.
        matches = {key: score for key, score in scores[1].items() if score > 0} if words is not None else {}
        return scores[0], matches

    def _metadata(self, item: EmbeddedChunk) -> dict[str, Any]:
        metadata: dict[str, Any] = _metadata(item)
        paper = item.record.paper
        if self.ranks_words and item.chunk.chunk_id == chunk_id(paper.paper_id, 0):
            metadata[KEY] = paper_vector(paper)
        return metadata


def _dated(since: date | None, until: date | None) -> Any:
    bounds: list[Any] = []
    if since is not None:
        bounds.append({"published": {"$gte": day_number(since)}})
    if until is not None:
        bounds.append({"published": {"$lte": day_number(until)}})
    return {"$and": bounds} if len(bounds) > 1 else bounds[0] if bounds else None


def _of_nearest(chunk_ids: Sequence[str], distances: Sequence[float | None]) -> dict[str, float]:
    """Give papers the nearness of their nearest chunk; nearest first."""
    scores: dict[str, float] = {}
    for key, distance in zip(chunk_ids, distances, strict=True):
        if distance is not None:
            scores.setdefault(key.rpartition("-")[0], 1.0 - distance)
    return scores


def _of(records: Sequence[Record]) -> Any:
    return {"paper_id": {"$in": [record.paper.paper_id for record in records]}}


def _metadata(item: EmbeddedChunk) -> dict[str, str | int]:
    paper = item.record.paper
    # Flat and titled, so that LlamaIndex's ChromaVectorStore reads our collection as nodes with titles.
    metadata: dict[str, str | int] = {
        "paper_id": paper.paper_id,
        "title": paper.title,
        "start": item.chunk.start,
        "content_hash": content_hash(paper),
    }
    if paper.published is not None:
        metadata["published"] = day_number(paper.published)
    return metadata
