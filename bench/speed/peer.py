"""LlamaIndex with Chroma as their starter guides write it: what the assistant's speed is measured against.

    python peer.py ask|ingest|warm|throughput MODEL TOKENIZER FOLDER [FILE]

After LlamaIndex's guide to its Chroma vector store and its guide to custom embeddings. The encoder is the
same graph through the same onnxruntime, each batch padded to its longest text; everything else is a default.
Nothing of the assistant is imported.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
import onnxruntime
from llama_index.core import Document, StorageContext, VectorStoreIndex
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.retrievers import BaseRetriever
from llama_index.vector_stores.chroma import ChromaVectorStore
from tokenizers import Tokenizer

TOP = 5
"""Texts that a question brings: as many papers as the assistant reads."""


class MiniLM(BaseEmbedding):
    """all-MiniLM-L6-v2 through onnxruntime."""

    def __init__(self, model: str, tokenizer: str) -> None:
        super().__init__(model_name="all-MiniLM-L6-v2")
        self._session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(tokenizer)
        self._tokenizer.enable_truncation(512)
        self._tokenizer.enable_padding()

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        encoded = self._tokenizer.encode_batch(texts)
        ids = np.array([each.ids for each in encoded], np.int64)
        mask = np.array([each.attention_mask for each in encoded], np.int64)
        (states,) = self._session.run(None, {"input_ids": ids, "attention_mask": mask})
        weights = mask[..., np.newaxis].astype(np.float32)
        means = (states * weights).sum(axis=1) / weights.sum(axis=1)
        found: list[list[float]] = (means / np.linalg.norm(means, axis=1, keepdims=True)).tolist()
        return found

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)


def warm(retriever: BaseRetriever, questions: list[str]) -> dict[str, list[float]]:
    """Put each question; gives the seconds of each."""
    retriever.retrieve(questions[0])
    seconds = []
    for question in questions:
        begun = time.perf_counter()
        retriever.retrieve(question)
        seconds.append(time.perf_counter() - begun)
    return {"whole": seconds}


def throughput(retriever: BaseRetriever, questions: list[str], callers: list[int]) -> dict[str, float]:
    """Have so many callers put the questions between them; gives questions a second by callers."""
    retriever.retrieve(questions[0])

    async def ask(waiting: list[str]) -> None:
        while waiting:
            await retriever.aretrieve(waiting.pop())

    async def ask_all(count: int) -> float:
        waiting = list(questions)
        begun = time.perf_counter()
        await asyncio.gather(*(ask(waiting) for _ in range(count)))
        return len(questions) / (time.perf_counter() - begun)

    return {str(count): asyncio.run(ask_all(count)) for count in callers}


def main() -> None:
    """Do what is asked for, and print what it gave."""
    mode, model, tokenizer, folder, *rest = sys.argv[1:]
    embedding: Any = MiniLM(model, tokenizer)
    collection = chromadb.PersistentClient(path=folder).get_or_create_collection("quickstart")
    store = ChromaVectorStore(chroma_collection=collection)
    if mode == "ingest":
        papers = [json.loads(line) for line in Path(rest[0]).read_text().splitlines()]
        begun = time.perf_counter()
        documents = [Document(text=f"{paper['title']}\n\n{paper['text']}") for paper in papers]
        VectorStoreIndex.from_documents(
            documents,
            storage_context=StorageContext.from_defaults(vector_store=store),
            embed_model=embedding,
        )
        print(json.dumps({"work": time.perf_counter() - begun}))
        return
    index = VectorStoreIndex.from_vector_store(store, embed_model=embedding)
    retriever = index.as_retriever(similarity_top_k=TOP)
    if mode == "ask":
        for found in retriever.retrieve(rest[0]):
            print(found.text)
    else:
        questions = json.loads(Path(rest[0]).read_text())
        if mode == "warm":
            print(json.dumps(warm(retriever, questions)))
        else:
            print(json.dumps(throughput(retriever, questions, [int(each) for each in rest[1:]])))


if __name__ == "__main__":
    main()
