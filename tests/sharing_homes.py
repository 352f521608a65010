"""Homes that share a real Chroma server, each test in a database of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant import Settings
from assistant.corpus import Listing, Paper, Reading
from assistant.index.comparing import Disagreement
from assistant.index.index import Index
from assistant.index.minilm import MiniLM
from assistant.retrieval import retrieve
from bench.durability.chroma_run import ChromaRun

KETTLE = "KettleNet: Boiling Water with Fewer Joules"
QUESTIONS = (
    "How much energy does KettleNet save?",
    "Who grades tea leaves?",
    "What is the capital of Peru?",
)

Share = Callable[..., Index]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaRun]:
    running = ChromaRun(tmp_path_factory.mktemp("server"))
    yield running
    running.kill()


@pytest.fixture
def shared(server: ChromaRun, cache: Path, tmp_path: Path) -> Settings:
    """Settings of a home that shares a database of the test's own."""
    return Settings(
        home=tmp_path / "a", cache=cache, chroma_url=server.url, chroma_database=server.database()
    )


@pytest.fixture
def share(shared: Settings, encoder: MiniLM, tmp_path: Path) -> Iterator[Share]:
    """Opens homes that share a server."""
    opened: list[Index] = []

    def open_home(name: str, **settings: object) -> Index:
        chosen = shared.model_copy(update={"home": tmp_path / name, **settings})
        opened.append(Index(chosen, encoder=None if chosen.embedding == "words" else encoder))
        return opened[-1]

    yield open_home
    for index in opened:
        index.close()


def of(*listings: Listing) -> Reading:
    return Reading(listings=listings)


def looks(index: Index) -> dict[str, Paper]:
    """What a home holds when it has taken in what others wrote, by title."""
    assert index.sharing is not None
    index.sharing._looked = -1.0  # as if a second had gone by
    index.look()
    index._finish(None, wait=True)
    assert index.ledger.settled() is not None
    return {paper.title: paper for paper in index.ledger.papers()}


def disagreements(index: Index) -> tuple[Disagreement, ...]:
    return index.check().disagreements


def first(index: Index, question: str = QUESTIONS[0]) -> str:
    return retrieve(index, question).hits[0].paper.title
