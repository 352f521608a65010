"""The chunks and their vectors, in Chroma. Nothing else imports chromadb."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from assistant.errors import DamageError, HomeError
from assistant.index.checksums import Sketches, sketch
from assistant.index.chunking import Chunk
from assistant.index.encoder import Matrix, Vector
from assistant.index.full import disk_is_full
from assistant.index.ledger import Record, content_hash
from assistant.index.words import day_number

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.models.Collection import Collection

COLLECTION = "papers"

HNSW: "CreateHNSWConfiguration" = {"space": "cosine", "ef_search": 2_400}
"""What a new collection is searched by; one that is there keeps its own."""

BATCH = 1_000
"""Chunks read at a time where all are gone through."""
SAME = 1e-5
"""The cosine distance under which two vectors are one."""


@dataclass(frozen=True, slots=True)
class EmbeddedChunk:
    """A chunk, the paper it is of, and its vector."""

    record: Record
    chunk: Chunk
    vector: Vector


@dataclass(frozen=True, slots=True)
class HeldChunk:
    """A chunk as Chroma gives it back."""

    chunk_id: str
    text: str
    metadata: Mapping[str, Any]
    sketch: tuple[float, float]
    """Of its vector."""
    found: bool
    """Whether the search for its vector gives it, or one just like it."""


class Vectors:
    """The Chroma collection of a home.

    Chroma loses vectors when two processes write one folder, and answers from an old state when another
    process has written since it was opened: writes go through the home's lock, and `reload` opens it again.
    """

    def __init__(self, folder: Path) -> None:
        """Open the collection, creating it where it is missing.

        Raises:
            DamageError: Chroma cannot open the folder.
            HomeError: the disk is full.
        """
        self._folder = folder
        self._lock = threading.Lock()
        self._client, self._collection = self._open()

    def _open(self) -> "tuple[Client, Collection]":
        import chromadb
        from chromadb.api.shared_system_client import SharedSystemClient
        from chromadb.config import Settings

        with self._told():
            try:
                client = cast(
                    "Client",
                    chromadb.PersistentClient(
                        str(self._folder), settings=Settings(anonymized_telemetry=False)
                    ),
                )
            except BaseException:
                # What failed to start stays in Chroma's table, and would be given for the folder made anew.
                if str(self._folder) not in SharedSystemClient._identifier_to_refcount:  # noqa: SLF001
                    SharedSystemClient._identifier_to_system.pop(str(self._folder), None)  # noqa: SLF001
                raise
            try:
                collection = client.get_or_create_collection(
                    COLLECTION, embedding_function=None, configuration={"hnsw": HNSW}
                )
            except BaseException:
                # A client that stays open would be given back for the same folder made anew.
                client.close()
                raise
        return client, collection

    @contextmanager
    def _told(self, *, writing: bool = False) -> Iterator[None]:
        """Say in a sentence what Chroma says about its files."""
        try:
            yield
        except HomeError:
            raise
        except BaseException as error:
            # A panic of Chroma's Rust is no Exception.
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            if disk_is_full(error):
                raise HomeError(
                    f"The disk took no more of {self._folder}: make room, and run the command again, "
                    "which goes on where it was."
                ) from error
            if writing:
                # On a full disk Chroma says which of its steps failed, and not always why.
                raise HomeError(
                    f"The vectors in {self._folder} could not be written ({error}): make room on the disk "
                    "and run the command again, or, where that does not help, run assistant ingest --rebuild."
                ) from error
            raise DamageError(
                f"The vectors in {self._folder} cannot be used ({error}): run assistant ingest --rebuild."
            ) from error

    def reload(self) -> None:
        """See what other processes have written since the collection was opened."""
        with self._lock, self._told():
            # Clients of one folder share a system: only closing the last one lets go of the old state.
            self._client.close()
            self._client, self._collection = self._open()

    def close(self) -> None:
        """Let go of the folder."""
        with self._lock:
            self._client.close()

    def replace(self, records: Sequence[Record], embedded: Sequence[EmbeddedChunk]) -> None:
        """Hold these chunks in place of whatever is held of these papers; on disk on return."""
        with self._lock, self._told(writing=True):
            self._forget(records)
            batch_size = self._client.get_max_batch_size()
            for start in range(0, len(embedded), batch_size):
                batch = embedded[start : start + batch_size]
                self._collection.upsert(
                    ids=[item.chunk.chunk_id for item in batch],
                    embeddings=np.stack([item.vector for item in batch]),
                    documents=[item.chunk.text for item in batch],
                    metadatas=[_metadata(item) for item in batch],
                )

    def forget(self, records: Sequence[Record]) -> None:
        """Delete whatever is held of these papers."""
        with self._lock, self._told(writing=True):
            self._forget(records)

    def _forget(self, records: Sequence[Record]) -> None:
        if records:
            where: Any = {"paper_id": {"$in": [record.paper.paper_id for record in records]}}
            self._collection.delete(where=where)

    def count(self) -> int:
        """Count the chunks."""
        with self._lock, self._told():
            return self._collection.count()

    def sketches(self) -> dict[str, tuple[float, float]]:
        """Give the sketch of every vector, by chunk."""
        with self._lock, self._told():
            return {
                key: (float(row[0]), float(row[1]))
                for ids, rows, _ in self._all(["embeddings"])
                for key, row in zip(ids, rows, strict=True)
            }

    def each(self) -> Iterator[HeldChunk]:
        """Go through all chunks, and search for each."""
        with self._lock, self._told():
            for ids, rows, found in self._all(["embeddings", "documents", "metadatas"]):
                # A chunk just like another may be found in its place: their distance from each other is none.
                nearest = self._collection.query(
                    query_embeddings=found["embeddings"], n_results=1, include=["distances"]
                )
                first = zip(ids, nearest["ids"], nearest["distances"] or [], strict=True)
                is_found = [own in others or min(away, default=1.0) < SAME for own, others, away in first]
                texts, metadatas = found["documents"] or [], found["metadatas"] or []
                for key, row, text, metadata, seen in zip(ids, rows, texts, metadatas, is_found, strict=True):
                    yield HeldChunk(key, text, metadata or {}, (float(row[0]), float(row[1])), seen)

    def _all(self, include: list[Any]) -> Iterator[tuple[list[str], Sketches, Any]]:
        offset = 0
        while (found := self._collection.get(limit=BATCH, offset=offset, include=include))["ids"]:
            yield found["ids"], sketch(np.asarray(found["embeddings"])), found
            offset += len(found["ids"])

    def search(
        self, vector: Vector, limit: int, *, since: date | None = None, until: date | None = None
    ) -> dict[str, float]:
        """Score papers by the cosine of their nearest chunk.

        Returns:
            Cosines by paper, from the nearest `limit` chunks, best first. Papers without a date
            are left out when a bound is given.
        """
        bounds: list[Any] = []
        if since is not None:
            bounds.append({"published": {"$gte": day_number(since)}})
        if until is not None:
            bounds.append({"published": {"$lte": day_number(until)}})
        where: Any = {"$and": bounds} if len(bounds) > 1 else bounds[0] if bounds else None
        query: Matrix = vector[np.newaxis]
        with self._lock, self._told():
            found = self._collection.query(
                query_embeddings=query, n_results=limit, where=where, include=["distances"]
            )
        # Chroma gives None for what was not asked for; distances were. Metadata would take four times as
        # long, and a chunk's identifier begins with its paper's.
        distances = found["distances"] or [[]]
        scores: dict[str, float] = {}
        for chunk_id, distance in zip(found["ids"][0], distances[0], strict=True):
            scores.setdefault(chunk_id.rpartition("-")[0], 1.0 - distance)
        return scores


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
