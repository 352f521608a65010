"""A shared Chroma server: a real `chroma run`, and homes that share it."""

import random
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chroma_server import Door
from library import LIBRARY
from sharing_homes import KETTLE, QUESTIONS, Share, disagreements, first, looks, of

from assistant import (
    Assistant,
    DamageError,
    HomeError,
    IndexMismatchError,
    ServerError,
    Settings,
)
from assistant.corpus import Listing, Paper, Reading, paper_id
from assistant.index.encoder import Encoding
from assistant.index.index import Index
from assistant.index.ledger import Record, State
from assistant.index.settling import UNMENDED, settle
from assistant.index.sharing import NOTED
from assistant.index.vectors import Vectors
from bench.durability.chroma_run import ChromaRun

# As with a folder


def test_search_and_answers_are_those_of_a_folder(
    share: Share, library: Reading, assistant: Assistant
) -> None:
    index = share("a")
    assert index.ingest(library).added == len(LIBRARY)
    beside = Assistant(index)
    for question in QUESTIONS:
        hits, expected = beside.search(question), assistant.search(question)
        assert [hit.paper for hit in hits] == [hit.paper for hit in expected]
        assert [hit.score for hit in hits] == pytest.approx([hit.score for hit in expected], abs=1e-4)
        assert beside.ask(question).text == assistant.ask(question).text
    dated = beside.search(QUESTIONS[0], since="2024")
    assert [hit.paper for hit in dated] == [hit.paper for hit in assistant.search(QUESTIONS[0], since="2024")]
    assert index.ingest(library).unchanged == len(LIBRARY)
    assert disagreements(index) == ()
    assert not index.home.vectors.exists()


# Two homes


def test_homes_see_each_others_papers_changes_and_removals(share: Share) -> None:
    a, b = share("a"), share("b")
    a.ingest(of(*LIBRARY[:3]))
    assert looks(b).keys() == {one.title for one in LIBRARY[:3]}
    assert first(b) == KETTLE
    b.ingest(of(*LIBRARY[2:5]))
    assert looks(a).keys() == {one.title for one in LIBRARY[:5]}
    assert first(a, "concrete bridges") == LIBRARY[4].title

    changed = replace(LIBRARY[0], text="KettleNet now knits scarves of wool. It knits 12 an hour.")
    b.ingest(of(changed))
    assert looks(a)[KETTLE].text == changed.text
    assert first(a, "How many scarves of wool are knitted an hour?") == KETTLE
    a.remove([a.find(KETTLE)])
    assert KETTLE not in looks(b)
    assert disagreements(a) == ()
    assert disagreements(b) == ()
    b.ingest(of(LIBRARY[0]))
    assert looks(a)[KETTLE].text == LIBRARY[0].text
    assert disagreements(a) == ()


def test_vectors_that_another_home_made_are_not_made_again_and_missing_ones_are(share: Share) -> None:
    a, b, c = share("a"), share("b"), share("c")
    a.ingest(of(*LIBRARY[:2]))
    assert a.vectors is not None
    marked = np.asarray(np.eye(384)[7], np.float32)[np.newaxis]
    a.vectors._collection.update(ids=[f"{paper_id(KETTLE)}-0"], embeddings=marked)
    looks(b)
    held = a.vectors._collection.get(ids=[f"{paper_id(KETTLE)}-0"], include=["embeddings"])["embeddings"]
    assert np.asarray(held) == pytest.approx(marked)
    a.vectors.forget(list(a.ledger.records([paper_id(KETTLE)]).values()))
    looks(c)
    assert a.vectors.count() == 2
    assert disagreements(c) == ()


def test_what_changes_beside_the_text_is_shared_and_no_source_is_lost(share: Share) -> None:
    a, b = share("a"), share("b")
    a.ingest(of(LIBRARY[0]))
    looks(b)
    # Each reads the paper on another page, before it sees that the other did.
    assert a.sharing is not None
    assert b.sharing is not None
    for index, source in ((a, "a.txt"), (b, "b.txt")):
        (record,) = index.ledger.records([paper_id(KETTLE)]).values()
        paper = replace(record.paper, sources=(*record.paper.sources, source))
        with index.ledger.transaction():
            index.ledger.put(paper, shipped=False, state=State.PENDING)
    for index in (a, b):
        index._finish(None, wait=True)
    for index in (a, b, a, b):
        looks(index)
    assert set(looks(a)[KETTLE].sources) == {"library.jsonl", "a.txt", "b.txt"}
    assert looks(a) == looks(b)
    assert not a.sharing.news(now=True)
    assert not b.sharing.news(now=True)


