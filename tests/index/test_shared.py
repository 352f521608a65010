"""What two copies of a paper make together, and which papers a home has to look at."""

import json
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import Paper
from assistant.corpus import paper_id
from assistant.corpus.paper import TextKind
from assistant.index.ledger import Record, State
from assistant.index.shared import CURATED, Note, SharedPaper, digest_of, read, text_of, united
from assistant.index.sharing import since

TEXTS = st.text(min_size=1).filter(lambda text: bool(text.strip()))
TITLE = "On Kettles"


def paper(text: str = "Hot.", kind: TextKind = "abstract", **more: object) -> Paper:
    known = Paper(paper_id=paper_id(TITLE), title=TITLE, text=text, kind=kind, sources=("a",))
    return replace(known, **more)  # type: ignore[arg-type]


def shared(of: Paper, *, shipped: bool = False) -> SharedPaper:
    return SharedPaper(of, shipped, digest_of(text_of(of, shipped=shipped)))


def local(of: Paper, *, shipped: bool = False) -> Record:
    return Record(of, shipped, State.INDEXED)


@given(
    TEXTS,
    st.sampled_from(["abstract", "summary"]),
    st.none() | st.dates(),
    st.none() | st.integers(min_value=0, max_value=10**9),
    st.none() | st.text(),
    st.lists(st.text()),
    st.booleans(),
)
def test_a_paper_is_read_as_it_was_written(
    text: str,
    kind: TextKind,
    published: object,
    author_count: object,
    organization: object,
    sources: list[str],
    shipped: bool,  # noqa: FBT001 - Hypothesis gives it
) -> None:
    written = paper(
        text,
        kind,
        published=published,
        author_count=author_count,
        organization=organization,
        sources=tuple(sources),
    )
    line = text_of(written, shipped=shipped)
    assert read(written.paper_id, line) == SharedPaper(written, shipped, digest_of(line))


WHOLE = json.loads(text_of(paper(), shipped=False))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[]",
        "null",
        "{}",
        json.dumps({**WHOLE, "title": "Another"}),
        json.dumps({**WHOLE, "text": ""}),
        json.dumps({**WHOLE, "text": 7}),
        json.dumps({**WHOLE, "published": "yesterday"}),
        json.dumps({**WHOLE, "author_count": "many"}),
        json.dumps({**WHOLE, "sources": None}),
    ],
)
def test_what_is_no_paper_is_none(text: str) -> None:
    assert read(paper_id(TITLE), text) is None


def test_the_later_text_stays_and_no_source_is_lost() -> None:
    ours, theirs = paper("Ours.", sources=("a", "b")), paper("Theirs.", sources=("a", "c"))
    assert united(local(ours), shared(theirs), newer=False)[0] == replace(theirs, sources=("a", "c", "b"))
    assert united(local(ours), shared(theirs), newer=True)[0] == replace(ours, sources=("a", "c", "b"))


def test_an_abstract_never_gives_way_to_a_summary() -> None:
    abstract, summary = paper("Whole."), paper("Short.", "summary")
    for newer in (False, True):
        assert united(local(abstract), shared(summary), newer=newer)[0] == abstract
        assert united(local(summary), shared(abstract), newer=newer)[0] == abstract


def test_what_came_along_gives_way_to_what_somebody_chose() -> None:
    shipped, own = paper("Short.", "summary"), paper("Own.", "summary", sources=("mine",))
    for newer in (False, True):
        assert united(local(shipped, shipped=True), shared(own), newer=newer) == (own, False)
        assert united(local(own), shared(shipped, shipped=True), newer=newer) == (own, False)
        assert united(local(shipped, shipped=True), shared(shipped, shipped=True), newer=newer)[1]


def test_homes_that_hand_a_paper_round_come_to_agree() -> None:
    copies = [
        paper("Short.", "summary", sources=("a",)),
        paper("Whole.", sources=("b", "c"), author_count=3),
        paper("Whole too.", sources=("d",)),
    ]
    for homes in permutations(copies):
        server, papers = homes[0], list(homes)
        for _ in range(3):  # each looks in turn, and writes what it made of it
            for number, held in enumerate(papers):
                server, _shipped = united(local(held), shared(server), newer=False)
                papers[number] = server
        before = list(papers)
        assert {one.text for one in papers} <= {"Whole.", "Whole too."}
        assert all(one == server for one in papers)
        assert set(server.sources) == {"a", "b", "c", "d"}
        papers = [united(local(held), shared(server), newer=False)[0] for held in papers]
        assert papers == before


def test_a_home_looks_at_what_was_noted_since() -> None:
    notes = {
        "a": [Note("1", ["x"]), Note("2", ["y"])],
        "b": [Note("7", ["z"])],
        CURATED: [],
    }
    assert since(notes, {"a": "2", "b": "7"}) == set()
    assert since(notes, {"a": "1", "b": "7"}) == {"y"}
    assert since(notes, {"a": "0", "b": "7"}) is None  # away for longer than the notes go back
    assert since(notes, {"a": "2"}) is None  # a home that is new to it
    assert since({"a": []}, {"a": "2"}) is None  # one that cannot be read
    assert since({}, {}) == set()
