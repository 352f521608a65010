"""Date ranges as people write them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import InputError
from assistant.retrieval import DateRange


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (None, None, (None, None)),
        ("2023", None, (date(2023, 1, 1), None)),
        (None, "2023", (None, date(2023, 12, 31))),
        ("2024-02", "2024-02", (date(2024, 2, 1), date(2024, 2, 29))),
        ("2023-2", "2023-2", (date(2023, 2, 1), date(2023, 2, 28))),
        ("2024-06-13", "2024-06-13", (date(2024, 6, 13), date(2024, 6, 13))),
        (" 2024-6-3 ", "9999", (date(2024, 6, 3), date(9999, 12, 31))),
        (date(2020, 1, 2), date(2020, 1, 3), (date(2020, 1, 2), date(2020, 1, 3))),
    ],
)
def test_since_begins_and_until_ends_what_is_named(
    since: str | date | None, until: str | date | None, expected: tuple[date | None, date | None]
) -> None:
    found = DateRange.parse(since, until)
    assert (found.since, found.until) == expected
    assert found.bounded == (expected != (None, None))


@pytest.mark.parametrize(
    "bound",
    [
        "",
        "  ",
        "yesterday",
        "13 June 2024",
        "2024/06/13",
        "20240613",
        "24",
        "2024-",
        "2024-06-13-01",
        "-2024",
    ],
)
def test_what_is_no_date_is_quoted_with_the_way_to_write_one(bound: str) -> None:
    for since, until in ((bound, None), (None, bound)):
        with pytest.raises(InputError, match="write 2024, 2024-06 or 2024-06-13") as raised:
            DateRange.parse(since, until)
        assert repr(bound) in str(raised.value)


@pytest.mark.parametrize("bound", ["2023-02-29", "2024-13", "2024-00", "2024-01-00", "0000", "2024-06-31"])
def test_a_day_that_never_was_is_refused(bound: str) -> None:
    for since, until in ((bound, None), (None, bound)):
        with pytest.raises(InputError, match="not in the calendar"):
            DateRange.parse(since, until)


def test_a_range_without_a_day_is_refused() -> None:
    with pytest.raises(InputError, match="exchange"):
        DateRange.parse("2024-06-14", "2024-06-13")


@given(st.dates(min_value=date(1000, 1, 1)))
def test_every_day_lies_in_its_day_month_and_year(day: date) -> None:
    for written in (day.isoformat(), day.isoformat()[:7], day.isoformat()[:4]):
        found = DateRange.parse(written, written)
        assert found.since is not None
        assert found.until is not None
        assert found.since <= day <= found.until
    month = DateRange.parse(None, day.isoformat()[:7]).until
    assert month is not None
    if month < date.max:
        assert (month + timedelta(days=1)).day == 1


@given(st.text(max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = DateRange.parse(text)
    except InputError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either way is right, but the sentence is one line
    else:
        assert found.since is not None
