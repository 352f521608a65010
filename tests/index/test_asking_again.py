"""Reads that a server fails at: beside the first writes of a real one, and behind a door that fails."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import ClassVar

import numpy as np
import pytest
from chroma_server import ChromaRun, Door, Passage

from assistant import Paper, ServerError, Settings
from assistant.index.asking_again import WAITS
from assistant.index.chunking import Chunk
from assistant.index.ledger import Record, State
from assistant.index.server import ChromaServer
from assistant.index.shared_vectors import SharedVectors
from assistant.index.vectors import EmbeddedChunk, Vectors

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
    """Fails as often as is set at requests that search or write, and notes them."""

    failures: ClassVar[int]
    asked: ClassVar[list[str]]

    def through(self, command: str, path: str, body: bytes) -> tuple[int, bytes]:
        name = path.rpartition("/")[2]
        if name in {"query", "upsert"}:
            self.asked.append(name)
            if len(self.asked) <= self.failures:
                return 500, b'{"error": "InternalError", "message": "Nothing found on disk"}'
        return super().through(command, path, body)


@pytest.fixture
def door(server: ChromaRun) -> Iterator[Door]:
    door = Door(server.port, passage=Failing)
    yield door
    door.close()


def test_a_server_that_fails_at_a_read_is_asked_again(door: Door, shared: Settings) -> None:
    with opened(shared.model_copy(update={"chroma_url": door.url})) as vectors:
        Failing.failures, Failing.asked = 2, []
        assert vectors.search(ROWS[0], 3) == {}
        assert Failing.asked == ["query"] * 3
        Failing.failures, Failing.asked = 100, []
        with pytest.raises(ServerError, match="Nothing found on disk"):
            vectors.search(ROWS[0], 3)
        assert Failing.asked == ["query"] * (1 + len(WAITS))


def test_a_server_that_fails_at_a_write_is_not_told_again(door: Door, shared: Settings) -> None:
    with opened(shared.model_copy(update={"chroma_url": door.url})) as vectors:
        Failing.failures, Failing.asked = 1, []
        with pytest.raises(ServerError, match="Nothing found on disk"):
            vectors.replace(RECORDS, CHUNKS)
        assert Failing.asked == ["upsert"]
