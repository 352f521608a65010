"""Chroma Cloud's sparse vectors and its search, against a stand-in: no test talks to the cloud itself."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from chroma_cloud import Cloud
from chromadb.errors import NotFoundError
from library import LIBRARY
from pydantic import SecretStr
from sharing_homes import KETTLE, QUESTIONS, Share, disagreements, first, looks, of

from assistant import Assistant, ServerError, Settings
from assistant.corpus import Listing, Reading, paper_id
from assistant.index.index import Index
from assistant.index.vectors import Vectors
from assistant.retrieval import DateRange, dated, retrieve
from bench.durability.chroma_run import ChromaRun

KEY = "ck-stand-in-for-a-key"


@pytest.fixture
def cloud(server: ChromaRun) -> Iterator[Cloud]:
    door = Cloud(server.port, KEY)
    yield door
    door.close()


@pytest.fixture
def shared(shared: Settings, cloud: Cloud) -> Settings:
    """Settings of a home that shares a database of the test's own in the cloud."""
    return shared.model_copy(update={"chroma_url": cloud.url, "chroma_api_key": SecretStr(KEY)})


def vectors(index: Index) -> Vectors:
    assert index.vectors is not None
    return index.vectors


def test_questions_are_answered_as_with_a_folder(
    share: Share, library: Reading, assistant: Assistant
) -> None:
    index = share("a")
    assert index.ingest(library).added == len(LIBRARY)
    assert vectors(index).ranks_words
    beside = Assistant(index)
    for question in QUESTIONS:
        assert beside.search(question)[0].paper == assistant.search(question)[0].paper
        assert beside.ask(question).text == assistant.ask(question).text
    assert disagreements(index) == ()


def test_one_request_brings_both_rankings(share: Share, library: Reading, cloud: Cloud) -> None:
    index = share("a")
    index.ingest(library)
    cloud.asked.clear()
    found = retrieve(index, "Which thermostat saves the energy of kettles?")
    assert cloud.asked["search"] == 1
    assert "words" not in found.seconds
    (encoding,) = index.encoder.encode(["kettles"])
    cosines, words = vectors(index).search_with_words(encoding.pooled(), "kettles", 5)
    assert list(words) == [paper_id(KETTLE)]
    assert len(cosines) == 5
    assert next(iter(cosines)) == paper_id(KETTLE)
    here = vectors(index).search(encoding.pooled(), 5)
    assert cosines == pytest.approx(here, abs=1e-5)
    at_home = index.words.search("energy of kettles", 5)
    _, words = vectors(index).search_with_words(encoding.pooled(), "energy of kettles", 5)
    assert list(words)[:2] == list(at_home)[:2]


def test_a_question_of_unknown_words_or_of_signs_has_no_matches(share: Share, library: Reading) -> None:
    index = share("a")
    index.ingest(library)
    (encoding,) = index.encoder.encode(["zyzzyva"])
    for question in ("zyzzyva", "?"):
        cosines, words = vectors(index).search_with_words(encoding.pooled(), question, 5)
        assert words == {}
        assert len(cosines) == 5


def test_dates_bound_both_rankings(share: Share, library: Reading) -> None:
    index = share("a")
    index.ingest(library)
    dates = DateRange.parse("2021", "2022")
    hits = retrieve(index, "How much energy does KettleNet save?", dates=dates).hits
    assert hits[0].paper.title == KETTLE
    assert {hit.paper.published.year for hit in hits if hit.paper.published} <= {2021, 2022}
    after = retrieve(index, "How much energy does KettleNet save?", dates=DateRange.parse("2023")).hits
    assert KETTLE not in {hit.paper.title for hit in after}


def test_words_follow_a_papers_text_and_leave_with_it(share: Share) -> None:
    a, b = share("a"), share("b")
    a.ingest(of(*LIBRARY[:3]))
    looks(b)
    assert vectors(b).ranks_words
    changed = replace(LIBRARY[0], text="KettleNet now knits scarves of wool. It knits 12 an hour.")
    b.ingest(of(changed))
    looks(a)
    (encoding,) = a.encoder.encode(["thermostat"])
    assert vectors(a).search_with_words(encoding.pooled(), "thermostat", 5)[1] == {}
    assert list(vectors(a).search_with_words(encoding.pooled(), "wool", 5)[1]) == [paper_id(KETTLE)]
    a.remove([a.find(KETTLE)])
    assert vectors(a).search_with_words(encoding.pooled(), "wool", 5)[1] == {}
    assert KETTLE not in looks(b)
    assert disagreements(a) == ()
    assert disagreements(b) == ()


def test_a_long_paper_has_its_words_once(share: Share) -> None:
    text = " ".join(f"The kettle number {number} boils after {number} minutes." for number in range(150))
    index = share("a")
    index.ingest(of(Listing(title="Many Kettles", text=text, source="a"), LIBRARY[1]))
    held = vectors(index).texts(list(index.ledger.records([paper_id("Many Kettles")]).values()))
    (chunks,) = held.values()
    assert len(chunks) > 1
    assert ["words" in chunk.metadata for chunk in chunks.values()].count(True) == 1
    assert disagreements(index) == ()


