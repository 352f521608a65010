"""A shared Chroma server: a real `chroma run`, homes that share it, and servers that are none."""

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from chroma_server import ChromaRun, Door, answering, http
from conftest import Run
from library import LIBRARY
from pydantic import SecretStr

from assistant import (
    Assistant,
    DamageError,
    HomeError,
    IndexMismatchError,
    PaperNotFoundError,
    ServerError,
    Settings,
)
from assistant.corpus import Listing, Paper, Reading, paper_id
from assistant.index.encoder import Encoding
from assistant.index.index import Index
from assistant.index.ledger import State
from assistant.index.minilm import MiniLM
from assistant.index.minilm_weights import EncoderFiles
from assistant.index.server import ChromaServer
from assistant.index.sharing import NOTED
from assistant.retrieval import retrieve
from assistant.terminal.rendering import status_object

KEY = "Marmalade/orchard+7731"
PASSWORD = "Sesame-4711-planted"
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


def agrees(index: Index) -> bool:
    return index.check().disagreements == ()


def first(index: Index, question: str = QUESTIONS[0]) -> str:
    return retrieve(index, question).hits[0].paper.title


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
    assert agrees(index)
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
    assert agrees(a)
    assert agrees(b)
    b.ingest(of(LIBRARY[0]))
    assert looks(a)[KETTLE].text == LIBRARY[0].text
    assert agrees(a)


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
    assert agrees(c)


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
    assert agrees(a)
    assert agrees(b)


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
            assert agrees(index)
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
    assert agrees(joined)
    assert agrees(b)
    # And leaves with a copy of all.
    alone = share("a", chroma_url=None)
    with pytest.raises(DamageError, match="run assistant ingest --rebuild"):
        first(alone)
    alone.rebuild()
    assert agrees(alone)
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
    assert agrees(a)
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
    assert agrees(a)
    assert agrees(b)


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


# Servers that are none


HTML = "<html><body>Welcome to nginx!</body></html>"


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (None, "does not answer: see whether it runs"),
        (b"", "cannot be reached (Server disconnected without sending a response): start it"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "cannot be reached"),
        (http(200, HTML, "text/html"), "is not a Chroma server of version 1"),
        (http(404, HTML, "text/html"), "is not a Chroma server of version 1"),
        (http(200, '{"status": "ok"}'), "is not a Chroma server of version 1"),
        (http(302, ""), "is not a Chroma server of version 1"),
        (http(200, '"0.6.3"'), "is Chroma 0.6.3, and one of version 1 is needed: upgrade it"),
        (http(200, '"2.0.0"'), "is Chroma 2.0.0, and one of version 1 is needed"),
        (http(401, f'{{"error": "{KEY}"}}'), "refuses the key (401): correct ASSISTANT_CHROMA_API_KEY"),
        (http(403, "no"), "refuses the key (403)"),
        (http(503, f"busy with {KEY}\x1b[2J"), "failed (503: busy with (key removed) [2J): see what it logs"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1_000_000, "is not a Chroma server of version 1"),
    ],
)
def test_what_is_wrong_with_a_server_is_said_within_seconds(
    share: Share, reply: bytes | None, says: str
) -> None:
    with answering(None if reply is None else lambda _: reply) as url:
        refused(share, url.replace("://", f"://ada:{PASSWORD}@"), url, says)


def refused(share: Share, url: str, shown: str, says: str) -> None:
    index = share("refused", chroma_url=url, chroma_api_key=SecretStr(KEY))
    start = time.monotonic()
    with pytest.raises(ServerError) as caught:
        index.ingest(of(LIBRARY[0]))
    assert time.monotonic() - start < 5
    sentence = str(caught.value)
    assert says in sentence
    assert shown in sentence
    assert KEY not in sentence
    assert PASSWORD not in sentence
    assert sentence.count("\n") == 0
    assert caught.value.__cause__ is None
    assert not any(index.ledger.counts().values())


def test_nobody_at_the_address_is_said(share: Share) -> None:
    refused(share, "http://127.0.0.1:9", "http://127.0.0.1:9", "cannot be reached (Connection refused)")
    refused(share, "http://nowhere.invalid:9", "http://nowhere.invalid:9", "cannot be reached (")