def test_vectors_leave_with_a_paper_that_a_home_without_any_removes(share: Share) -> None:
    a, words = share("a"), share("words", embedding="words")
    a.ingest(of(*LIBRARY[:3]))
    looks(words)
    words.remove([words.find(KETTLE)])
    assert KETTLE not in looks(a)
    assert disagreements(a) == ()
    # Taken up again before the other home hears of the removal, it keeps them.
    words.remove([words.find(LIBRARY[1].title)])
    words.ingest(of(LIBRARY[1]))
    assert looks(a).keys() == {one.title for one in LIBRARY[1:3]}
    assert disagreements(a) == ()


def test_homes_that_write_at_once_lose_nothing(share: Share) -> None:
    text = "It keeps the kettle number {0} warm in winter {0}."
    papers = [
        Listing(title=f"Kettle {number}", text=text.format(number), source="a") for number in range(100)
    ]
    a, b = share("a"), share("b")
    parts = ((a, papers[:70]), (b, papers[30:]))
    threads = [threading.Thread(target=index.ingest, args=[of(*part)]) for index, part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index in (a, b, share("c", embedding="words")):
        assert looks(index).keys() == {paper.title for paper in papers}
    assert disagreements(a) == ()
    assert disagreements(b) == ()


def test_a_home_that_writes_looks_through_the_vectors_and_one_that_reads_does_not(
    share: Share, monkeypatch: pytest.MonkeyPatch
) -> None:
    mended = []

    def note(vectors: Vectors) -> None:
        mended.append(vectors)

    monkeypatch.setattr(Vectors, "mend", note)
    a, b = share("a"), share("b")
    a.ingest(of(*LIBRARY[:2]))
    assert mended == [a.vectors]
    looks(b)
    assert mended == [a.vectors]
    b.ingest(of(*LIBRARY[2:]))
    assert mended == [a.vectors, b.vectors]
    a.remove([a.find(KETTLE)])
    assert mended == [a.vectors, b.vectors, a.vectors]
    # Killed after the vectors were written, which may not all be found.
    monkeypatch.setattr(Vectors, "mend", killed)
    with pytest.raises(KeyboardInterrupt):
        a.ingest(of(LIBRARY[0]))
    monkeypatch.setattr(Vectors, "mend", note)
    a._finish(None, wait=True)
    assert mended == [a.vectors, b.vectors, a.vectors, a.vectors]
    a._finish(None, wait=True)
    # Nor does what changes beside the vectors call for it.
    a.ingest(of(replace(LIBRARY[0], source="another.txt")))
    assert mended == [a.vectors, b.vectors, a.vectors, a.vectors]


def test_a_removal_that_dies_while_it_looks_for_vectors_is_finished(
    share: Share, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = share("a")
    a.ingest(of(*LIBRARY[:3]))
    with monkeypatch.context() as patch:
        patch.setattr(Vectors, "mend", killed)
        with pytest.raises(KeyboardInterrupt):
            a.remove([a.find(KETTLE)])
    assert a.ledger.fact(UNMENDED)
    a.ensure_papers()
    assert not a.ledger.fact(UNMENDED)
    assert a.ledger.counts()[State.LEAVING] == 0
    assert disagreements(a) == ()


def test_vectors_that_were_written_by_a_killed_home_are_searched_for(
    share: Share, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.index.vectors.LOOKED_THROUGH", 0)
    a = share("a")
    with monkeypatch.context() as patch:
        patch.setattr("assistant.index.vectors.until_reached", killed)
        with pytest.raises(KeyboardInterrupt):
            a.ingest(of(LIBRARY[0]))
    replaced: list[Sequence[Record]] = []
    replace_as_ever = Vectors.replace

    def note(vectors: Vectors, records: Sequence[Record], *given: Any, **more: Any) -> None:
        replaced.append(records)
        replace_as_ever(vectors, records, *given, **more)

    monkeypatch.setattr(Vectors, "replace", note)
    a._finish(None, wait=True)
    assert [[held.paper.title for held in records] for records in replaced] == [[KETTLE]]
    assert disagreements(a) == ()


def test_what_another_home_changes_meanwhile_is_its_own_to_write(share: Share) -> None:
    a, b = share("a"), share("b")
    a.ingest(of(*LIBRARY[:3]))
    # As a read them, before b changed one and removed another.
    waiting = list(a.ledger.records([paper_id(one.title) for one in LIBRARY[:3]]).values())
    assert b.sharing is not None
    changed = replace(LIBRARY[0], text="It knits scarves of wool.")
    b.ingest(of(changed))
    b.remove([b.find(LIBRARY[1].title)])
    assert a.sharing is not None
    assert [held.paper.title for held in a.sharing.unchanged(waiting)] == [LIBRARY[2].title]
    with a.ledger.transaction():
        a.ledger.mark(waiting, State.PENDING)
    settle(a._stores())
    assert disagreements(b) == ()
    looks(a)
    assert disagreements(a) == ()


def test_a_rebuild_that_dies_before_it_deletes_strangers_goes_on(
    share: Share, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = share("a")
    a.ingest(of(*LIBRARY[:2]))
    assert a.vectors is not None
    row = np.asarray(np.eye(384)[7], np.float32)[np.newaxis]
    a.vectors._collection.add(ids=["0123456789abcde-0"], embeddings=row, documents=["…"])
    with monkeypatch.context() as patch:
        patch.setattr("assistant.index.index.leave_no_others", killed)
        with pytest.raises(KeyboardInterrupt):
            a.rebuild()
    assert len(a.check().disagreements) == 1
    a._finish(None, wait=True)
    assert disagreements(a) == ()


def killed(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("seed", [1])
def test_whatever_is_cut_off_homes_come_to_agree_and_keep_what_was_acknowledged(
    share: Share, server: ChromaRun, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    door = Door(server.port)
    try:
        homes = [share(name, chroma_url=door.url) for name in ("a", "b")]
        titles = [f"Kettle {number}" for number in range(6)]
        # What each paper may be by now: its text, or None. Of what failed, either may be so.
        possible: dict[str, set[str | None]] = {title: {None} for title in titles}
        failed: dict[str, set[str | None]] = {title: set() for title in titles}
        for step in range(30):
            index, title = chance.choice(homes), chance.choice(titles)
            removes = chance.random() < 0.3
            door.chance = chance.random
            try:
                assert index.sharing is not None
                if removes:
                    index.sharing._looked = -1.0
                    index.look()
                    gone = [one for one in index.ledger.papers() if one.title == title]
                    index.remove(gone)
                else:
                    index.ingest(of(Listing(title=title, text=f"It is kettle {step}.", source="-")))
            except ServerError:
                failed[title].add(None if removes else f"It is kettle {step}.")
                possible[title].add(None if removes else f"It is kettle {step}.")
            else:
                # What is not there cannot be removed, and may be on its way from another home.
                kept = possible[title] if removes and not gone else set()
                possible[title] = {*kept, None if removes else f"It is kettle {step}."}
            door.chance = None
        for index in homes * 2:
            looks(index)
        texts = {title: paper.text for title, paper in looks(homes[0]).items()}
        for title, either in possible.items():
            # Where a paper is gone, what another home has still to send is not, whatever its age.
            late = failed[title] if None in either else set()
            assert texts.get(title) in either | late, title
        for index in homes:
            assert looks(index) == looks(homes[0])
            assert disagreements(index) == ()
        assert {title: paper.text for title, paper in looks(share("c")).items()} == texts
    finally:
        door.close()


def test_a_home_that_has_papers_brings_them_along(share: Share) -> None:
    a, b = share("a", chroma_url=None), share("b")
    a.ingest(of(*LIBRARY[:2]))
    a.close()
    b.ingest(of(*LIBRARY[1:4]))
    joined = share("a")
    assert looks(joined).keys() == looks(b).keys() == {one.title for one in LIBRARY[:4]}
    assert disagreements(joined) == ()
    assert disagreements(b) == ()
    # And leaves with a copy of all.
    alone = share("a", chroma_url=None)
    with pytest.raises(DamageError, match="run assistant ingest --rebuild"):
        first(alone)
    alone.rebuild()
    assert disagreements(alone) == ()
    assert len(alone.ledger.papers()) == 4


def test_what_was_read_but_not_sent_is_not_taken_for_removed(share: Share) -> None:
    a, b = share("a"), share("b")
    a.ingest(of(LIBRARY[0]))
    (record,) = a.ledger.records([paper_id(KETTLE)]).values()
    waiting = replace(record.paper, paper_id=paper_id("Waiting"), title="Waiting")
    with a.ledger.transaction():  # and killed
        a.ledger.put(waiting, shipped=False, state=State.PENDING)
    b.ingest(of(LIBRARY[1]))
    assert looks(a).keys() == looks(b).keys() == {KETTLE, LIBRARY[1].title, "Waiting"}


def test_shipped_papers_give_way_on_every_home_and_do_not_come_back(share: Share) -> None:
    shipped = of(*LIBRARY[:3])
    a, b, late = share("a"), share("b"), share("late")
    a._take_up(shipped, None, shipped=True)
    assert len(looks(b)) == 3
    late.ensure_papers()  # takes those of the server, and not the hundreds that come along
    assert len(late.ledger.papers()) == 3
    b.ingest(of(LIBRARY[5]))
    assert looks(a).keys() == looks(late).keys() == {LIBRARY[5].title}
    assert disagreements(a) == ()
    # One that brought them at the same moment takes them back.
    with a.ledger.transaction():
        paper = Paper(paper_id=paper_id("Late"), title="Late", text="Late.", sources=("-",))
        a.ledger.put(paper, shipped=True, state=State.PENDING)
    a._finish(None, wait=True)
    assert looks(b).keys() == looks(a).keys() == {LIBRARY[5].title}
    b.remove(b.ledger.papers())
    with pytest.raises(HomeError, match="There are no papers"):
        share("new").ensure_papers()


def test_a_server_that_went_back_in_time_is_given_what_it_lacks(share: Share) -> None:
    a, b = share("a"), share("b")
    a.ingest(of(*LIBRARY[:2]))
    looks(b)
    assert a.sharing is not None
    papers = a.sharing._opened()
    homes = papers._homes.get(include=["documents"])
    a.ingest(of(LIBRARY[2]))
    looks(b)
    # As it was before, but for the vectors.
    papers.delete([paper_id(LIBRARY[2].title)])
    papers._homes.upsert(
        ids=homes["ids"], documents=homes["documents"], embeddings=np.ones((2, 1), np.float32)
    )
    assert len(looks(a)) == 3
    assert len(looks(b)) == 3
    # Nor is a paper lost that cannot be read there.
    papers.put({paper_id(KETTLE): '{"title": 7}'})
    with a.ledger.transaction():
        a.ledger.set_fact(NOTED, "{}")
    looks(a)
    assert looks(share("c")).keys() == {one.title for one in LIBRARY[:3]}


def test_a_rebuild_writes_over_and_leaves_no_strangers(share: Share) -> None:
    a, b = share("a"), share("b")
    a.ingest(of(*LIBRARY))
    looks(b)
    assert a.vectors is not None
    kettle = f"{paper_id(KETTLE)}-0"
    wrong = np.asarray(np.eye(384)[7], np.float32)[np.newaxis]
    a.vectors._collection.update(ids=[kettle], embeddings=wrong)
    a.vectors._collection.add(ids=["0123456789abcde-0"], embeddings=wrong, documents=["…"])
    assert len(a.check().disagreements) == 2
    counted, done = [], threading.Event()

    def count() -> None:
        while not done.is_set():
            assert a.vectors is not None
            counted.append(a.vectors.count())

    counting = threading.Thread(target=count)
    counting.start()
    b.rebuild()
    done.set()
    counting.join()
    assert min(counted) == len(LIBRARY)
    assert a.vectors.count() == len(LIBRARY)
    assert disagreements(a) == ()
    assert disagreements(b) == ()


class Other:
    """An encoder that is another."""

    name, dimension = "other", 384

    def encode(self, texts: object) -> list[Encoding]:
        raise NotImplementedError


def test_vectors_of_another_encoder_are_refused(share: Share, shared: Settings, tmp_path: Path) -> None:
    share("a").ingest(of(LIBRARY[0]))
    other = Index(shared.model_copy(update={"home": tmp_path / "other"}), encoder=Other())
    for refused in (lambda: other.ingest(of(LIBRARY[1])), other.rebuild):
        with pytest.raises(IndexMismatchError, match="are made with all-MiniLM-L6-v2, not with other: set"):
            refused()
    other.close()
    assert looks(share("b")).keys() == {KETTLE}
