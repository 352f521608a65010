"""A shared Chroma server that is killed while papers go in, and started again."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from assistant import ServerError, Settings
from assistant.corpus import Listing, Reading
from assistant.index.index import Index
from assistant.index.ledger import State
from assistant.index.minilm import MiniLM
from assistant.index.settling import BATCH
from bench.durability.chroma_run import ChromaRun

TEXT = "A kettle of the make {0} boils its water in {0} seconds."
PAPERS = [
    Listing(title=f"Kettle {number}", text=TEXT.format(number), source="a") for number in range(BATCH + 16)
]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ChromaRun]:
    running = ChromaRun(tmp_path / "server")
    yield running
    running.kill()


def test_nothing_acknowledged_is_lost(
    server: ChromaRun, cache: Path, encoder: MiniLM, tmp_path: Path
) -> None:
    homes = [
        Index(Settings(home=tmp_path / name, cache=cache, chroma_url=server.url), encoder=encoder)
        for name in ("a", "b")
    ]
    a, b = homes
    # Before the second batch, and somewhere in its midst: while it is encoded, sent or written.
    for seconds in (0.0, 0.3):
        a.ingest(Reading(listings=tuple(PAPERS[:10])))
        acknowledged = {paper.title for paper in a.ledger.papers()}
        killing = threading.Timer(seconds, server.kill)

        def progress(done: int, _total: int, *, killing: threading.Timer = killing) -> None:
            if done == BATCH and not killing.is_alive():
                killing.start()
                if not killing.interval:
                    killing.join()

        pages = Reading(
            listings=tuple(
                Listing(title=one.title, text=f"{one.text} {seconds}", source="b") for one in PAPERS
            )
        )
        try:
            a.ingest(pages, progress)
        except ServerError as error:
            assert "start it, and run the command again, which goes on where it was" in str(error)  # noqa: PT017
            waiting = a.ledger.counts()[State.PENDING]
            assert 0 < waiting <= len(PAPERS) - BATCH
        else:
            assert seconds, "the server was killed before the second batch, and nobody said so"
        killing.join()
        server.start()
        # What one home had marked as done, one that was never there finds on the server.
        other = Settings(home=tmp_path / f"c{seconds}", chroma_url=server.url, embedding="words")
        with closing(Index(other)) as fresh:
            fresh.ensure_papers()
            found = {paper.title: paper.text for paper in fresh.ledger.papers()}
        assert acknowledged <= found.keys()
        marked = [held.paper for held in a.ledger.in_state(State.INDEXED)]
        assert len(marked) >= BATCH
        assert {paper.title: found[paper.title] for paper in marked} == {
            paper.title: paper.text for paper in marked
        }
        report = a.ingest(pages)
        assert (report.added, report.updated, report.unchanged) == (0, 0, len(PAPERS))
    b.ensure_papers()
    for index in homes:
        assert {paper.text for paper in index.ledger.papers()} == {one.text for one in pages.listings}
        assert index.ledger.settled() is not None
        assert index.check().disagreements == ()
        index.close()