def test_a_server_of_the_old_interface_is_told_by_its_version(share: Share) -> None:
    def reply(request: bytes) -> bytes:
        if request.startswith(b"GET /api/v1/version "):
            return http(200, '"0.5.3"')
        return http(404, '{"detail":"Not Found"}')

    with answering(reply) as url:
        refused(share, url, url, "is Chroma 0.5.3, and one of version 1 is needed: upgrade it")


def test_a_database_that_is_not_there_is_named(share: Share) -> None:
    index = share("a", chroma_database="nowhere")
    with pytest.raises(ServerError, match="has no database 'nowhere' of a tenant 'default_tenant'"):
        index.ingest(of(LIBRARY[0]))


def test_a_server_falls_silent_in_the_midst_and_comes_back(share: Share, server: ChromaRun) -> None:
    door = Door(server.port)
    try:
        index = share("a", chroma_url=door.url)
        index.ingest(of(LIBRARY[0]))
        assert index.sharing is not None
        door.silent.set()
        index.sharing._looked = -1.0
        start = time.monotonic()
        with pytest.raises(ServerError, match="does not answer"):
            index.ensure_papers()
        assert time.monotonic() - start < 5
        door.silent.clear()
        index.ensure_papers()
        assert first(index) == KETTLE
    finally:
        door.close()


# The command, and keys


def test_the_command_names_the_server_and_no_key_is_written(
    run: Run, shared: Settings, server: ChromaRun, model_files: EncoderFiles, tmp_path: Path
) -> None:
    assert model_files.model.is_file()
    door = Door(server.port, KEY)
    try:
        (tmp_path / "work" / ".env").write_text(f"ASSISTANT_CHROMA_API_KEY={KEY}\n")
        variables = {
            "ASSISTANT_CHROMA_URL": door.url.replace("://", f"://ada:{PASSWORD}@"),
            "ASSISTANT_CHROMA_DATABASE": shared.chroma_database,
            "ASSISTANT_DEBUG": "1",
            # Nobody is asked the way to a server that was named.
            "HTTP_PROXY": "http://127.0.0.1:9",
            "ALL_PROXY": "http://127.0.0.1:9",
        }
        line = json.dumps({"title": KETTLE, "abstract": LIBRARY[0].text})
        ingested = run("ingest", "-", "--json", stdin=line, **variables)
        assert json.loads(ingested.stdout)["added"] == 1
        status = run("status", **variables)
        assert status.stdout.splitlines()[1:3] == [f"Server   {door.url} (Chroma 1.0.0)", "Papers   1"]
        assert {headers.get("x-chroma-token") for headers in door.headers} == {KEY}
        assert {headers["authorization"][:6] for headers in door.headers} == {"Basic "}
        refused_ = run("papers", "list", ASSISTANT_CHROMA_API_KEY="another-key-9", **variables)
        assert "refuses the key (401)" in refused_.stderr
    finally:
        door.close()
    told = "".join(done.stdout + done.stderr for done in (ingested, status, refused_))
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != ".env"]
    assert len(written) > 3
    for secret in (KEY, PASSWORD, "another-key-9"):
        assert secret not in told
        assert [path for path in written if secret.encode() in path.read_bytes()] == []


def test_json_has_the_server(share: Share, server: ChromaRun, assistant: Assistant) -> None:
    found = status_object(Assistant(share("a")).status())
    assert found["server"] == {"address": server.url, "version": "1.0.0"}
    assert status_object(assistant.status())["server"] is None


def test_without_a_key_the_door_says_which_variable(share: Share, server: ChromaRun) -> None:
    door = Door(server.port, KEY)
    try:
        with pytest.raises(ServerError, match=r"wants a key \(401\): set ASSISTANT_CHROMA_API_KEY"):
            share("a", chroma_url=door.url).ensure_papers()
    finally:
        door.close()


def test_nothing_is_sent_before_it_is_needed(shared: Settings) -> None:
    server = ChromaServer(shared.model_copy(update={"chroma_url": "http://127.0.0.1:9"}))
    assert server.address == "http://127.0.0.1:9"
    server.close()


def test_removing_what_is_not_there_changes_nothing(share: Share) -> None:
    a = share("a")
    a.ingest(of(LIBRARY[0]))
    with pytest.raises(PaperNotFoundError):
        Assistant(a).remove("Nothing of the kind")
    assert looks(share("b")).keys() == {KETTLE}
