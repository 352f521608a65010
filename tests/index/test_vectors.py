"""The vectors in Chroma: replacing, forgetting, dates, and what LlamaIndex sees in the folder."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant import HomeError, Paper
from assistant.corpus import paper_id
from assistant.index.chunking import Chunk
from assistant.index.encoder import Vector, unit
from assistant.index.folder import CollectionFolder
from assistant.index.ledger import Record, State
from assistant.index.place import COLLECTION, Place
from assistant.index.reaching import TRIES, mend
from assistant.index.server import ChromaServer
from assistant.index.shared_vectors import SharedVectors
from assistant.index.vectors import EmbeddedChunk, Vectors


def record(title: str, published: date | None = None) -> Record:
    paper = Paper(paper_id=paper_id(title), title=title, text=f"All about {title}.", published=published)
    return Record(paper, shipped=False, state=State.PENDING)


def chunk(of: Record, number: int, direction: dict[int, float]) -> EmbeddedChunk:
    """A chunk whose vector has these components, at length 1."""
    vector = np.zeros(384, np.float32)
    for axis, value in direction.items():
        vector[axis] = value
    text = f"{of.paper.text} Part {number}."
    return EmbeddedChunk(of, Chunk(f"{of.paper.paper_id}-{number}", text, 10 * number), unit(vector))


def axis(number: int) -> Vector:
    return np.asarray(np.eye(384)[number], np.float32)


KETTLE = record("Kettles", date(2021, 3, 4))
GLACIER = record("Glaciers", date(2022, 12, 31))
UNDATED = record("Undated")
CHUNKS = [
    chunk(KETTLE, 0, {0: 1.0}),
    chunk(KETTLE, 1, {0: 0.6, 1: 0.8}),
    chunk(GLACIER, 0, {1: 1.0}),
    chunk(UNDATED, 0, {0: 0.8, 2: 0.6}),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "vectors"


@pytest.fixture
def vectors(folder: Path) -> Iterator[Vectors]:
    vectors = Vectors(CollectionFolder(folder, COLLECTION))
    vectors.replace([KETTLE, GLACIER, UNDATED], CHUNKS)
    yield vectors
    vectors.close()


def scores(vectors: Vectors, query: Vector, limit: int = 10, **bounds: Any) -> dict[str, float]:
    by_id = {one.paper.paper_id: one.paper.title for one in (KETTLE, GLACIER, UNDATED)}
    return {by_id[key]: score for key, score in vectors.search(query, limit, **bounds).items()}


def test_a_paper_scores_the_cosine_of_its_nearest_chunk(vectors: Vectors) -> None:
    assert scores(vectors, axis(0)) == pytest.approx(
        {"Kettles": 1.0, "Undated": 0.8, "Glaciers": 0.0}, abs=1e-5
    )
    assert scores(vectors, axis(1)) == pytest.approx(
        {"Glaciers": 1.0, "Kettles": 0.8, "Undated": 0.0}, abs=1e-5
    )
    assert list(scores(vectors, axis(0))) == ["Kettles", "Undated", "Glaciers"]


def test_the_nearest_chunks_are_as_many_as_asked_for(vectors: Vectors) -> None:
    assert list(scores(vectors, axis(0), 1)) == ["Kettles"]


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({"since": date(2022, 1, 1)}, {"Glaciers"}),
        ({"until": date(2022, 1, 1)}, {"Kettles"}),
        ({"since": date(2021, 3, 4), "until": date(2022, 12, 31)}, {"Kettles", "Glaciers"}),
        ({"since": date(2023, 1, 1)}, set()),
    ],
)
def test_dates_bound_the_search_and_leave_out_the_undated(
    vectors: Vectors, bounds: dict[str, Any], expected: set[str]
) -> None:
    assert set(scores(vectors, axis(0), **bounds)) == expected


def test_replacing_forgets_chunks_that_are_no_more(vectors: Vectors) -> None:
    vectors.replace([KETTLE], [chunk(KETTLE, 0, {5: 1.0})])
    assert vectors.count() == 3
    assert scores(vectors, axis(5))["Kettles"] == pytest.approx(1.0, abs=1e-5)
    assert scores(vectors, axis(0))["Kettles"] == pytest.approx(0.0, abs=1e-5)


def written(folder: Path) -> list[tuple[int, str]]:
    """What was done to which chunk, in order, as Chroma's log has it."""
    with closing(sqlite3.connect(folder / "chroma.sqlite3")) as database:
        return database.execute("SELECT operation, id FROM embeddings_queue ORDER BY seq_id").fetchall()


