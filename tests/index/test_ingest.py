"""Ingest: what changes and what does not, and how a paper is found again."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from small import GLACIER, KETTLE, Counting, OpenIndex, by_vectors, by_words, held, listing, reading

from assistant import HomeError, IngestReport, PaperNotFoundError, Rejection
from assistant.corpus import Reading, paper_id
from assistant.index.index import Index
from assistant.index.ingest import THINNED
from assistant.index.minilm import MiniLM
from assistant.index.settling import BATCH
from assistant.index.vectors import Vectors

HOT_KETTLE = listing("Kettles", "A kettle boils water at a hundred degrees.")

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


def test_after_papers_changed_or_went_what_is_written_is_looked_through_until_a_rebuild(
    new_index: OpenIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[bool | str] = []
    write = Vectors.replace

    def watched(self: Vectors, *arguments: Any, thinned: bool = False) -> None:
        told.append(thinned)
        write(self, *arguments, thinned=thinned)

    monkeypatch.setattr(Vectors, "replace", watched)
    monkeypatch.setattr(Vectors, "mend", lambda _: told.append("all"))
    index = new_index()
    for change in (lambda: index.remove([index.find("Glaciers")]), lambda: index.ingest(reading(HOT_KETTLE))):
        told.clear()
        index.ingest(reading(KETTLE, GLACIER))
        assert told == [False]
        change()
        told.clear()
        index.ingest(reading(GLACIER, listing("Cups", "Cups hold tea.")))
        assert told == [True, "all"]
        index.remove([index.find("Cups")])
        told.clear()
        index.rebuild()
        assert told == [False]
        index.remove([index.find(title) for title in ("Kettles", "Glaciers")])
        index.rebuild()


def test_a_home_of_an_older_version_is_looked_through(
    new_index: OpenIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = new_index()
    index.ingest(reading(KETTLE))
    with index.ledger.transaction():
        index.ledger.execute("DELETE FROM facts WHERE name = ?", (THINNED,))
    told: list[str] = []
    monkeypatch.setattr(Vectors, "mend", lambda _: told.append("all"))
    index.ingest(reading(GLACIER))
    assert told == ["all"]


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
