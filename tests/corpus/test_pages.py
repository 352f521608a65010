"""What a listing page may look like, and what is read of it."""

from datetime import date

import pytest
from pages import BANNER, BYLINE, HEADER, LAYOUTS, LONG, SENTENCE, expected, page, read, records, titles

# The three layouts


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_page_reads_as_the_json_lines_beside_it(name: str) -> None:
    reading = read(page(name))
    assert records(reading) == expected(name)
    assert reading.rejected == ()
    assert {listing.source for listing in reading.listings} == {"page.txt"}
    assert {listing.kind for listing in reading.listings} == {"abstract"}


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n", "\r\n"),
        ("\n", "\r"),
        ("\n\n", "\r\n\n"),
        ("\n", " \t\n"),
        ("\n", "\n\u00a0"),
        ("\n\n", "\n\n\n \n"),
    ],
    ids=["CRLF", "CR", "mixed", "trailing blanks", "non-breaking spaces", "more blank lines"],
)
def test_line_ends_and_white_space_around_lines_do_not_matter(name: str, old: str, new: str) -> None:
    assert records(read(page(name).replace(old, new))) == expected(name)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_byte_order_mark_is_no_part_of_the_page(name: str) -> None:
    assert records(read("\ufeff" + page(name))) == expected(name)


@pytest.mark.parametrize("name", ["blank-lines", "details"])
def test_blank_lines_tell_nothing_but_where_a_paragraph_ends(name: str) -> None:
    without = [{**fields, "abstract": fields["abstract"].replace("\n\n", "\n")} for fields in expected(name)]
    assert records(read(page(name).replace("\n\n", "\n"))) == without


def test_a_page_without_its_header_reads_the_same() -> None:
    body = page("details").partition("Oct 30\n\n")[2]
    assert records(read(body)) == expected("details")


def test_two_pages_in_one_file_read_as_both() -> None:
    both = page("blank-lines") + "\n\n" + page("details")
    assert records(read(both)) == expected("blank-lines") + expected("details")


# Titles, abstracts and furniture that look like each other


@pytest.mark.parametrize(
    "title",
    [
        *("New", "new", "Subscribe", "Daily Papers", "May 2024", "Jun 5", "Jun 5, 2024", "Oct 30", "1984"),
        *("DINGO2", "Authors", "12 authors", "What Is a Title?", "Go!", "A Title. With a Stop", "U-Net 2.0"),
        *("decouple: a title in lower case", "(Almost) Free", "$\\pi$: A Number", "[Re] Reading a Reading"),
    ],
)
@pytest.mark.parametrize("abstract", [SENTENCE, LONG], ids=["short", "long"])
def test_a_title_may_look_like_anything(title: str, abstract: str) -> None:
    body = f"{title}\n\n{abstract}\n\nAnother Title\n\n{abstract}\n\n{title}\n\n{abstract}\n"
    assert titles(HEADER + body) == [title, "Another Title", title]
    details = f"{abstract}\n\n  • 4 authors\n·\nJun 6\n\n"
    assert titles(HEADER + body.replace(f"{abstract}\n\n", details)) == [title, "Another Title", title]


def test_a_title_may_begin_with_the_word_that_is_glued_to_the_first() -> None:
    assert titles(f"{BANNER}\nSubscribeSubscribers Who Leave\n{SENTENCE}\n") == ["Subscribers Who Leave"]
    assert titles(f"{BANNER}\nSubscribe\nSubscribers Who Leave\n{SENTENCE}\n") == ["Subscribers Who Leave"]
    assert titles(f"{BANNER}\nSubscribeto: lower case\n{SENTENCE}\nSubscribers\n{SENTENCE}\n") == [
        "to: lower case",
        "Subscribers",
    ]


def test_a_whole_header_may_be_glued_together() -> None:
    assert titles(f"{BANNER}{BANNER}SubscribeReading Pages\n{SENTENCE}\n") == ["Reading Pages"]


def test_an_abstract_may_hold_bullets_and_dots() -> None:
    abstract = f"• {SENTENCE} · {SENTENCE} • And more."
    (listing,) = read(f"{HEADER}A Title\n\n{abstract}\n").listings
    assert listing.text == abstract


