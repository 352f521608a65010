"""Ingest: what changes, what does not, and what a stopped ingest leaves behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pytest

from assistant import HomeError, IndexMismatchError, IngestReport, PaperNotFoundError, Rejection
from assistant.corpus import Listing, Reading, TextKind, paper_id
from assistant.index.encoder import Encoding
from assistant.index.index import Index
from assistant.index.ingest import BATCH, plan, write
from assistant.index.ledger import State
from assistant.index.minilm import MiniLM

OpenIndex = Callable[..., Index]


@dataclass
class Counting:
    """The real encoder, with the texts that it was given."""

    encoder: MiniLM
    texts: list[str] = field(default_factory=list)
    name: str = MiniLM.name
    dimension: int = MiniLM.dimension

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        self.texts.extend(texts)
        return self.encoder.encode(texts)


@pytest.fixture
def counting(encoder: MiniLM) -> Counting:
    return Counting(encoder)


def listing(title: str, text: str, kind: TextKind = "abstract", source: str = "a.txt") -> Listing:
    return Listing(title=title, text=text, kind=kind, source=source)


def reading(*listings: Listing) -> Reading:
    return Reading(listings=listings)


KETTLE = listing("Kettles", "A kettle boils water.")
GLACIER = listing("Glaciers", "A glacier is frozen.")


def held(index: Index) -> set[str]:
    """The titles held by the ledger, after making sure that every store holds the same papers."""
    by_id = {paper.paper_id: paper.title for paper in index.ledger.papers()}
    index.words.reload()
    numbers = index.words._index.searcher()
    assert numbers.num_docs == len(by_id)
    if index.vectors is not None:
        metadatas = index.vectors._collection.get(include=["metadatas"])["metadatas"] or []
        assert {str(one["paper_id"]) for one in metadatas} == by_id.keys()
    assert index.ledger.counts()[State.PENDING] == index.ledger.counts()[State.LEAVING] == 0
    return set(by_id.values())


def by_words(index: Index, question: str) -> list[str]:
    papers = index.ledger.papers_by_id(found := index.words.search(question, 10))
    return [papers[key].title for key in found]


def by_vectors(index: Index, question: str, encoder: MiniLM) -> dict[str, float]:
    (encoding,) = encoder.encode([question])
    assert index.vectors is not None
    found = index.vectors.search(encoding.pooled(), 10)
    papers = index.ledger.papers_by_id(found)
    return {papers[key].title: score for key, score in found.items()}


# What goes in


def test_new_papers_go_into_every_store(new_index: OpenIndex, encoder: MiniLM) -> None:
    index = new_index()
    assert index.ingest(reading(KETTLE, GLACIER)) == IngestReport(listings=2, added=2)
    assert held(index) == {"Kettles", "Glaciers"}
    assert by_words(index, "boiling") == ["Kettles"]
    assert next(iter(by_vectors(index, "ice", encoder))) == "Glaciers"


def test_a_chunk_is_embedded_with_its_title(new_index: OpenIndex, counting: Counting) -> None:
    new_index(encoder=counting).ingest(reading(KETTLE))
    assert counting.texts == ["Kettles. A kettle boils water."]


def test_what_is_unchanged_is_not_encoded_again(new_index: OpenIndex, counting: Counting) -> None:
    index = new_index(encoder=counting)
    index.ingest(reading(KETTLE, GLACIER))
    revision = index.ledger.revision()
    counting.texts.clear()
    again = index.ingest(reading(KETTLE, replace(GLACIER, source="b.txt")))
    assert again == IngestReport(listings=2, unchanged=2)
    assert counting.texts == []
    assert index.ledger.revision() == revision
    # What needs no indexing is still written down.
    assert index.find("Glaciers").sources == ("a.txt", "b.txt")


def test_an_unchanged_ingest_loads_no_encoder(
    new_index: OpenIndex, counting: Counting, tmp_path: Path
) -> None:
    new_index(encoder=counting).ingest(reading(KETTLE))
    settings = new_index().settings.model_copy(update={"minilm_dir": tmp_path / "nowhere"})
    index = Index(settings)
    assert index.ingest(reading(KETTLE)) == IngestReport(listings=1, unchanged=1)
    index.close()


def test_a_changed_text_replaces_in_every_store(
    new_index: OpenIndex, counting: Counting, encoder: MiniLM
) -> None:
    index = new_index(encoder=counting)
    index.ingest(reading(KETTLE, GLACIER))
    counting.texts.clear()
    report = index.ingest(reading(listing("Kettles", "Toasters brown bread."), GLACIER))
    assert report == IngestReport(listings=2, updated=1, unchanged=1)
    assert counting.texts == ["Kettles. Toasters brown bread."]
    assert held(index) == {"Kettles", "Glaciers"}
    assert by_words(index, "boils") == []
    assert by_words(index, "toasters") == ["Kettles"]
    assert index.find("Kettles").text == "Toasters brown bread."
    assert by_vectors(index, "Kettles. Toasters brown bread.", encoder)["Kettles"] == pytest.approx(
        1, abs=1e-3
    )
    assert index.vectors is not None
    assert index.vectors.count() == 2


def test_a_shorter_text_leaves_no_chunk_of_the_longer(new_index: OpenIndex) -> None:
    index = new_index()
    index.ingest(reading(listing("Kettles", "A kettle boils water in the hall. " * 120)))
    assert index.vectors is not None
    assert index.vectors.count() > 2
    index.ingest(reading(KETTLE))
    assert index.vectors.count() == 1
    assert held(index) == {"Kettles"}


def test_a_new_date_reaches_the_stores_that_filter_by_it(new_index: OpenIndex) -> None:
    index = new_index()
    index.ingest(reading(KETTLE))
    assert index.ingest(reading(replace(KETTLE, published=date(2020, 1, 2)))).updated == 1
    assert len(index.words.search("kettle", 10, since=date(2020, 1, 2))) == 1
    (metadata,) = index.vectors._collection.get(include=["metadatas"])["metadatas"] or []  # type: ignore[union-attr]
    assert metadata["published"] == 20200102


def test_one_paper_listed_twice_is_one_paper(new_index: OpenIndex) -> None:
    index = new_index()
    twice = reading(KETTLE, listing("KETTLES!", "A kettle boils tea.", source="b.txt"))
    assert index.ingest(twice) == IngestReport(listings=2, added=1)
    assert held(index) == {"KETTLES!"}
    assert index.find("kettles").sources == ("a.txt", "b.txt")


def test_an_abstract_replaces_a_summary_and_never_the_reverse(new_index: OpenIndex) -> None:
    index = new_index()
    summary = listing("Kettles", "Our summary: kettles.", kind="summary", source="s.jsonl")
    index.ingest(reading(summary))
    assert index.ingest(reading(KETTLE)).updated == 1
    assert (index.find("Kettles").text, index.find("Kettles").kind) == ("A kettle boils water.", "abstract")
    assert index.ingest(reading(summary)) == IngestReport(listings=1, unchanged=1)
    assert (index.find("Kettles").text, index.find("Kettles").kind) == ("A kettle boils water.", "abstract")
    assert by_words(index, "summary") == []


def test_rejections_are_reported_and_the_rest_goes_in(new_index: OpenIndex) -> None:
    index = new_index()
    rejection = Rejection(source="a.txt", line=3, reason="No.")
    report = index.ingest(Reading(listings=(KETTLE,), rejected=(rejection,)))
    assert report == IngestReport(listings=1, added=1, rejected=(rejection,))
    assert held(index) == {"Kettles"}


def test_a_reading_of_nothing_changes_nothing(new_index: OpenIndex) -> None:
    index = new_index()
    assert index.ingest(Reading()) == IngestReport()
    assert index.ledger.revision() == 0
    assert index.ledger.fact("curated") is None


def test_progress_goes_from_none_to_all(new_index: OpenIndex) -> None:
    index = new_index(embedding="words")
    told: list[tuple[int, int]] = []
    many = reading(*(listing(f"Paper {number}", "Words.") for number in range(BATCH + 3)))
    index.ingest(many, lambda done, total: told.append((done, total)))
    total = BATCH + 3
    assert told == [(0, total), (BATCH, total), (total, total)]
    told.clear()
    index.ingest(many, lambda done, total: told.append((done, total)))
    assert told == []


def test_an_index_of_words_alone_has_no_vectors(new_index: OpenIndex) -> None:
    index = new_index(embedding="words")
    index.ingest(reading(KETTLE))
    assert index.vectors is None
    assert by_words(index, "kettle") == ["Kettles"]
    assert not index.home.vectors.exists()


# What goes out


def test_a_removed_paper_leaves_nothing_behind(new_index: OpenIndex) -> None:
    index = new_index()
    index.ingest(reading(KETTLE, GLACIER))
    index.remove([index.find("Kettles")])
    assert held(index) == {"Glaciers"}
    assert by_words(index, "kettle") == []
    assert index.ledger.records([paper_id("Kettles")]) == {}
    assert index.vectors is not None
    assert index.vectors.count() == 1


def test_removing_all_leaves_a_home_that_stays_empty(new_index: OpenIndex) -> None:
    index = new_index()
    index.ingest(reading(KETTLE))
    index.remove(index.ledger.papers())
    assert held(index) == set()
    with pytest.raises(HomeError, match="assistant ingest"):
        index.ensure_papers()


def test_a_removed_paper_can_come_back(new_index: OpenIndex) -> None:
    index = new_index()
    index.ingest(reading(KETTLE))
    index.remove(index.ledger.papers())
    assert index.ingest(reading(KETTLE)).added == 1
    assert held(index) == {"Kettles"}


def test_the_shipped_papers_give_way_to_the_users(new_index: OpenIndex, counting: Counting) -> None:
    index = new_index(encoder=counting)
    shipped = reading(
        listing("Kettles", "A summary of kettles.", kind="summary", source="papers.jsonl"),
        listing("Old things", "A summary of old things.", kind="summary", source="papers.jsonl"),
    )
    index._take_up(shipped, None, shipped=True)
    assert held(index) == {"Kettles", "Old things"}
    counting.texts.clear()
    # The same paper, with the user's own text, and another: nothing of the shipped remains.
    report = index.ingest(reading(listing("Kettles", "The user's summary.", kind="summary"), GLACIER))
    assert report == IngestReport(listings=2, added=2)
    assert held(index) == {"Kettles", "Glaciers"}
    assert index.find("Kettles").text == "The user's summary."
    assert index.find("Kettles").sources == ("a.txt",)
    assert by_words(index, "old things") == []
    index.ensure_papers()
    assert held(index) == {"Kettles", "Glaciers"}


# A process that dies


def test_what_was_written_and_not_indexed_is_indexed_by_the_next_question(
    new_index: OpenIndex, counting: Counting
) -> None:
    index = new_index(encoder=counting)
    index.ingest(reading(KETTLE))
    planned = plan(reading(GLACIER), {})
    write(planned, index.ledger)
    index.close()
    counting.texts.clear()

    resumed = new_index(encoder=counting)
    assert resumed.ledger.counts()[State.PENDING] == 1
    resumed.ensure_papers()
    assert held(resumed) == {"Kettles", "Glaciers"}
    assert counting.texts == ["Glaciers. A glacier is frozen."]


def test_what_was_written_and_not_indexed_is_indexed_by_the_next_ingest(new_index: OpenIndex) -> None:
    index = new_index()
    write(plan(reading(GLACIER), {}), index.ledger)
    assert index.ingest(reading(KETTLE)).added == 1
    assert held(index) == {"Kettles", "Glaciers"}


def test_a_removal_that_was_stopped_is_finished(new_index: OpenIndex) -> None:
    index = new_index()
    index.ingest(reading(KETTLE, GLACIER))
    with index.ledger.transaction():
        index.ledger.mark(index.ledger.records([paper_id("Kettles")]).values(), State.LEAVING)
    index.close()
    resumed = new_index()
    assert [paper.title for paper in resumed.ledger.papers()] == ["Glaciers"]
    resumed.ensure_papers()
    assert held(resumed) == {"Glaciers"}


KILLED = """
import os, sys
from pathlib import Path
from assistant import Settings
from assistant.corpus import Listing, Reading
from assistant.index.index import Index

