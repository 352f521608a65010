"""What a file of JSON may hold, and what is read of it."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.corpus import Listing, Reading, read_jsonl
from assistant.corpus.flaws import LONGEST_LINE

GOOD = '{"title": "On Tea", "abstract": "Tea is hot."}'


def read(text: str) -> Reading:
    return read_jsonl(text, source="papers.jsonl")


def reason(record: str) -> str:
    """Read a bad record between two good ones, and say why it alone was rejected."""
    reading = read(f"{GOOD}\n{record}\n{GOOD}\n")
    assert [listing.title for listing in reading.listings] == ["On Tea", "On Tea"]
    (rejection,) = reading.rejected
    assert (rejection.source, rejection.line) == ("papers.jsonl", 2)
    return rejection.reason


def test_a_record_with_all_its_fields() -> None:
    record = {
        "title": " On Tea ",
        "abstract": "Tea is hot.\n\nIt cools.\n",
        "published": "2024-06-13",
        "author_count": 3,
        "organization": "The Tea House",
        "source": "a shelf",
        "pages": [1, 2, {"of": "no concern"}],
    }
    assert read(json.dumps(record)).listings == (
        Listing(
            title="On Tea",
            text="Tea is hot.\n\nIt cools.",
            published=date(2024, 6, 13),
            author_count=3,
            organization="The Tea House",
            source="a shelf",
        ),
    )


def test_a_record_with_what_it_needs() -> None:
    (listing,) = read(
        '{"title": "On Tea", "text": "Tea is hot.", "published": null, "author_count": null}'
    ).listings
    assert listing == Listing(title="On Tea", text="Tea is hot.", source="papers.jsonl")


@pytest.mark.parametrize(
    ("fields", "text", "kind"),
    [
        ({"abstract": "A."}, "A.", "abstract"),
        ({"text": "T."}, "T.", "abstract"),
        ({"summary": "S."}, "S.", "summary"),
        ({"summary": "S.", "text": "T.", "abstract": "A."}, "A.", "abstract"),
        ({"summary": "S.", "text": "T."}, "T.", "abstract"),
        ({"summary": "S.", "abstract": " "}, "S.", "summary"),
        ({"summary": "S.", "abstract": None}, "S.", "summary"),
    ],
)
def test_an_abstract_wins_over_a_summary(fields: dict[str, Any], text: str, kind: str) -> None:
    (listing,) = read(json.dumps({"title": "On Tea", **fields})).listings
    assert (listing.text, listing.kind) == (text, kind)


@pytest.mark.parametrize(
    "when", ["2024-06-13", "2024-06-13T23:59:59", "2024-06-13T10:00:00+02:00", "2024-06-13T10:00Z"]
)
def test_a_date_may_have_a_time(when: str) -> None:
    (listing,) = read(json.dumps({"title": "On Tea", "text": "Hot.", "published": when})).listings
    assert listing.published == date(2024, 6, 13)


@pytest.mark.parametrize(
    "text", [f"\ufeff{GOOD}", f"\n \n{GOOD}\r\n\r\n", f"{GOOD}\r{GOOD}\r", f"\t{GOOD}  "]
)
def test_blank_lines_and_line_ends_do_not_matter(text: str) -> None:
    reading = read(text)
    assert {listing.title for listing in reading.listings} == {"On Tea"}
    assert reading.rejected == ()


def test_a_title_is_one_line() -> None:
    (listing,) = read('{"title": "On\\n  Tea", "text": "Hot.\\r\\nVery."}').listings
    assert (listing.title, listing.text) == ("On Tea", "Hot.\nVery.")


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ("tea", "This is not JSON (Expecting value, column 1); write one object a line."),
        (GOOD[:-1], "This is not JSON (Expecting ',' delimiter, column 46); write one object a line."),
        (f"{GOOD} {GOOD}", "This is not JSON (Extra data, column 48); write one object a line."),
        ("[1, 2]", 'This is not an object; write {"title": …, "abstract": …}.'),
        ('"tea"', 'This is not an object; write {"title": …, "abstract": …}.'),
        ("null", 'This is not an object; write {"title": …, "abstract": …}.'),
        ("{}", 'The record has no "title"; add one.'),
        ('{"title": " ", "text": "Hot."}', 'The record has no "title"; add one.'),
        ('{"title": 3, "text": "Hot."}', '"title" is not a text; put it in quotation marks.'),
        ('{"title": "Tea"}', 'The record has no "abstract", "text" or "summary"; add one.'),
        ('{"title": "Tea", "text": "\\n"}', 'The record has no "abstract", "text" or "summary"; add one.'),
        ('{"title": "Tea", "text": ["Hot."]}', '"text" is not a text; put it in quotation marks.'),
        ('{"title": "Tea", "text": "Hot.", "n": NaN}', "NaN is not JSON; write null or a number."),
        (
            '{"title": "Tea", "text": "Hot.", "n": -Infinity}',
            "-Infinity is not JSON; write null or a number.",
        ),
    ],
)
def test_a_record_that_is_none(record: str, why: str) -> None:
    assert reason(record) == why


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"published": "June"}, '"published" is "June", which is no ISO date; write 2024-06-13.'),
        ({"published": "2024-02-30"}, '"published" is "2024-02-30", which is no ISO date; write 2024-06-13.'),
        ({"published": 2024}, '"published" is not a text; put it in quotation marks.'),
        ({"organization": {}}, '"organization" is not a text; put it in quotation marks.'),
        ({"source": 1}, '"source" is not a text; put it in quotation marks.'),
    ],
)
def test_a_field_of_the_wrong_kind(fields: dict[str, Any], why: str) -> None:
    assert reason(json.dumps({"title": "Tea", "text": "Hot.", **fields})) == why


@pytest.mark.parametrize("count", [0, -1, 2.0, True, "3", 10**400])
def test_an_author_count_that_is_none(count: object) -> None:
    record = json.dumps({"title": "Tea", "text": "Hot.", "author_count": count})
    assert reason(record) == '"author_count" is not a whole number from 1 to 1,000,000; correct or omit it.'


def test_a_number_too_long_to_read() -> None:
    record = f'{{"title": "Tea", "text": "Hot.", "n": {"9" * 5000}}}'
    assert reason(record) == "This JSON holds a number too long to read; shorten it."


@pytest.mark.parametrize(
    "nested", ["[" * 100_000, '{"a":' * 100_000, f'{{"title": {"[" * 100_000}{"]" * 100_000}}}']
)
def test_nesting_without_end(nested: str) -> None:
    assert reason(nested) == "This JSON is nested too deeply; a record is a flat object."


@pytest.mark.parametrize("escaped", ["\\u0000", "\\u001b", "\\ud800", "\\udfff", "\\u0085"])
@pytest.mark.parametrize("field", ["title", "text", "organization", "source"])
def test_characters_that_no_text_has(field: str, escaped: str) -> None:
    record = json.dumps({"title": "Tea", "text": "Hot.", field: "@"}).replace("@", f"a{escaped}b")
    assert reason(record).startswith(f'"{field}": The text holds ')


def test_an_overlong_line() -> None:
    why = reason(json.dumps({"title": "Tea", "text": "x" * LONGEST_LINE}))
    assert why == "This line has 1,000,028 characters, more than 1,000,000; split or remove it."


@pytest.mark.parametrize("text", ["", " \n\n", "\ufeff", "[]"])
def test_nothing(text: str) -> None:
    assert [str(rejection) for rejection in read(text).rejected] == [
        "papers.jsonl:1: There is no record here; write one a line."
    ]


# An array


@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_of_records(indent: int | None) -> None:
    reading = read(json.dumps([json.loads(GOOD), {"title": 3}, json.loads(GOOD)], indent=indent))
    assert [listing.title for listing in reading.listings] == ["On Tea", "On Tea"]
    assert [str(rejection) for rejection in reading.rejected] == [
        f'papers.jsonl:{6 if indent else 1}: "title" is not a text; put it in quotation marks.'
    ]


def test_an_array_is_read_up_to_where_it_breaks() -> None:
    reading = read(f'[\n{GOOD},\n{{"title" "Tea"}},\n{GOOD}\n]\n')
    assert len(reading.listings) == 1
    assert [rejection.line for rejection in reading.rejected] == [3]


def test_what_follows_an_array() -> None:
    reading = read(f"[\n{GOOD}\n]\n]")
    assert len(reading.listings) == 1
    assert [rejection.line for rejection in reading.rejected] == [3]


def test_an_array_on_a_line_of_its_own_is_a_bad_line() -> None:
    reading = read(f"[1, 2]\n{GOOD}\n[3]")
    assert len(reading.listings) == 1
    assert [rejection.line for rejection in reading.rejected] == [1, 3]


# Any text

VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=5,
)
FIELDS = st.sampled_from(
    ["title", "abstract", "text", "summary", "published", "author_count", "organization", "source", "x"]
)


@given(st.one_of(st.text(), st.lists(st.dictionaries(FIELDS, VALUES).map(json.dumps)).map("\n".join)))
def test_any_text_is_read_or_rejected(text: str) -> None:
    reading = read(text)
    assert reading.listings or reading.rejected
    for listing in reading.listings:
        assert listing.title.strip() == listing.title != ""
        assert listing.text.strip() == listing.text != ""
        (listing.title + listing.text + listing.source).encode()
    assert all(rejection.line is not None for rejection in reading.rejected)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "title": st.from_regex(r"[A-Z][a-z ,:?éß–]{0,60}[a-z]", fullmatch=True),
                "abstract": st.just("Hot."),
            },
            optional={
                "published": st.dates().map(date.isoformat),
                "author_count": st.integers(1, 10_000),
                "organization": st.just("The Tea House"),
            },
        )
    )
)
def test_what_is_written_is_read_back(written: list[dict[str, Any]]) -> None:
    listings = read("\n".join(map(json.dumps, written))).listings
    assert [
        (
            listing.title,
            listing.published and listing.published.isoformat(),
            listing.author_count,
            listing.organization,
        )
        for listing in listings
    ] == [
        (record["title"], record.get("published"), record.get("author_count"), record.get("organization"))
        for record in written
    ]
