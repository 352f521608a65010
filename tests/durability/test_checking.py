"""`assistant status --check`: each way in which a store can differ from the ledger, made for real."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import Run

from assistant import DamageError
from assistant.corpus import Listing, Reading, paper_id
from assistant.index.checking import OPENINGS
from assistant.index.comparing import Store
from assistant.index.index import Index
from assistant.index.ledger import State
from assistant.index.vectors import HeldChunk, Vectors

OpenIndex = Callable[..., Index]

KETTLE, DOORBELL = "KettleNet: Boiling Water with Fewer Joules", "A Survey of Doorbells"


@pytest.fixture
def index(new_index: OpenIndex, small_home: Path, tmp_path: Path) -> Index:
    """The index of a home that holds the library, for the test to spoil."""
    shutil.copytree(small_home, tmp_path / "home")
    return new_index()


def sentences(index: Index) -> list[tuple[Store, str]]:
    return [(one.store, one.sentence) for one in index.check().disagreements]


def rewrite(index: Index, sql: str, *values: object) -> None:
    with index.ledger.transaction():
        index.ledger.execute(sql, values)


# What it says


def test_a_sound_home_agrees(index: Index) -> None:
    found = index.check()
    assert found.agreed
    assert (found.papers, found.unfinished, found.unchecked, found.disagreements) == (12, 0, 0, ())


@pytest.mark.parametrize("misses", [OPENINGS - 1, OPENINGS])
def test_a_vector_is_named_that_no_opening_finds(
    index: Index, monkeypatch: pytest.MonkeyPatch, misses: int
) -> None:
    openings: list[Vectors] = []
    each = Vectors.each

    def missing_one(vectors: Vectors) -> Iterator[HeldChunk]:
        openings.append(vectors)
        first, *others = each(vectors)
        yield replace(first, found=len(openings) > misses)
        yield from others

    monkeypatch.setattr(Vectors, "each", missing_one)
    named = [one.sentence for one in index.check().disagreements]
    assert len(openings) == OPENINGS
    assert len(named) == (misses == OPENINGS)
    assert all("does not find by its own vector 1 paper" in sentence for sentence in named)


def test_the_command_says_so_and_exits_with_0(small_home: Path, run: Run) -> None:
    done = run("status", "--check", ASSISTANT_HOME=small_home)
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        f"Home     {small_home}",
        "Papers   12",
        "Encoder  all-MiniLM-L6-v2",
        "Reader   extractive",
        "Check    the ledger, the vectors, the words and the token vectors agree",
    ]


def test_the_command_names_what_disagrees_and_exits_with_1(index: Index, run: Run) -> None:
    rewrite(
        index,
        "UPDATE token_counts SET papers = papers + 1 WHERE token = (SELECT max(token) FROM token_counts)",
    )
    index.words.replace(index.ledger.records([paper_id(KETTLE)]).values(), leaving=True)
    index.close()
    done = run("status", "--check", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["check"] == {
        "agreed": False,
        "unchecked": 0,
        "disagreements": [
            {
                "store": "words",
                "sentence": f"The word index lacks 1 paper ('{KETTLE}'): run assistant ingest --rebuild.",
                "papers": [paper_id(KETTLE)],
            },
            {
                "store": "tokens",
                "sentence": "Of 1 tokens, the count of papers that have them is wrong: "
                "run assistant ingest --rebuild.",
                "papers": [],
            },
        ],
    }
    assert run("ingest", "--rebuild").returncode == 0
    assert run("status", "--check").returncode == 0


# What it finds


def without_words(index: Index) -> None:
    index.words.replace(index.ledger.records([paper_id(KETTLE)]).values(), leaving=True)


def other_words(index: Index) -> None:
    (record,) = index.ledger.records([paper_id(KETTLE)]).values()
    paper = type(record.paper)(paper_id=record.paper.paper_id, title=KETTLE, text="Something else.")
    index.words.replace([type(record)(paper, record.shipped, record.state)])


def without_vectors(index: Index) -> None:
    assert index.vectors is not None
    index.vectors.forget(list(index.ledger.records([paper_id(KETTLE)]).values()))


def another_vector(index: Index) -> None:
    assert index.vectors is not None
    vector = np.zeros(384, np.float32)
    vector[7] = 1
    index.vectors._collection.update(ids=[f"{paper_id(KETTLE)}-0"], embeddings=vector[np.newaxis])


def another_sign(index: Index) -> None:
    assert index.vectors is not None
    name = f"{paper_id(KETTLE)}-0"
    held = index.vectors._collection.get(ids=[name], include=["embeddings"])["embeddings"]
    vector = np.asarray(held, np.float32)[0]
    vector[int(np.argmax(np.abs(vector)))] *= -1
    index.vectors._collection.update(ids=[name], embeddings=vector[np.newaxis])


def another_chunk(index: Index) -> None:
    assert index.vectors is not None
    name = f"{paper_id(KETTLE)}-0"
    vector = index.vectors._collection.get(ids=[name], include=["embeddings"])["embeddings"]
    index.vectors._collection.update(
        ids=[name], embeddings=np.asarray(vector, np.float32), documents=["Something else."]
    )


def another_title(index: Index) -> None:
    assert index.vectors is not None
    index.vectors._collection.update(ids=[f"{paper_id(KETTLE)}-0"], metadatas=[{"title": "Something else"}])


def a_stranger_among_the_vectors(index: Index) -> None:
    assert index.vectors is not None
    index.vectors._collection.add(
        ids=["0123456789abcde-0"],
        embeddings=np.ones((1, 384), np.float32),
        documents=["…"],
        metadatas=[{"start": 0}],
    )


def without_tokens(index: Index) -> None:
    rewrite(index, "DELETE FROM token_vectors WHERE paper_id = ?", paper_id(KETTLE))


def a_token_changed(index: Index) -> None:
    rewrite(
        index,
        "UPDATE token_vectors SET codes = CAST(substr(codes, 1, 99) || x'2a' || substr(codes, 101) AS BLOB) "
        "WHERE paper_id = ?",
        paper_id(KETTLE),
    )


def tokens_cut_short(index: Index) -> None:
    rewrite(
        index,
        "UPDATE token_vectors SET codes = substr(codes, 1, length(codes) / 2) WHERE paper_id = ?",
        paper_id(KETTLE),
    )


@pytest.mark.parametrize(
    ("spoil", "store", "sentence"),
    [
        (without_words, Store.WORDS, "The word index lacks 1 paper"),
        (other_words, Store.WORDS, "The word index has not the words, or the date, of 1 paper"),
        (without_vectors, Store.VECTORS, "The collection of vectors lacks 1 paper"),
        (another_vector, Store.VECTORS, "The vectors in Chroma are not those that were written of 1 paper"),
        (another_sign, Store.VECTORS, "The vectors in Chroma are not those that were written of 1 paper"),
        (another_chunk, Store.VECTORS, "The chunks in Chroma are not those of 1 paper"),
        (another_title, Store.VECTORS, "The chunks in Chroma are not those of 1 paper"),
        (
            a_stranger_among_the_vectors,
            Store.VECTORS,
            "The collection of vectors holds what the ledger does not, 1 paper ('0123456789abcde')",
        ),
        (a_token_changed, Store.TOKENS, "The token vectors are not those that were written of 1 paper"),
        (tokens_cut_short, Store.TOKENS, "The token vectors are not those that were written of 1 paper"),
    ],
)
def test_each_disagreement_is_one_sentence_with_its_cure_which_helps(
    index: Index, spoil: Callable[[Index], None], store: Store, sentence: str
) -> None:
    spoil(index)
    ((found_in, said),) = sentences(index)
    assert found_in == store
    assert said.startswith(sentence)
    assert said.endswith(": run assistant ingest --rebuild.")
    index.rebuild()
    assert index.check().agreed


def test_tokens_that_are_gone_are_missed_and_so_are_their_counts(index: Index) -> None:
    without_tokens(index)
    assert [said.split("(")[0] for _, said in sentences(index)] == [
        "The store of token vectors lacks 1 paper ",
        "Of 58 tokens, the count of papers that have them is wrong: run assistant ingest --rebuild.",
    ]


def test_a_paper_that_was_changed_in_the_ledger_is_named_and_another_ingest_helps(
    index: Index, library: Reading
) -> None:
    rewrite(index, "UPDATE papers SET text = 'Doorbells ring.' WHERE paper_id = ?", paper_id(DOORBELL))
    said = f"The ledger holds something else than was written of 1 paper ('{DOORBELL}'): ingest their pages"
    assert (Store.LEDGER, f"{said} again.") in sentences(index)
    with pytest.raises(DamageError, match="ingest its page again"):
        index.ledger.papers_by_id([paper_id(DOORBELL)])
    index.ingest(library)
    assert index.check().agreed


def test_what_is_unfinished_is_counted_and_no_disagreement(index: Index) -> None:
    records = list(index.ledger.records([paper_id(KETTLE), paper_id(DOORBELL)]).values())
    with index.ledger.transaction():
        index.ledger.mark(records[:1], State.PENDING)
        index.ledger.mark(records[1:], State.LEAVING)
    assert index.vectors is not None
    index.vectors.forget(records[:1])
    found = index.check()
    assert (found.papers, found.unfinished, found.disagreements) == (11, 2, ())


def test_an_index_of_words_alone_is_compared_too(new_index: OpenIndex, library: Reading) -> None:
    index = new_index(embedding="words")
    index.ingest(library)
    assert index.check().agreed
    without_words(index)
    assert [store for store, _ in sentences(index)] == [Store.WORDS]


def test_an_index_of_an_older_version_goes_on_unchecked_until_it_is_rebuilt(index: Index) -> None:
    rewrite(index, "DELETE FROM checksums")
    rewrite(index, "DELETE FROM facts WHERE name = 'token_counts'")
    found = index.check()
    assert (found.agreed, found.unchecked) == (True, 12)
    tokens_cut_short(index)
    assert [store for store, _ in sentences(index)] == [Store.TOKENS]
    index.rebuild()
    assert (index.check().agreed, index.check().unchecked) == (True, 0)


def test_a_paper_of_several_chunks_agrees(new_index: OpenIndex) -> None:
    index = new_index()
    text = " ".join(f"Kettle {number} boils its water in the hall of bells." for number in range(120))
    index.ingest(Reading(listings=(Listing(title="Kettles", text=text, source="a.txt"),)))
    assert index.vectors is not None
    assert index.vectors.count() > 2
    assert index.check().disagreements == ()


# Damage that is met in the midst of a program


@pytest.mark.parametrize(
    ("file", "content"), [("vectors/chroma.sqlite3", b""), ("vectors/chroma.sqlite3", b"no database " * 99)]
)
def test_a_program_that_is_refused_may_rebuild_and_go_on(
    index: Index, new_index: OpenIndex, tmp_path: Path, file: str, content: bytes
) -> None:
    index.close()
    (tmp_path / "home" / file).write_bytes(content)
    again = new_index()
    for _ in range(2):
        with pytest.raises(DamageError, match="run assistant ingest --rebuild"):
            _ = again.vectors
    again.rebuild()
    assert again.check().agreed


# A damaged ledger


def test_the_papers_of_a_damaged_ledger_can_be_exported_and_ingested(
    index: Index, run: Run, tmp_path: Path
) -> None:
    index.close()
    ledger = tmp_path / "home" / "ledger.sqlite3"
    content = bytearray(ledger.read_bytes())
    title = content.index(KETTLE.encode())
    content[title + len(KETTLE) + 5] ^= 0x20
    ledger.write_bytes(content)

    checked = run("status", "--check")
    assert checked.returncode == 1
    assert f"The ledger holds something else than was written of 1 paper ('{KETTLE}')" in checked.stdout
    exported = run("papers", "export")
    assert exported.returncode == 1
    assert (
        exported.stderr == "assistant: 1 of the ledger's rows cannot be read, or are not what was written.\n"
    )
    assert len(exported.stdout.splitlines()) == 11

    again = run("ingest", "-", "--json", stdin=exported.stdout, ASSISTANT_HOME=tmp_path / "new")
    assert json.loads(again.stdout)["added"] == 11
    with (
        closing(sqlite3.connect(ledger)) as old,
        closing(sqlite3.connect(tmp_path / "new" / "ledger.sqlite3")) as new,
    ):
        columns = "title, text, kind, published, author_count, organization, sources, content_hash"
        select = f"SELECT {columns} FROM papers WHERE title != ? ORDER BY title"  # noqa: S608 - our own
        assert new.execute(select, (KETTLE,)).fetchall() == old.execute(select, (KETTLE,)).fetchall()


def test_a_ledger_with_a_broken_page_is_reported_with_the_way_to_export(
    new_index: OpenIndex, run: Run, tmp_path: Path
) -> None:
    index = new_index(embedding="words")
    papers = [Listing(title=f"Paper {n}", text=f"Kettle {n}. " * 50, source="a.txt") for n in range(60)]
    index.ingest(Reading(listings=tuple(papers)))
    index.close()
    ledger = tmp_path / "home" / "ledger.sqlite3"
    content = bytearray(ledger.read_bytes())
    page = content.index(b"Kettle 30. Kettle 30.") // 4_096 * 4_096
    content[page : page + 4_096] = bytes(4_096)
    ledger.write_bytes(content)

    for command in (("papers", "list"), ("ingest", "--rebuild")):
        done = run(*command, ASSISTANT_EMBEDDING="words")
        assert done.returncode == 1
        assert done.stderr.startswith("assistant: The ledger of papers ")
        assert "assistant papers export prints the papers that can still be read" in done.stderr
    exported = run("papers", "export")
    assert exported.returncode == 1
    titles = {json.loads(line)["title"] for line in exported.stdout.splitlines()}
    assert 50 <= len(titles) < 60
    assert titles < {paper.title for paper in papers}


def test_an_index_without_its_ledger_is_no_new_home(index: Index, run: Run, tmp_path: Path) -> None:
    index.close()
    (tmp_path / "home" / "ledger.sqlite3").unlink()
    done = run("ask", "What boils?")
    assert done.returncode == 1
    assert "is gone, though its index is there" in done.stderr


def test_a_sound_home_is_exported_whole(small_home: Path, run: Run, library: Reading) -> None:
    done = run("papers", "export", ASSISTANT_HOME=small_home)
    assert done.returncode == 0
    assert {json.loads(line)["title"] for line in done.stdout.splitlines()} == {
        listing.title for listing in library.listings
    }
