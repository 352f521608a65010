"""What the encoder made is kept: nothing is encoded twice, and nothing unsound is used."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from small import GLACIER, KETTLE, Counting, OpenIndex, by_words, held, reading

from assistant.corpus import Listing, paper_id
from assistant.index.index import Index
from assistant.index.kept import FORMER, RECIPE
from assistant.index.ledger import State

MADE = ["Glaciers. A glacier is frozen.", "Kettles. A kettle boils water."]


@pytest.fixture
def index(new_index: OpenIndex, counting: Counting) -> Index:
    """Two papers, and no text that the encoder was given since."""
    index = new_index(encoder=counting)
    index.ingest(reading(KETTLE, GLACIER))
    counting.texts.clear()
    return index


def tables(index: Index) -> set[str]:
    return {name for (name,) in index.ledger.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def vectors(index: Index) -> dict[str, np.ndarray]:
    assert index.vectors is not None
    found = index.vectors._collection.get(include=["embeddings"])
    return dict(zip(found["ids"], np.asarray(found["embeddings"]), strict=True))


def test_a_rebuild_encodes_nothing_that_is_kept(index: Index, counting: Counting) -> None:
    before = vectors(index)
    tokens = index.tokens.of(paper.paper_id for paper in index.ledger.papers())
    index.rebuild()
    assert counting.texts == []
    assert held(index) == {"Kettles", "Glaciers"}
    assert index.check().disagreements == ()
    after = vectors(index)
    assert all((after[key] == vector).all() for key, vector in before.items())
    again = index.tokens.of(tokens)
    assert all((again[key].codes == one.codes).all() for key, one in tokens.items())
    assert not {name for name in tables(index) if name.startswith(FORMER)}


def test_another_date_needs_no_encoding_and_another_text_does(index: Index, counting: Counting) -> None:
    assert index.ingest(reading(replace(KETTLE, published=date(2024, 5, 6)))).updated == 1
    assert counting.texts == []
    assert index.vectors is not None
    assert list(
        index.vectors.search(vectors(index)[f"{paper_id('Kettles')}-0"], 2, since=date(2024, 1, 1))
    ) == [paper_id("Kettles")]
    assert index.check().disagreements == ()
    index.ingest(reading(replace(KETTLE, text="A kettle whistles.")))
    assert counting.texts == ["Kettles. A kettle whistles."]
    assert by_words(index, "whistles") == ["Kettles"]
    assert index.check().disagreements == ()


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("chunk_vectors", "vectors", "CAST(substr(vectors, 1, 40) || x'00' || substr(vectors, 42) AS BLOB)"),
        ("chunk_vectors", "vectors", "substr(vectors, 1, 40)"),
        ("chunk_vectors", "vectors", "'text'"),
        ("chunk_vectors", "chunks", "7"),
        ("chunk_vectors", "chunks", "''"),
        ("chunk_vectors", "chunks", "1.5"),
        ("chunk_vectors", "checksum", "checksum + 1"),
        ("chunk_vectors", "made_of", "'0123456789abcdef'"),
        ("token_vectors", "codes", "CAST(substr(codes, 1, 40) || x'00' || substr(codes, 42) AS BLOB)"),
        ("token_vectors", "places", "x'00'"),
    ],
)
def test_what_is_not_as_it_was_written_is_made_again(
    index: Index, counting: Counting, table: str, column: str, value: str
) -> None:
    key = paper_id("Kettles")
    with index.ledger.transaction():
        before = index.ledger.execute(f"SELECT {column} FROM {table} WHERE paper_id = ?", (key,))  # noqa: S608
        index.ledger.execute(f"UPDATE {table} SET {column} = {value} WHERE paper_id = ?", (key,))  # noqa: S608
        assert index.ledger.execute(f"SELECT {column} FROM {table} WHERE paper_id = ?", (key,)) != before  # noqa: S608
    index.rebuild()
    assert counting.texts == MADE[1:]
    assert index.check().disagreements == ()


def test_a_row_that_cannot_be_read_is_made_again_with_those_beside_it(
    index: Index, counting: Counting
) -> None:
    with index.ledger.transaction():
        index.ledger.execute("UPDATE chunk_vectors SET made_of = CAST(x'ff' AS TEXT)")
    index.rebuild()
    assert sorted(counting.texts) == MADE
    assert index.check().disagreements == ()


def test_a_rebuild_that_is_begun_anew_keeps_what_the_one_before_encoded(
    index: Index, counting: Counting
) -> None:
    with index.ledger.transaction():
        index.ledger.execute("DELETE FROM chunk_vectors")
        index.kept.set_aside()  # of a home that has nothing kept
        index.ledger.mark_all(State.PENDING, among=State.INDEXED)
    drop = index.kept.drop_former
    index.kept.drop_former = lambda: None  # type: ignore[method-assign]  # the process dies before
    index._finish(None, wait=True)
    assert sorted(counting.texts) == MADE
    counting.texts.clear()
    index.kept.drop_former = drop  # type: ignore[method-assign]
    index.rebuild()
    assert counting.texts == []
    assert index.check().disagreements == ()


def test_what_was_set_aside_goes_where_nothing_is_left_to_do(index: Index) -> None:
    with index.ledger.transaction():
        index.kept.set_aside()
    index.ingest(reading(KETTLE))
    assert not {name for name in tables(index) if name.startswith(FORMER)}


def test_a_home_without_any_is_encoded(index: Index, counting: Counting) -> None:
    with index.ledger.transaction():
        index.ledger.execute("DELETE FROM chunk_vectors")
    index.rebuild()
    assert sorted(counting.texts) == MADE
    counting.texts.clear()
    index.rebuild()
    assert counting.texts == []


def test_a_rebuild_that_was_stopped_goes_on_with_what_was_kept(
    new_index: OpenIndex, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = new_index(encoder=counting)
    papers = [
        Listing(title=f"Kettle {number}", text=f"It boils {number}.", source="a") for number in range(150)
    ]
    index.ingest(reading(*papers))
    counting.texts.clear()
    mark = index.ledger.mark
    marked = 0

    def stop_at_the_second(records: object, state: State) -> None:
        nonlocal marked
        marked += state is State.INDEXED
        if marked == 2:
            raise KeyboardInterrupt
        mark(records, state)  # type: ignore[arg-type]

    for _ in range(2):  # a rebuild that is begun anew while another was under way
        marked = 0
        monkeypatch.setattr(index.ledger, "mark", stop_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            index.rebuild()
        assert any(name.startswith(FORMER) for name in tables(index))
        assert index.ledger.counts()[State.PENDING] > 0
    monkeypatch.undo()
    index.close()
    again = new_index(encoder=counting)
    again.ensure_papers()
    assert counting.texts == []
    assert again.check().disagreements == ()
    assert len(again.ledger.papers()) == len(papers)
    assert not {name for name in tables(again) if name.startswith(FORMER)}


def test_a_paper_that_leaves_takes_what_is_kept_along(index: Index, counting: Counting) -> None:
    index.remove([index.find("Kettles")])
    assert index.ledger.execute("SELECT paper_id FROM chunk_vectors") == [(paper_id("Glaciers"),)]
    index.ingest(reading(KETTLE))
    assert counting.texts == MADE[1:]


def test_another_encoders_are_not_used(new_index: OpenIndex, index: Index, counting: Counting) -> None:
    index.close()
    counting.name = "another-encoder"
    new_index(encoder=counting).rebuild()
    assert sorted(counting.texts) == MADE


def test_the_recipe_is_the_one_that_is_numbered(index: Index) -> None:
    """Where this fails because papers are made in another way, raise RECIPE, and take the new figures."""
    assert RECIPE == 1
    key = paper_id("Kettles")
    tokens = index.tokens.of([key])[key]
    assert tokens.ids.tolist() == [22421, 2015, 1037, 22421, 26077, 2015, 2300]
    assert tokens.spans.tolist() == [[-1, -1], [-1, -1], [0, 1], [2, 8], [9, 13], [13, 14], [15, 20]]
    assert vectors(index)[f"{key}-0"][:4] == pytest.approx([-0.0597, 0.0214, -0.0251, 0.0678], abs=1e-3)
    assert tokens.vectors[1][:4] == pytest.approx([-0.0337, -0.0284, 0.0192, 0.0283], abs=0.01)
