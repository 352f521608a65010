"""The chunks and their vectors, in Chroma. Nothing else imports chromadb."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from assistant.errors import HomeError
from assistant.index.chunking import Chunk
from assistant.index.encoder import Matrix, Vector
from assistant.index.ledger import Record, content_hash
from assistant.index.words import day_number

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection

COLLECTION = "papers"


@dataclass(frozen=True, slots=True)
class EmbeddedChunk:
    """A chunk, the paper it is of, and its vector."""

    record: Record
    chunk: Chunk
    vector: Vector


class Vectors:
    """The Chroma collection of a home.

    Chroma loses vectors when two processes write one folder, and answers from an old state when another
    process has written since it was opened: writes go through the home's lock, and `reload` opens it again.
    """

    def __init__(self, folder: Path) -> None:
        """Open the collection, creating it where it is missing.

        Raises:
            HomeError: Chroma cannot open the folder.
        """
        self._folder = folder
        self._lock = threading.Lock()
        self._client, self._collection = self._open()

    def _open(self) -> "tuple[Client, Collection]":
        import chromadb
        from chromadb.config import Settings
        from chromadb.errors import ChromaError

        try:
            client = cast(
                "Client",
                chromadb.PersistentClient(str(self._folder), settings=Settings(anonymized_telemetry=False)),
            )
            collection = client.get_or_create_collection(
                COLLECTION, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
            )
        except (ChromaError, ValueError, OSError, RuntimeError) as error:
            raise HomeError(
                f"The vectors in {self._folder} cannot be opened ({error}): run assistant ingest --rebuild."
            ) from error
        return client, collection

    def reload(self) -> None:
        """See what other processes have written since the collection was opened."""
        with self._lock:
            # Clients of one folder share a system: only closing the last one lets go of the old state.
            self._client.close()
            self._client, self._collection = self._open()

    def close(self) -> None:
        """Let go of the folder."""
        with self._lock:
            self._client.close()

    def replace(self, records: Sequence[Record], embedded: Sequence[EmbeddedChunk]) -> None:
        """Hold these chunks in place of whatever is held of these papers; on disk on return."""
        with self._lock:
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
        with self._lock:
            self._forget(records)

    def _forget(self, records: Sequence[Record]) -> None:
        if records:
            where: Any = {"paper_id": {"$in": [record.paper.paper_id for record in records]}}
            self._collection.delete(where=where)

    def count(self) -> int:
        """Count the chunks."""
        with self._lock:
            return self._collection.count()

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
        with self._lock:
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
