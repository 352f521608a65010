"""LlamaIndex over Chroma, as the starter guides of both write it. Importing this takes seconds.

Chunks, distances and all else are defaults. Only two things are chosen: the encoder is ours (the same
weights, and a window of 512 tokens where the usual wrappers cut at 256), and as many nodes are asked for as
the other searches bring papers.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import chromadb
from chromadb.config import Settings
from llama_index.core import Document, StorageContext, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.vector_stores.chroma import ChromaVectorStore

from assistant.corpus import Paper
from assistant.index.encoder import Encoder
from bench.retrieval.systems import DEPTH, Ranking, Search

if TYPE_CHECKING:
    from chromadb.api.client import Client


class MiniLMEmbedding(BaseEmbedding):
    """Our encoder as LlamaIndex wants one."""

    _encoder: Encoder = PrivateAttr()

    def __init__(self, encoder: Encoder) -> None:
        """Stand on an encoder."""
        # Larger batches than the default of 10 are quicker and change no vector.
        super().__init__(model_name=encoder.name, embed_batch_size=64)
        self._encoder = encoder

    def _get_text_embeddings(self, texts: Sequence[str]) -> list[list[float]]:
        return [encoding.pooled().tolist() for encoding in self._encoder.encode(texts)]

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)


def build(folder: Path, papers: Sequence[Paper], encoder: Encoder) -> None:
    """Index papers into a folder, unless it holds their finished index."""
    finished = folder / "finished"
    if finished.exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    with _store(folder) as store:
        VectorStoreIndex.from_documents(
            # As a file with the title above the abstract would be read.
            [Document(text=f"{paper.title}\n\n{paper.text}", id_=paper.paper_id) for paper in papers],
            storage_context=StorageContext.from_defaults(vector_store=store),
            embed_model=MiniLMEmbedding(encoder),
            show_progress=True,
        )
    finished.touch()


@contextmanager
def opened(folder: Path, encoder: Encoder) -> Iterator[Search]:
    """Open an index that was built."""
    with _store(folder) as store:
        index = VectorStoreIndex.from_vector_store(store, embed_model=MiniLMEmbedding(encoder))
        retriever = index.as_retriever(similarity_top_k=DEPTH)

        def search(text: str) -> Ranking:
            nodes = [found.node for found in retriever.retrieve(text)]
            return Ranking(list(dict.fromkeys(node.ref_doc_id for node in nodes if node.ref_doc_id)))

        yield search


@contextmanager
def _store(folder: Path) -> Iterator[ChromaVectorStore]:
    client = cast(
        "Client", chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))
    )
    try:
        yield ChromaVectorStore(chroma_collection=client.get_or_create_collection("quickstart"))
    finally:
        client.close()
