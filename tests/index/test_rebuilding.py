"""Stores made anew, and indexes made by others."""

import pytest
from small import GLACIER, KETTLE, Counting, OpenIndex, by_vectors, by_words, held, reading

from assistant import IndexMismatchError
from assistant.index.minilm import MiniLM


def test_rebuilding_makes_every_derived_store_anew(
    new_index: OpenIndex, counting: Counting, encoder: MiniLM
) -> None:
    index = new_index(encoder=counting)
    index.ingest(reading(KETTLE, GLACIER))
    assert index.vectors is not None
    records = list(index.ledger.records(paper.paper_id for paper in index.ledger.papers()).values())
    index.words.replace(records, leaving=True)
    index.vectors.forget(records)
    with index.ledger.transaction():
        index.tokens.clear()
    index.rebuild()
    assert held(index) == {"Kettles", "Glaciers"}
    assert index.check().disagreements == ()
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
