"""The five pages that the shipped corpus summarises, where they are at hand: they are not ours to ship."""

import json
import re
from datetime import date
from pathlib import Path

import pytest

from assistant.corpus import Listing, Reading, normalised_title, read_page, read_sources

REPOSITORY = Path(__file__).parents[2]
PAGES = REPOSITORY.parent / "shared" / "data" / "pages"
FURNITURE = re.compile(r"Get trending papers|Subscribe|Daily Papers|byAK|• \d+ authors|\n")

pytestmark = pytest.mark.skipif(not PAGES.is_dir(), reason="the real pages are not at hand")


@pytest.fixture(scope="module")
def reading() -> Reading:
    return read_sources(PAGES)


@pytest.fixture(scope="module")
def dated() -> tuple[str, tuple[Listing, ...]]:
    """The one page that shows details, and what is read of it."""
    (text,) = (text for path in PAGES.glob("*.txt") if "  • " in (text := path.read_text(encoding="utf-8")))
    return text, read_page(text, source="dated").listings


def test_every_listing_of_every_page_is_read(reading: Reading) -> None:
    of_each = [
        sum(listing.source == str(page) for listing in reading.listings) for page in sorted(PAGES.iterdir())
    ]
    assert of_each == [63, 55, 46, 234, 94]
    assert reading.rejected == ()


def test_the_titles_are_those_of_the_shipped_corpus(reading: Reading) -> None:
    corpus = (REPOSITORY / "corpus" / "papers.jsonl").read_text(encoding="utf-8").splitlines()
    titles = {listing.title for listing in reading.listings}
    assert titles == {json.loads(line)["title"] for line in corpus}
    assert len(titles) == len({normalised_title(title) for title in titles}) == 439


def test_every_text_is_a_whole_line_of_its_page(reading: Reading) -> None:
    lines = {line for page in PAGES.iterdir() for line in page.read_text(encoding="utf-8").split("\n")}
    assert {listing.text for listing in reading.listings} <= lines


def test_no_furniture_is_left_in_any_paper(reading: Reading) -> None:
    assert [listing for listing in reading.listings if FURNITURE.search(listing.title + listing.text)] == []


def test_one_paper_has_one_text_on_all_pages(reading: Reading) -> None:
    assert len({(listing.title, listing.text) for listing in reading.listings}) == 439


def test_each_date_and_author_count_of_the_dated_page(dated: tuple[str, tuple[Listing, ...]]) -> None:
    text, listings = dated
    # A long line, and what stands between it and the next title.
    shown = re.findall(
        r"^.{300,}\n\n(?:(?:  • (\d+) authors|(.+))\n·\n(\w+) (\d+)(?:, (\d+))?.*)?", text, re.MULTILINE
    )
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    expected = [
        (
            date(int(year or 2025), months.index(month) + 1, int(day)) if month else None,
            int(count) if count else None,
            organization or None,
        )
        for count, organization, month, day, year in shown
    ]
    assert [(paper.published, paper.author_count, paper.organization) for paper in listings] == expected
    assert [sum(field is not None for field in fields) for fields in zip(*expected, strict=True)] == [
        92,
        90,
        2,
    ]


def test_the_shipped_corpus_has_the_same_dates_and_author_counts(
    dated: tuple[str, tuple[Listing, ...]],
) -> None:
    corpus = {
        listing.title: (listing.published, listing.author_count)
        for listing in read_sources(REPOSITORY / "corpus" / "papers.jsonl").listings
    }
    assert {paper.title: (paper.published, paper.author_count) for paper in dated[1]} == {
        paper.title: corpus[paper.title] for paper in dated[1]
    }


@pytest.mark.parametrize("share", [0.1, 0.35, 0.5, 0.77, 0.99])
def test_a_page_cut_off_gives_the_papers_before_the_cut(share: float) -> None:
    for path in PAGES.iterdir():
        text = path.read_text(encoding="utf-8")
        whole = read_page(text, source="page").listings
        cut = read_page(text[: int(share * len(text))], source="page")
        complete = cut.listings if cut.rejected else cut.listings[:-1]
        assert [(paper.title, paper.text) for paper in complete] == [
            (paper.title, paper.text) for paper in whole[: len(complete)]
        ]
        assert len(complete) >= share * len(whole) * 0.8 - 2
