"""What a search is narrowed to."""

import calendar
import re
from dataclasses import dataclass
from datetime import date

from assistant.errors import InputError

_DATE = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?")


@dataclass(frozen=True, slots=True)
class DateRange:
    """Papers published from one day to another, both included; without a date they are outside any bound."""

    since: date | None = None
    until: date | None = None

    @property
    def bounded(self) -> bool:
        """Whether the range leaves anything out."""
        return self.since is not None or self.until is not None

    @classmethod
    def parse(cls, since: str | date | None = None, until: str | date | None = None) -> "DateRange":
        """Read bounds as people write them: a day, a month or a year, of which `until` includes the whole.

        >>> DateRange.parse("2023", "2024-02")
        DateRange(since=datetime.date(2023, 1, 1), until=datetime.date(2024, 2, 29))

        Raises:
            InputError: a bound is no date, or the range holds no day.
        """
        bounds = cls(_first_day(since), _last_day(until))
        if bounds.since and bounds.until and bounds.since > bounds.until:
            raise InputError(
                f"No day is both since {bounds.since} and until {bounds.until}: exchange the dates."
            )
        return bounds


def _first_day(bound: str | date | None) -> date | None:
    if bound is None or isinstance(bound, date):
        return bound
    year, month, day = _parts(bound)
    return _day(bound, year, 1 if month is None else month, 1 if day is None else day)


def _last_day(bound: str | date | None) -> date | None:
    if bound is None or isinstance(bound, date):
        return bound
    year, month, day = _parts(bound)
    first = _day(bound, year, 12 if month is None else month, 1 if day is None else day)
    return first if day is not None else first.replace(day=calendar.monthrange(first.year, first.month)[1])


def _parts(bound: str) -> tuple[int, int | None, int | None]:
    match = _DATE.fullmatch(bound.strip())
    if match is None:
        raise InputError(f"{bound!r} is no date: write 2024, 2024-06 or 2024-06-13.")
    year, month, day = match.groups()
    return int(year), int(month) if month else None, int(day) if day else None


def _day(bound: str, year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise InputError(f"{bound!r} is not in the calendar: write 2024, 2024-06 or 2024-06-13.") from None