UPDATE, UPSERT, DELETE = 1, 2, 3
LOST = CHUNKS[1].chunk.chunk_id


def all_but_one(_: Any, page: Any) -> list[bool]:
    """Say that every chunk of a page is found but `LOST`."""
    return [key != LOST for key in page["ids"]]


def test_no_vector_is_written_over_and_none_that_stays_is_touched(vectors: Vectors, folder: Path) -> None:
    # Where hnswlib writes over a vector, one nearby may be found no more: seldom, and not each time.
    before = written(folder)
    vectors.replace([KETTLE, GLACIER, UNDATED], CHUNKS)
    assert written(folder) == before
    changed = chunk(KETTLE, 0, {7: 1.0})
    vectors.replace([KETTLE, GLACIER, UNDATED], [*CHUNKS[1:], changed])
    key = changed.chunk.chunk_id
    assert written(folder) == [*before, (DELETE, key), (UPSERT, key)]
    assert vectors.count() == 4
    assert scores(vectors, axis(7))["Kettles"] == pytest.approx(1.0, abs=1e-5)


def test_a_chunk_that_is_held_and_not_found_is_written_again(
    vectors: Vectors, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.index.vectors.reached", all_but_one)
    before = written(folder)
    vectors.replace([KETTLE, GLACIER, UNDATED], CHUNKS)
    assert written(folder) == [*before, (DELETE, LOST), (UPSERT, LOST)]


def test_what_is_not_found_is_mended_unless_the_chunks_are_too_many(
    vectors: Vectors, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.index.reaching.reached", all_but_one)
    before = written(folder)
    monkeypatch.setattr("assistant.index.vectors.LOOKED_THROUGH", 3)
    vectors.mend()
    assert written(folder) == before
    monkeypatch.setattr("assistant.index.vectors.LOOKED_THROUGH", 4)
    vectors.mend()
    assert written(folder) == [*before, *[(UPDATE, LOST)] * TRIES]
    assert scores(vectors, axis(1))["Kettles"] == pytest.approx(0.8, abs=1e-5)


def test_where_others_read_meanwhile_what_changes_is_written_over(
    vectors: Vectors, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CollectionFolder, "is_shared", lambda _: True)
    before, gone, changed = written(folder), CHUNKS[1].chunk.chunk_id, chunk(KETTLE, 0, {7: 1.0})
    vectors.replace([KETTLE, GLACIER, UNDATED], [changed, *CHUNKS[2:]])
    assert written(folder) == [*before, (DELETE, gone), (UPSERT, changed.chunk.chunk_id)]


@pytest.fixture
def place(request: pytest.FixtureRequest, folder: Path) -> Iterator[Place]:
    """Where vectors are: both kinds, and real."""
    if request.param == "folder":
        yield CollectionFolder(folder, COLLECTION)
    else:
        with closing(ChromaServer(request.getfixturevalue("shared"))) as server:
            yield SharedVectors(server, COLLECTION, "drawn")


@pytest.mark.parametrize(
    ("place", "forgets"), [("folder", False), ("folder", True), ("server", True)], indirect=["place"]
)
def test_where_most_vectors_are_deleted_each_new_one_is_found(place: Place, *, forgets: bool) -> None:
    # Without looking through them, several of 200 are lost within some rounds, and sometimes most.
    drawn = np.random.default_rng(0)
    records = [record(f"Paper {number}") for number in range(200)]
    vectors = Vectors(place)
    for turn in range(12):
        rows = (0.04 + 0.05 * drawn.standard_normal((len(records), 384))).astype(np.float32)
        new = [
            EmbeddedChunk(one, Chunk(f"{one.paper.paper_id}-0", f"Turn {turn}.", 0), unit(row))
            for one, row in zip(records, rows, strict=True)
        ]
        if forgets:
            vectors.forget(records)
        vectors.replace(records, new, thinned=forgets)
        held = list(vectors.each())
        assert {chunk.chunk_id: chunk.held.text for chunk in held} == {
            item.chunk.chunk_id: f"Turn {turn}." for item in new
        }
        assert [chunk.chunk_id for chunk in held if not chunk.found] == []
    vectors.close()


class Beside:
    """A collection in which somebody changes a chunk just before a vector is written again."""

    def __init__(self, collection: Any, change: Callable[[], None]) -> None:
        self._collection, self._change = collection, change

    def __getattr__(self, name: str) -> Any:
        if name == "update":
            self._change()
        return getattr(self._collection, name)


def test_what_another_home_changes_while_it_is_mended_keeps_no_old_vector(
    vectors: Vectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = record("Kettles")
    changed = EmbeddedChunk(new, Chunk(LOST, "Another text.", 0), axis(9))
    monkeypatch.setattr("assistant.index.reaching.reached", all_but_one)
    page = vectors._collection.get(include=["embeddings"])
    assert mend(Beside(vectors._collection, lambda: vectors._write([changed])), page) == 1
    # Its next reader finds it missing, and makes it anew.
    assert LOST not in vectors.chunk_ids()
    assert vectors.count() == 3
    assert mend(vectors._collection, vectors._collection.get(include=["embeddings"])) == 0


def test_forgetting_takes_every_chunk_of_a_paper_and_no_other(vectors: Vectors) -> None:
    vectors.forget([KETTLE])
    assert vectors.count() == 2
    assert set(scores(vectors, axis(0))) == {"Glaciers", "Undated"}
    vectors.forget([])
    assert vectors.count() == 2


def test_what_is_written_is_there_when_the_folder_is_opened_again(vectors: Vectors, folder: Path) -> None:
    vectors.close()
    again = Vectors(CollectionFolder(folder, COLLECTION))
    assert again.count() == 4
    assert next(iter(scores(again, axis(1)))) == "Glaciers"
    again.close()


def test_more_chunks_than_a_batch_holds_go_in(folder: Path) -> None:
    vectors = Vectors(CollectionFolder(folder, COLLECTION))
    limit = vectors._place.batch_size()
    many = [chunk(KETTLE, number, {number % 384: 1.0}) for number in range(limit + 5)]
    vectors.replace([KETTLE], many)
    assert vectors.count() == limit + 5
    vectors.close()


def test_records_are_such_that_llamaindex_reads_them_as_titled_nodes(vectors: Vectors, folder: Path) -> None:
    # What LlamaIndex's ChromaVectorStore does with records that it did not write itself.
    vectors.close()
    done = subprocess.run(
        [sys.executable, "-c", READ_AS_LLAMAINDEX, folder, COLLECTION],
        check=True,
        capture_output=True,
        text=True,
    )
    assert json.loads(done.stdout) == {"title": "Kettles", "text": "All about Kettles. Part 0."}


READ_AS_LLAMAINDEX = """
import json, sys
import chromadb
from llama_index.core.schema import TextNode
from llama_index.core.vector_stores.utils import legacy_metadata_dict_to_node

collection = chromadb.PersistentClient(sys.argv[1]).get_collection(sys.argv[2], embedding_function=None)
found = collection.query(query_embeddings=[[1.0] + [0.0] * 383], n_results=1)
metadata, info, relationships = legacy_metadata_dict_to_node(found["metadatas"][0][0])
node = TextNode(id_=found["ids"][0][0], text=found["documents"][0][0], metadata=metadata)
print(json.dumps({"title": node.metadata["title"], "text": node.get_content()}))
"""


def test_a_file_in_the_folders_place_is_an_error_that_says_what_to_do(folder: Path) -> None:
    folder.write_text("not a folder")
    with pytest.raises(HomeError, match="--rebuild"):
        Vectors(CollectionFolder(folder, COLLECTION))