def test_words_that_are_not_the_papers_are_named_and_a_rebuild_mends_them(share: Share, cloud: Cloud) -> None:
    index = share("a")
    index.ingest(of(*LIBRARY[:3]))
    chunk = f"{paper_id(KETTLE)}-0"
    (held,) = filter(None, cloud.vectors.values())
    del held[chunk]
    (wrong,) = index.check().disagreements
    assert wrong.papers == (paper_id(KETTLE),)
    index.rebuild()
    assert disagreements(index) == ()
    assert chunk in held


def test_more_papers_than_a_request_takes_and_gives(share: Share) -> None:
    text = "It keeps the kettle number {0} warm in winter {0}."
    papers = [
        Listing(title=f"Kettle {number}", text=text.format(number), source="a") for number in range(310)
    ]
    index = share("a", embedding="")
    index.ingest(of(*papers))
    found = Assistant(index).search("kettle in winter", limit=500)
    assert len(found) >= 300


def test_a_collection_from_before_goes_on_without(share: Share, server: ChromaRun) -> None:
    plain = share("a", chroma_url=server.url)
    plain.ingest(of(*LIBRARY[:3]))
    assert not vectors(plain).ranks_words
    index = share("b")
    looks(index)
    assert not vectors(index).ranks_words
    assert first(index) == KETTLE
    assert disagreements(index) == ()


def test_a_server_that_knows_no_schema_gets_a_collection_of_cosines(share: Share, cloud: Cloud) -> None:
    cloud.knows_schemas = False
    index = share("a")
    index.ingest(of(*LIBRARY[:3]))
    assert not vectors(index).ranks_words
    assert vectors(index)._collection.configuration_json["hnsw"]["space"] == "cosine"
    assert first(index) == KETTLE
    assert disagreements(index) == ()


@pytest.mark.parametrize("knows_schemas", [True, False])
def test_a_collection_that_another_home_makes_first_is_taken(
    share: Share, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, *, knows_schemas: bool
) -> None:
    cloud.knows_schemas = knows_schemas
    first_home, second = share("a"), share("b")
    first_home.ingest(of(*LIBRARY[:3]))
    assert second.sharing is not None
    api = second.sharing.server._connected()
    look = api.get_collection
    asked: list[str] = []

    def looked_too_soon(name: str, **there: str) -> object:
        asked.append(name)
        if name == "papers" and asked.count(name) == 1:
            raise NotFoundError
        return look(name, **there)

    monkeypatch.setattr(api, "get_collection", looked_too_soon)
    assert vectors(second).ranks_words is knows_schemas
    assert vectors(second).count() == 3
    assert first(first_home) == KETTLE


def test_dates_bound_a_large_collection_without_sparse_vectors(
    share: Share, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.knows_schemas = False
    index = share("a")
    index.ingest(of(*LIBRARY))
    monkeypatch.setattr(dated, "SMALL", 0)
    monkeypatch.setattr(dated, "FEW", 0)
    hits = retrieve(index, QUESTIONS[0], dates=DateRange.parse("2021", "2022")).hits
    assert hits[0].paper.title == KETTLE


def test_chroma_run_itself_has_no_sparse_vectors_yet(server: ChromaRun) -> None:
    """When it has, the stand-in is no longer needed."""
    database = f"{server.url}/api/v2/tenants/default_tenant/databases/{server.database()}"
    with httpx.Client(trust_env=False, verify=False) as client:  # noqa: S501 - there is no TLS
        index = {"sparse_vector": {"sparse_vector_index": {"enabled": True, "config": {"bm25": True}}}}
        schema = {"defaults": {}, "keys": {"words": index}}
        made = client.post(f"{database}/collections", json={"name": "papers", "schema": schema})
    assert made.status_code == 400
    assert "sparse vector" in made.text.lower()


def test_the_clouds_refusals_are_said_without_the_key(share: Share) -> None:
    index = share("a", chroma_api_key=SecretStr("ck-another"))
    with pytest.raises(ServerError, match="refuses the key") as caught:
        index.ingest(of(LIBRARY[0]))
    assert KEY not in str(caught.value)
    assert "ck-another" not in str(caught.value)


def test_its_graph_is_not_ours_to_mend_and_its_quota_is_kept(share: Share, cloud: Cloud) -> None:
    index = share("a")
    papers = [
        Listing(title=f"Kettle {number}", text=f"It keeps kettle {number} warm.", source="")
        for number in range(30)
    ]
    index.ingest(of(*papers))
    assert cloud.asked["query"] == 0
    assert disagreements(index) == ()
    assert cloud.asked["query"] == 2