def test_paragraphs_stay_apart_as_the_page_has_them() -> None:
    (first, second) = read(
        f"One\n\n{SENTENCE}\n\nCode: https://example.org\n\nTwo\n\nSee:\n• a;\n• b.\n"
    ).listings
    assert first.text == f"{SENTENCE}\n\nCode: https://example.org"
    assert second.text == "See:\n• a;\n• b."


def test_an_abstract_broken_into_short_lines_keeps_them() -> None:
    abstract = (
        "This abstract was broken into lines of\nabout forty characters each, which is\nhow mail looked once."
    )
    assert [listing.text for listing in read(f"One\n\n{abstract}\n\nTwo\n\n{SENTENCE}\n").listings] == [
        abstract,
        SENTENCE,
    ]


# Details


@pytest.mark.parametrize(
    ("details", "published", "author_count", "organization"),
    [
        ("  • 4 authors\n·\nJun 13, 2024", date(2024, 6, 13), 4, None),
        ("  • 4 authors\n·\nJun 13, 2024 1", date(2024, 6, 13), 4, None),
        ("  • 1 author\n·\nJun 13, 2024 1,024", date(2024, 6, 13), 1, None),
        ("\t•\u00a01,204 authors\n·\nJun 13,\u00a02024 2048", date(2024, 6, 13), 1204, None),
        ("• 4 authors · Jun 13, 2024 1.2k", date(2024, 6, 13), 4, None),
        ("lab-x Laboratory X\n·\nSept 3, 2024", date(2024, 9, 3), None, "lab-x Laboratory X"),
        ("Laboratory X\n  • 4 authors\n·\nSeptember 3, 2024", date(2024, 9, 3), 4, "Laboratory X"),
        ("Laboratory X, Inc. · Jun 3, 2024", date(2024, 6, 3), None, "Laboratory X, Inc."),
        ("4 authors\n·\nJun 3, 2024", date(2024, 6, 3), 4, None),
        ("·\nJun 3, 2024\n12", date(2024, 6, 3), None, None),
        ("  • 0 authors\n·\nJun 31, 2024", None, None, None),
        ("  • 4 authors\n·\n2 days ago", None, 4, None),
        ("  • 4 authors\n·", None, 4, None),
        ("  • 4 authors", None, 4, None),
        ("", None, None, None),
    ],
)
def test_details(
    details: str, published: date | None, author_count: int | None, organization: str | None
) -> None:
    reading = read(
        f"{HEADER}A Title\n\n{SENTENCE}\n\n{details}\n\nNext\n\n{SENTENCE}\n\n  • 2 authors\n·\nMay 1, 2020\n"
    )
    assert reading.rejected == ()
    first, following = reading.listings
    assert (first.published, first.author_count, first.organization) == (
        published,
        author_count,
        organization,
    )
    assert (first.title, first.text, following.title) == ("A Title", SENTENCE, "Next")
    assert (following.published, following.author_count) == (date(2020, 5, 1), 2)


@pytest.mark.parametrize(
    ("header", "other", "year"),
    [
        ("", "Dec 17, 2024", 2025),
        ("", "Jun 26", None),
        ("Mar 12", "Jun 26", None),
        ("Mar 12, 2023", "Jun 26", 2023),
    ],
    ids=["after the latest", "none is written", "none in the header", "the header's own"],
)
def test_a_date_without_a_year_belongs_to_the_page_s_year(header: str, other: str, year: int | None) -> None:
    text = f"{BYLINE}\n{header}\nOne\n{SENTENCE}\n·\nJun 4 2024\nTwo\n{SENTENCE}\n·\n{other}\n"
    assert read(text).listings[0].published == (date(year, 6, 4) if year else None)


def test_a_year_in_a_title_or_an_abstract_says_nothing_of_the_page() -> None:
    text = f"Jun 5, 2031\n{SENTENCE}\n·\nJun 4\nTwo\nWe look at Jun 5, 2041. {SENTENCE}\n·\nMay 1, 2020\n"
    assert [listing.published for listing in read(text).listings] == [date(2021, 6, 4), date(2020, 5, 1)]
