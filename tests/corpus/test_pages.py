"""What a listing page may look like, and what is read of it."""

import json
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.corpus import Listing, Reading, read_page
from assistant.corpus.flaws import LONGEST_LINE
from assistant.corpus.lines import MOST_LINES

FIXTURES = Path(__file__).parents[1] / "fixtures" / "pages"
LAYOUTS = ["blank-lines", "glued", "details"]
BANNER = "Get trending papers in your email inbox!"
BYLINE = "byAK and the research community"
HEADER = f"new\n\n{BANNER}\n\nSubscribe\n\n{BYLINE}\n\nMar 12\n\n"
SENTENCE = "This sentence stands for an abstract and is as short as the shortest that one meets on a page."
LONG = "An abstract is usually a paragraph of many sentences, such as this one. " * 15 + "Here it ends."


def page(name: str) -> str:
    return (FIXTURES / f"{name}.txt").read_text(encoding="utf-8")


def expected(name: str) -> list[dict[str, Any]]:
    """The JSON lines that stand beside a page and say what is on it."""
    return [
        json.loads(line) for line in (FIXTURES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    ]


def records(reading: Reading) -> list[dict[str, Any]]:
    return [record(listing) for listing in reading.listings]


def record(listing: Listing) -> dict[str, Any]:
    fields = {
        "title": listing.title,
        "abstract": listing.text,
        "published": listing.published.isoformat() if listing.published else None,
        "author_count": listing.author_count,
        "organization": listing.organization,
    }
    return {name: value for name, value in fields.items() if value is not None}


def read(text: str) -> Reading:
    return read_page(text, source="page.txt")


def titles(text: str) -> list[str]:
    return [listing.title for listing in read(text).listings]


def reasons(text: str) -> list[str]:
    return [str(rejection) for rejection in read(text).rejected]


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


# What is rejected, and where


@pytest.mark.parametrize("text", ["", "\n \n\t\n", "\ufeff", "\u200b\n"])
def test_an_empty_page(text: str) -> None:
    assert reasons(text) == ["page.txt:1: The page is empty; save the listing again."]


def test_a_header_alone() -> None:
    assert reasons(HEADER) == ["page.txt:9: The page ends without having listed a paper; save all of it."]


def test_a_title_without_an_abstract() -> None:
    text = f"One\n\n{LONG}\n\nTwo Without\n\nThree\n\n{LONG}\n\nFour at the End\n"
    assert titles(text) == ["One", "Three"]
    assert reasons(text) == [
        'page.txt:5: The title "Two Without" has no abstract; add it, or remove the title.',
        'page.txt:11: The title "Four at the End" has no abstract; add it, or remove the title.',
    ]


def test_a_title_with_details_and_no_abstract() -> None:
    details = "\n\n  • 4 authors\n·\nJun 6, 2024\n\n"
    text = f"One\n\n{SENTENCE}{details}Two Without{details}Three\n\n{SENTENCE}{details}"
    assert titles(text) == ["One", "Three"]
    assert reasons(text) == [
        'page.txt:9: The title "Two Without" has no abstract; add it, or remove the title.'
    ]


def test_an_abstract_without_a_title() -> None:
    text = f"{HEADER}{LONG}\n\nOne\n\n{LONG}\n\n{LONG}\n\nTwo\n\n{LONG}\n"
    assert titles(text) == ["One", "Two"]
    start = "An abstract is usually a paragraph of many sentences, such a…"
    assert reasons(text) == [
        f'page.txt:11: The abstract "{start}" has no title; put it on the line before.',
        f'page.txt:17: The abstract "{start}" has no title; put it on the line before.',
    ]


def test_details_of_no_paper() -> None:
    text = f"  • 4 authors\n·\nJun 6, 2024\n\nOne\n\n{SENTENCE}\n"
    assert titles(text) == ["One"]
    assert reasons(text) == ["page.txt:1: These details belong to no paper; save the listing from its top."]


@pytest.mark.parametrize(
    "end", ["This one was cut in the mid", "This one was cut in a number, 4", "It was cut at https:/"]
)
def test_a_page_cut_off_within_an_abstract(end: str) -> None:
    text = f"{HEADER}One\n\n{SENTENCE}\n\nTwo\n\n{LONG} {end}"
    assert titles(text) == ["One"]
    assert reasons(text) == ['page.txt:17: The page ends within the abstract of "Two"; save all of it.']


@pytest.mark.parametrize(
    "end", ["This ends.", "This?", "(So it ends)", "At https://example.org/a", "At example.org/a ."]
)
def test_a_page_that_ends_with_its_last_abstract(end: str) -> None:
    text = f"{HEADER}One\n\n{SENTENCE}\n\nTwo\n\n{LONG} {end}"
    assert titles(text) == ["One", "Two"]
    assert reasons(text) == []


@pytest.mark.parametrize(
    "end", ["  •", "  • 4", "  • 4 auth", "  • 4 authors", "  • 4 authors\n·", "·\nJun 13, 20"]
)
def test_a_page_cut_off_within_details_keeps_the_paper(end: str) -> None:
    text = f"{HEADER}One\n\n{SENTENCE}\n\n  • 2 authors\n·\nMay 5, 2020\n\nTwo\n\n{SENTENCE}\n\n{end}"
    assert titles(text) == ["One", "Two"]
    (reason,) = reasons(text)
    assert reason.endswith('The page ends within the details of "Two"; save all of it.')


def test_an_overlong_line_is_named_and_the_others_are_read() -> None:
    text = f"One\n\n{SENTENCE}\n\nTwo\n\n{'x ' * LONGEST_LINE}\n\nThree\n\n{SENTENCE}\n"
    assert titles(text) == ["One", "Three"]
    assert reasons(text) == [
        "page.txt:7: This line has 1,999,999 characters, more than 1,000,000; split or remove it."
    ]


@pytest.mark.parametrize(
    ("character", "kind"), [("\0", "a control"), ("\x1b", "a control"), ("\ud800", "half of a")]
)
def test_characters_that_no_text_has(character: str, kind: str) -> None:
    text = f"One\n\n{SENTENCE}\n\nTwo\n\nThere is {character} here. {SENTENCE}\n\nThree\n\n{SENTENCE}\n"
    assert titles(text) == ["One", "Three"]
    (reason,) = reasons(text)
    assert reason.startswith(f"page.txt:7: The text holds {kind} character (U+{ord(character):04X})")


README = """# A tool

It does things.

## Install

```
pip install tool
```

## Use

- run `tool`
- read what it says

| option | meaning |
|--------|---------|
| `-v`   | talk    |
"""


@pytest.mark.parametrize(
    "text",
    [README, Path(__file__).read_text(encoding="utf-8"), "import os\n\nos.remove('x')\n", "a,b\n1,2\n" * 20],
    ids=["a README", "a program", "a script", "a table"],
)
def test_what_is_no_listing_is_rejected_as_a_whole(text: str) -> None:
    assert titles(text) == []
    assert reasons(text) == [
        "page.txt:1: This is no listing of titles and abstracts; give a listing page, or JSON lines."
    ]


def test_a_page_of_too_many_lines_is_rejected_early() -> None:
    (reason,) = reasons("x\n\n" * (MOST_LINES + 10))
    assert reason.startswith("page.txt:200001: The page has more than 100,000 lines of text")


# Any page


WORDS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", min_size=1, max_size=12)
TITLES = st.builds(
    lambda first, words, end: " ".join([first.title(), *words]) + end,
    WORDS,
    st.lists(WORDS, max_size=12),
    st.sampled_from(["", "", "?", "!"]),
).map(lambda title: title if title[0].isalnum() else f"X{title}")
ABSTRACTS = st.builds(
    lambda sentences: " ".join(
        f"The {' '.join(words)} is what we study here, among other things." for words in sentences
    ),
    st.lists(st.lists(WORDS, min_size=4, max_size=20), min_size=1, max_size=8),
)
DATES = st.dates(date(1990, 1, 1), date(2030, 12, 31))
COUNTS = st.one_of(st.none(), st.integers(1, 5000))


@given(
    st.lists(st.tuples(TITLES, ABSTRACTS), min_size=1, max_size=12),
    st.sampled_from(["\n", "\n\n"]),
    st.booleans(),
)
def test_what_is_listed_is_read_back(papers: list[tuple[str, str]], gap: str, header: bool) -> None:  # noqa: FBT001
    text = HEADER * header + "".join(f"{title}{gap}{abstract}{gap}" for title, abstract in papers)
    reading = read(text)
    assert [(listing.title, listing.text) for listing in reading.listings] == papers
    assert reading.rejected == ()


@given(
    st.lists(
        st.tuples(TITLES, ABSTRACTS, COUNTS, DATES, st.sampled_from(["", " 3", " 12", " 1,024"])),
        min_size=1,
        max_size=12,
    )
)
def test_what_is_listed_with_details_is_read_back(
    papers: list[tuple[str, str, int | None, date, str]],
) -> None:
    text = HEADER
    for title, abstract, authors, day, comments in papers:
        text += f"{title}\n\n{abstract}\n\n"
        text += f"  • {authors} authors\n·\n{day:%b} {day.day}, {day.year}{comments}\n\n" if authors else ""
    reading = read(text)
    assert reading.rejected == ()
    assert [(p.title, p.text, p.author_count, p.published) for p in reading.listings] == [
        (title, abstract, authors, day if authors else None) for title, abstract, authors, day, _ in papers
    ]


LINES = st.sampled_from(
    [
        "",
        "",
        "new",
        "Subscribe",
        "byAK and the research community",
        "Jun 5",
        "·",
        "  • 4 authors",
        "•",
        "Title",
        SENTENCE,
    ]
)


@given(st.one_of(st.text(), st.lists(st.one_of(LINES, st.text(max_size=40)), max_size=40).map("\n".join)))
def test_any_text_is_read_or_rejected(text: str) -> None:
    reading = read(text)
    last_line = len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    assert reading.listings or reading.rejected
    for listing in reading.listings:
        assert listing.title
        assert listing.text
        assert listing.title == listing.title.strip()
        assert listing.title in text
    for rejection in reading.rejected:
        assert rejection.line is not None
        assert 1 <= rejection.line <= last_line
        assert rejection.reason.endswith(".")


@given(st.data())
@pytest.mark.parametrize("name", LAYOUTS)
def test_a_page_cut_anywhere_gives_what_comes_before(name: str, data: st.DataObject) -> None:
    text = page(name)
    cut = text[: data.draw(st.integers(0, len(text)))]
    whole = [(fields["title"], fields["abstract"]) for fields in expected(name)]
    got = [(listing.title, listing.text) for listing in read(cut).listings]
    assert got[:-1] == whole[: max(0, len(got) - 1)]
    if got:
        # A cut right after a full stop cannot be seen: it may have cost the last abstract some sentences,
        # or lent it the beginning of the next title.
        title, abstract = got[-1]
        assert title == whole[len(got) - 1][0]
        assert whole[len(got) - 1][1].startswith(abstract) or abstract.startswith(whole[len(got) - 1][1])


@pytest.mark.parametrize(
    "part",
    [
        f"Title\n\n{SENTENCE}\n\n",
        "x\n",
        "\n",
        "·\n",
        "  • 4 authors\n",
        "lower case goes on\n",
        f"{SENTENCE} ",
        "a-",
        "(",
    ],
)
def test_time_grows_no_faster_than_the_page(part: str) -> None:
    def seconds(times: int) -> float:
        start = time.perf_counter()
        read(part * times)
        return time.perf_counter() - start

    few = 4_000 // len(part)
    assert min(seconds(8 * few) for _ in range(2)) < 30 * max(0.001, min(seconds(few) for _ in range(3)))