index = Index(Settings(home=Path(sys.argv[1]), cache=Path(sys.argv[2])))
papers = tuple(
    Listing(title=f"Paper {number}", text=f"Kettle {number} boils.", source="a.txt") for number in range(200)
)

def tell(done: int, total: int) -> None:
    print(done, flush=True)
    if done:
        sys.stdin.readline()

index.ingest(Reading(listings=papers), tell)
"""


def test_a_killed_ingest_is_resumed_and_nothing_indexed_is_encoded_again(
    new_index: OpenIndex, counting: Counting, tmp_path: Path, cache: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, tmp_path / "home", cache],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "0\n"
        assert process.stdout.readline() == f"{BATCH}\n"
        process.stdin.write("\n")
        process.stdin.flush()
        # In the midst of the second batch.
        time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    index = new_index(encoder=counting)
    counts = index.ledger.counts()
    assert counts[State.INDEXED] in (BATCH, 2 * BATCH)
    assert sum(counts.values()) == 200
    index.ensure_papers()
    assert held(index) == {f"Paper {number}" for number in range(200)}
    assert len(counting.texts) == 200 - counts[State.INDEXED]
    assert index.vectors is not None
    assert index.vectors.count() == 200
    assert by_words(index, "199") == ["Paper 199"]


# Several processes


HOLD = """
import sys
from pathlib import Path
from assistant.index.home import Home

