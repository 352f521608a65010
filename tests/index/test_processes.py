"""A process that dies, and several at once: what a stopped ingest leaves behind, and who waits for whom."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from small import GLACIER, KETTLE, Counting, OpenIndex, by_vectors, by_words, held, listing, reading

from assistant import HomeError
from assistant.corpus import paper_id
from assistant.index.ingest import plan, write
from assistant.index.ledger import State
from assistant.index.minilm import MiniLM
from assistant.index.settling import BATCH


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
        other = new_index(lock_timeout=600)
        begin = time.monotonic()
        other.ensure_papers()
        assert time.monotonic() - begin < 60
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
