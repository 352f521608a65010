"""Read papers from JSON: an object on each line, or one array of objects."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import NoReturn

from assistant.corpus.flaws import flaw, quoted
from assistant.corpus.paper import Listing, Reading, Rejection, TextKind

MOST_AUTHORS = 1_000_000
"""A larger count of authors is a mistake."""

MOST_REJECTED = 1_000
"""Rejections that are told one by one. A file may hold millions of lines that are no records."""

_TEXTS: tuple[tuple[str, TextKind], ...] = (
    ("abstract", "abstract"),
    ("text", "abstract"),
    ("summary", "summary"),
)
"""The fields in which a text may stand, the preferred one first, and which kind of text each holds."""

_GAP = re.compile(r"[\s,]*")


class _FlawError(ValueError):
    """Why a record is not taken, in a sentence."""


def read_jsonl(text: str, *, source: str) -> Reading:
    r"""Read JSON lines: on each line that is not blank, one paper as an object.

    A record has a `title` and an `abstract`, `text` or `summary`; its `published` (an ISO date, or
    date and time), `author_count`, `organization` and `source` may be missing or null, and further
    fields are ignored. An abstract is preferred to a summary. An array of such objects is read alike.
    A record that breaks these rules is rejected with its line, and the others are taken. Beyond
    `MOST_REJECTED` they are counted only.

    >>> read_jsonl('{"title": "On Tea", "summary": "Tea is hot."}\n', source="-").listings[0].kind
    'summary'
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    listings: list[Listing] = []
    rejected: list[Rejection] = []
    more = 0
    for line, record in _elements(text) if _is_array(text) else enumerate(text.split("\n"), start=1):
        if not (begun := record.lstrip()):
            continue
        if len(rejected) >= MOST_REJECTED and (begun[0] != "{" or '"' not in begun):
            more += 1  # no object, or one without a title: parsing it only tells what is wrong
            continue
        try:
            listings.append(_listing(_parsed(record), source))
        except _FlawError as problem:
            if len(rejected) < MOST_REJECTED:
                rejected.append(Rejection(source=source, line=line, reason=str(problem)))
            else:
                more += 1
    if more:
        reason = f"{more:,} more records are rejected: this is hardly a file of papers; check it."
        rejected.append(Rejection(source=source, line=None, reason=reason))
    if not listings and not rejected:
        rejected.append(Rejection(source=source, line=1, reason="There is no record here; write one a line."))
    return Reading(listings=tuple(listings), rejected=tuple(rejected))


def _is_array(text: str) -> bool:
    """Whether the whole text is one array, not lines of which the first happens to hold one."""
    text = text.strip()
    first, _, others = text.partition("\n")
    if not (text.startswith("[") and text.endswith("]")):
        return False
    try:
        _parsed(first)
    except _FlawError:
        return True
    return not others


def _elements(array: str) -> Iterator[tuple[int, str]]:
    """Part an array into its elements, each with the line it begins on, as far as it is JSON."""
    decoder = json.JSONDecoder()
    line, counted = 1, 0
    start = _skip(array, array.index("[") + 1)
    while start < len(array):
        line, counted = line + array.count("\n", counted, start), start
        if array[start] == "]":
            # What follows the array is no record, and is rejected as one.
            yield line, array[start + 1 :]
            return
        try:
            end = decoder.raw_decode(array, start)[1]
        except (ValueError, RecursionError):
            end = len(array)
        yield line, array[start:end]
        start = _skip(array, end)


def _skip(text: str, position: int) -> int:
    """Find the next character that is neither white space nor a comma."""
    gap = _GAP.match(text, position)
    return gap.end() if gap else position


def _parsed(record: str) -> object:
    """Read one JSON value, with none of the additions to JSON that Python allows."""
    if reason := flaw(record):
        raise _FlawError(reason)
    try:
        return _DECODER.decode(record)
    except _FlawError:
        raise
    except json.JSONDecodeError as error:
        raise _FlawError(
            f"This is not JSON ({error.msg}, column {error.colno}); write one object a line."
        ) from None
    except RecursionError:
        raise _FlawError("This JSON is nested too deeply; a record is a flat object.") from None
    except ValueError:
        raise _FlawError("This JSON holds a number too long to read; shorten it.") from None


def _refuse(constant: str) -> NoReturn:
    raise _FlawError(f"{constant} is not JSON; write null or a number.")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def _listing(record: object, source: str) -> Listing:
    if not isinstance(record, dict):
        raise _FlawError('This is not an object; write {"title": …, "abstract": …}.')
    title = _string(record, "title")
    if not title:
        raise _FlawError('The record has no "title"; add one.')
    text, kind = _text(record)
    return Listing(
        title=" ".join(line.strip() for line in title.split("\n")),
        text=text,
        kind=kind,
        published=_published(record),
        author_count=_author_count(record),
        organization=_string(record, "organization") or None,
        source=_string(record, "source") or source,
    )


def _string(record: Mapping[str, object], field: str) -> str:
    """Take a text without the white space around it; an empty one where the field is missing."""
    value = record.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _FlawError(f'"{field}" is not a text; put it in quotation marks.')
    if reason := flaw(value):
        raise _FlawError(f'"{field}": {reason}')
    return value.replace("\r\n", "\n").replace("\r", "\n").strip()


def _text(record: Mapping[str, object]) -> tuple[str, TextKind]:
    for field, kind in _TEXTS:
        if text := _string(record, field):
            return text, kind
    raise _FlawError('The record has no "abstract", "text" or "summary"; add one.')


def _published(record: Mapping[str, object]) -> date | None:
    value = _string(record, "published")
    try:
        return datetime.fromisoformat(value).date() if value else None
    except ValueError:
        raise _FlawError(f'"published" is {quoted(value)}, which is no ISO date; write 2024-06-13.') from None


def _author_count(record: Mapping[str, object]) -> int | None:
    value = record.get("author_count")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_AUTHORS:
        raise _FlawError(
            f'"author_count" is not a whole number from 1 to {MOST_AUTHORS:,}; correct or omit it.'
        )
    return value