with Home(Path(sys.argv[1])).writing(0):
    print("locked", flush=True)
    sys.stdin.readline()
"""


def test_a_second_writer_is_told_of_the_first_and_changes_nothing(
    new_index: OpenIndex, tmp_path: Path
) -> None:
    index = new_index(lock_timeout=0.1)
    index.ingest(reading(KETTLE))
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path / "home"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        for change in (
            lambda: index.ingest(reading(GLACIER)),
            lambda: index.remove(index.ledger.papers()),
            index.rebuild,
        ):
            with pytest.raises(HomeError, match=r"Another process is writing .*home") as raised:
                change()
            assert "ASSISTANT_LOCK_TIMEOUT" in str(raised.value)
        assert held(index) == {"Kettles"}
        process.communicate("\n")
    assert index.ingest(reading(GLACIER)).added == 1


def test_a_question_does_not_wait_for_a_writer(new_index: OpenIndex, tmp_path: Path) -> None:
    index = new_index()
    index.ingest(reading(KETTLE))
    write(plan(reading(GLACIER), {}), index.ledger)
    with index.home.writing(0):
        other = new_index()
        begin = time.monotonic()
        other.ensure_papers()
        assert time.monotonic() - begin < 5
        assert by_words(other, "kettle") == ["Kettles"]
    assert tmp_path.exists()


ADD = """
import sys
from pathlib import Path
from assistant import Settings
from assistant.corpus import Listing, Reading
from assistant.index.index import Index

