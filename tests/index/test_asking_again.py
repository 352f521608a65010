"""Reads that a server fails at: beside the first writes of a real one, and behind a door that fails."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import ClassVar

import numpy as np
import pytest
from chroma_server import Door, Passage

from assistant import Paper, ServerError, Settings
from assistant.index.asking_again import WAITS
from assistant.index.chunking import Chunk
from assistant.index.ledger import Record, State
from assistant.index.server import ChromaServer
from assistant.index.shared_vectors import SharedVectors
from assistant.index.vectors import EmbeddedChunk, Vectors
from bench.durability.chroma_run import ChromaRun

ROWS = np.eye(384, dtype=np.float32)
RECORDS = [
    Record(
        Paper(paper_id=f"{number:015}", title=f"Kettle {number}", text="Hot."),
        shipped=False,
        state=State.PENDING,
    )
    for number in range(20)
]
CHUNKS = [
    EmbeddedChunk(record, Chunk(f"{record.paper.paper_id}-0", "Hot.", 0), row)
    for record, row in zip(RECORDS, ROWS, strict=False)
]


@contextmanager
def opened(settings: Settings) -> Iterator[Vectors]:
    with closing(ChromaServer(settings)) as server:
        yield Vectors(SharedVectors(server, "papers", "encoder"))


def test_a_search_beside_the_first_writes_is_answered(server: ChromaRun, shared: Settings) -> None:
    # For some milliseconds Chroma knows of vectors that its graph has not, and fails at each read.
    for _ in range(6):
        fresh = shared.model_copy(update={"chroma_database": server.database()})
        with opened(fresh) as writer, opened(fresh) as reader, ThreadPoolExecutor(1) as beside:
            writing = beside.submit(writer.replace, RECORDS, CHUNKS)
            while not writing.done():
                reader.search(ROWS[0], 3)
                reader.cosines(ROWS[0], [CHUNKS[0].chunk.chunk_id])
            writing.result()
            assert len(reader.search(ROWS[0], 30)) == len(RECORDS)


class Failing(Passage):
    """Gives a reply as often as is set to requests of a kind, and counts those."""

    failures: ClassVar[int]
    kind: ClassVar[str]
    reply: ClassVar[tuple[int, bytes]]
    asked: ClassVar[int]

    def through(self, command: str, path: str, body: bytes) -> tuple[int, bytes]:
        if path.endswith(f"/{self.kind}"):
            Failing.asked += 1
            if Failing.asked <= self.failures:
                return self.reply
        return super().through(command, path, body)


FAILED = 500, b'{"error": "InternalError", "message": "Nothing found on disk"}'
WITHOUT_VECTORS = 200, b'{"ids":["0"],"embeddings":[null],"include":["embeddings"]}'


def fails(times: int, kind: str, reply: tuple[int, bytes] = FAILED) -> None:
    Failing.failures, Failing.kind, Failing.reply, Failing.asked = times, kind, reply, 0


@pytest.fixture
def door(server: ChromaRun) -> Iterator[Door]:
    fails(0, "query")
    door = Door(server.port, passage=Failing)
    yield door
    door.close()


def test_a_server_that_fails_at_a_read_is_asked_again(door: Door, shared: Settings) -> None:
    with opened(shared.model_copy(update={"chroma_url": door.url})) as vectors:
        fails(2, "query")
        assert vectors.search(ROWS[0], 3) == {}
        assert Failing.asked == 3
        fails(100, "query")
        with pytest.raises(ServerError, match="Nothing found on disk"):
            vectors.search(ROWS[0], 3)
        assert Failing.asked == 1 + len(WAITS)


def test_so_is_one_that_gives_entries_without_their_vectors(door: Door, shared: Settings) -> None:
    with opened(shared.model_copy(update={"chroma_url": door.url})) as vectors:
        fails(2, "get", WITHOUT_VECTORS)
        assert vectors.cosines(ROWS[0], ["0"]) == {}
        assert Failing.asked == 3


def test_a_server_that_fails_at_a_write_is_not_told_again(door: Door, shared: Settings) -> None:
    with opened(shared.model_copy(update={"chroma_url": door.url})) as vectors:
        fails(1, "upsert")
        with pytest.raises(ServerError, match="Nothing found on disk"):
            vectors.replace(RECORDS, CHUNKS)
        assert Failing.asked == 1