index = Index(Settings(home=Path(sys.argv[1]), cache=Path(sys.argv[2])))
index.ingest(Reading(listings=(Listing(title=sys.argv[3], text=sys.argv[4], source="b.txt"),)))
index.remove([index.find("Kettles")])
index.close()
"""


def test_a_reader_sees_what_another_process_wrote(
    new_index: OpenIndex, tmp_path: Path, cache: Path, encoder: MiniLM
) -> None:
    index = new_index()
    index.ingest(reading(KETTLE))
    assert by_words(index, "kettle") == ["Kettles"]
    assert set(by_vectors(index, "frozen ice", encoder)) == {"Kettles"}
    subprocess.run(
        [sys.executable, "-c", ADD, tmp_path / "home", cache, "Glaciers", "A glacier is frozen."], check=True
    )
    index.refresh()
    assert by_words(index, "kettle") == []
    assert by_words(index, "frozen") == ["Glaciers"]
    assert set(by_vectors(index, "frozen ice", encoder)) == {"Glaciers"}
    assert held(index) == {"Glaciers"}


def test_threads_may_ingest_and_search_at_once(new_index: OpenIndex, encoder: MiniLM) -> None:
    index = new_index()
    index.ingest(reading(KETTLE))
    errors: list[Exception] = []

    def work(number: int) -> None:
        try:
            if number % 2:
                index.ingest(reading(listing(f"Paper {number}", "A glacier.")))
            else:
                for _ in range(5):
                    index.refresh()
                    assert "Kettles" in by_words(index, "kettle")
                    assert "Kettles" in by_vectors(index, "kettle", encoder)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test tells
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert held(index) == {"Kettles", "Paper 1", "Paper 3", "Paper 5"}


# Rebuilding, and indexes made by others


def test_rebuilding_makes_every_derived_store_anew(
    new_index: OpenIndex, counting: Counting, encoder: MiniLM
) -> None:
    index = new_index(encoder=counting)
    index.ingest(reading(KETTLE, GLACIER))
    assert index.vectors is not None
    records = list(index.ledger.records(paper.paper_id for paper in index.ledger.papers()).values())
    index.words.replace(records, leaving=True)
    index.vectors.forget(records)
    counting.texts.clear()
    index.rebuild()
    assert held(index) == {"Kettles", "Glaciers"}
    assert sorted(counting.texts) == ["Glaciers. A glacier is frozen.", "Kettles. A kettle boils water."]
    assert by_words(index, "kettle") == ["Kettles"]
    assert next(iter(by_vectors(index, "ice", encoder))) == "Glaciers"


@pytest.mark.parametrize("store", ["words", "vectors"])
def test_a_derived_store_that_was_damaged_is_rebuilt(new_index: OpenIndex, store: str) -> None:
    index = new_index()
    index.ingest(reading(KETTLE))
    index.close()
    damaged = index.home.folder / store
    for path in damaged.rglob("*"):
        if path.is_file():
            path.write_bytes(b"damaged")
    again = new_index()
    again.rebuild()
    assert held(again) == {"Kettles"}


def test_an_index_made_by_another_encoder_is_refused_until_rebuilt(
    new_index: OpenIndex, counting: Counting
) -> None:
    index = new_index()
    index.ingest(reading(KETTLE))
    index.close()
    counting.name = "another-encoder"
    other = new_index(encoder=counting)
    for attempt in (lambda: other.vectors, lambda: other.ingest(reading(GLACIER))):
        with pytest.raises(IndexMismatchError, match=r"all-MiniLM-L6-v2.*another-encoder") as raised:
            attempt()
        assert "--rebuild" in str(raised.value)
    assert [paper.title for paper in other.ledger.papers()] == ["Kettles"]
    other.rebuild()
    assert held(other) == {"Kettles"}
    assert counting.texts == ["Kettles. A kettle boils water."]


def test_an_index_of_words_takes_no_vectors_until_rebuilt_and_back(new_index: OpenIndex) -> None:
    index = new_index(embedding="words")
    index.ingest(reading(KETTLE))
    index.close()
    other = new_index()
    with pytest.raises(IndexMismatchError, match="words"):
        other.ingest(reading(GLACIER))
    other.rebuild()
    assert held(other) == {"Kettles"}
    other.close()
    back = new_index(embedding="words")
    back.rebuild()
    assert back.vectors is None
    assert by_words(back, "kettle") == ["Kettles"]


def test_a_home_of_a_newer_version_is_refused(new_index: OpenIndex) -> None:
    index = new_index()
    with index.ledger.transaction():
        index.ledger.set_fact("layout", "99")
    with pytest.raises(IndexMismatchError, match="newer version"):
        new_index()


# Finding one paper


@pytest.mark.parametrize("reference", ["Kettles", "  kettles ", "KETTLES!", paper_id("Kettles")[:6]])
def test_a_paper_is_found_by_title_or_identifier(new_index: OpenIndex, reference: str) -> None:
    index = new_index(embedding="words")
    index.ingest(reading(KETTLE, GLACIER))
    assert index.find(reference).title == "Kettles"


@pytest.mark.parametrize(
    ("reference", "hint"),
    [
        ("Kettle", "nearest title is 'Kettles'"),
        ("zzz", "papers list"),
        ("", "papers list"),
        ("%", "papers list"),
    ],
)
def test_a_paper_that_is_not_there_is_an_error_with_a_hint(
    new_index: OpenIndex, reference: str, hint: str
) -> None:
    index = new_index(embedding="words")
    index.ingest(reading(KETTLE, GLACIER))
    with pytest.raises(PaperNotFoundError, match=hint):
        index.find(reference)
