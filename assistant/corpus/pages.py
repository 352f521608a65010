"""Read the papers that a listing page shows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from assistant.corpus.flaws import flaw, quoted
from assistant.corpus.labelling import (
    PROSE,
    SPEAKS_AGAINST,
    Label,
    cheapest_labelling,
    starts_oddly,
    title_cost,
)
from assistant.corpus.lines import BANNER, BYLINE, MOST_LINES, Line, Mark, author_count, date_parts, lines_of
from assistant.corpus.paper import Listing, Reading, Rejection

FEW = 3
"""Of a page without a complete record, this many incomplete ones are named singly."""
SEVERAL = 3
"""Words in the shortest sentence that convinces."""
WRAPPED = 90
"""Characters at which prose and code of other kinds have begun a new line."""


@dataclass(frozen=True, slots=True)
class _Record:
    """The lines of one paper, of which some may be missing."""

    titles: list[Line]
    """One line, or none."""
    paragraphs: list[Line]
    details: list[Line]


def read_page(text: str, *, source: str) -> Reading:
    """Read one listing page, in whichever layout.

    A title is taken exactly and an abstract whole, but for the white space around them; an abstract's
    paragraphs stay apart. A date without a year belongs to the page's own year: the one its header
    writes, else the one after the latest that a paper's date writes. Where no year is written, such
    a paper has no date.

    What is not a complete record is rejected with its line, and the other records are taken: a title
    without an abstract, an abstract without a title, details of no paper, a line longer than
    `LONGEST_LINE`, control characters, a page that ends within an abstract. Where it ends within the
    last paper's details, these are rejected and the paper is taken without them. Two paragraphs in
    turn are one abstract, unless they are too long for one. A text without a listing page's header of
    whose records fewer than half convince is rejected as a whole: so are most programs
    and documents, but not one that has a sentence or two under each of its headings.
    """
    lines = lines_of(text)
    if not lines:
        return _refusal(source, 1, "The page is empty; save the listing again.")
    if len(lines) > MOST_LINES:
        reason = f"The page has more than {MOST_LINES:,} lines of text; split it, or give JSON lines."
        return _refusal(source, lines[-1].number, reason)
    labels = cheapest_labelling(lines)
    records = list(_records(lines, labels))
    if not records:
        reason = "The page ends without having listed a paper; save all of it."
        return _refusal(source, lines[-1].number, reason)
    problems = [_problem(record, source, last=record is records[-1]) for record in records]
    complete = [record for record, problem in zip(records, problems, strict=True) if problem is None]
    if not (_has_header(lines) or _is_listing(complete, len(records))):
        reason = "This is no listing of titles and abstracts; give a listing page, or JSON lines."
        return _refusal(source, lines[0].number, reason)
    year = _page_year(lines, labels)
    return Reading(
        listings=tuple(_listing(record, year, source) for record in complete),
        rejected=tuple(problem for problem in (*problems, _cut_details(records[-1], source)) if problem),
    )


def _refusal(source: str, line: int, reason: str) -> Reading:
    return Reading(rejected=(Rejection(source=source, line=line, reason=reason),))


def _records(lines: list[Line], labels: list[Label]) -> Iterator[_Record]:
    """Gather the lines of each record, in the page's order."""
    group: list[tuple[Line, Label]] = []
    was = Label.EDGE
    for line, label in zip(lines, labels, strict=True):
        begins = label in (Label.FURNITURE, Label.TITLE) or (label is Label.TEXT and was is not Label.TITLE)
        if begins and group:
            yield _record(group)
            group = []
        if label is not Label.FURNITURE:
            group.append((line, label))
        was = label
    if group:
        yield _record(group)


def _record(group: list[tuple[Line, Label]]) -> _Record:
    return _Record(
        titles=[line for line, label in group if label is Label.TITLE],
        paragraphs=[line for line, label in group if label in PROSE],
        details=[line for line, label in group if label is Label.DETAIL],
    )


def _has_header(lines: list[Line]) -> bool:
    """Whether a page says of itself that it lists papers."""
    return any(line.place in (BANNER, BYLINE) for line in lines)


def _is_listing(complete: list[_Record], among: int) -> bool:
    """Whether at least half of the complete records convince; or nothing is complete, in a few lines."""
    return sum(map(_convinces, complete)) * 2 >= len(complete) if complete else among <= FEW


def _convinces(record: _Record) -> bool:
    """Whether a record reads like a paper: details, or some words in a sentence under what is none."""
    first, last = record.paragraphs[0], record.paragraphs[-1]
    several_words = len(first.text.split(maxsplit=SEVERAL)) >= SEVERAL
    is_sentence = several_words and last.finished and not last.text.endswith((")", "]", "}"))
    reads_well = title_cost(record.titles[0]) < SPEAKS_AGAINST and not starts_oddly(first)
    return bool(record.details) or (reads_well and (is_sentence or len(first.text) > WRAPPED))


def _problem(record: _Record, source: str, *, last: bool) -> Rejection | None:
    """Say what keeps a record from being a listing, and on which line."""
    lines = [*record.titles, *record.paragraphs, *record.details]
    name = quoted(lines[0].text)
    for line in lines:
        if reason := flaw(line.text):
            return Rejection(source=source, line=line.number, reason=reason)
    line = lines[0]
    if not (record.titles or record.paragraphs):
        reason = "These details belong to no paper; save the listing from its top."
    elif not record.titles:
        reason = f"The abstract {name} has no title; put it on the line before."
    elif not record.paragraphs:
        reason = f"The title {name} has no abstract; add it, or remove the title."
    elif last and not record.details and not lines[-1].finished:
        line, reason = lines[-1], f"The page ends within the abstract of {name}; save all of it."
    else:
        return None
    return Rejection(source=source, line=line.number, reason=reason)


def _listing(record: _Record, year: int | None, source: str) -> Listing:
    """Make a listing of a record without a problem."""
    counts = [author_count(line) for line in record.details]
    dates = [_date(line, year) for line in record.details if line.mark is Mark.DATE]
    names = [
        line.text.lstrip("• ")
        for line, count in zip(record.details, counts, strict=True)
        if line.mark is Mark.ORGANIZATION and count is None
    ]
    return Listing(
        title=record.titles[0].text,
        text=_joined(record.paragraphs),
        published=next(iter(dates), None),
        author_count=next(filter(None, counts), None),
        organization=next(iter(names), None),
        source=source,
    )


def _joined(paragraphs: list[Line]) -> str:
    """Keep a blank line between paragraphs where the page has one, else a line break."""
    gaps = ["", *("\n\n" if b.number - a.number > 1 else "\n" for a, b in pairwise(paragraphs))]
    return "".join(gap + line.text for gap, line in zip(gaps, paragraphs, strict=True))


def _date(line: Line, page_year: int | None) -> date | None:
    """Read a date; None where no year is known, or the calendar has no such day."""
    parts = date_parts(line)
    if parts is None:
        return None
    year, month, day = parts
    try:
        return date(year or page_year or 0, month, day)
    except ValueError:
        return None


def _page_year(lines: list[Line], labels: list[Label]) -> int | None:
    """Give the year of the page itself, as far as its dates tell."""
    years: dict[Label, int] = {}
    for line, label in zip(lines, labels, strict=True):
        parts = date_parts(line) if line.mark is Mark.DATE else None
        if parts and parts[0]:
            years[label] = max(parts[0], years.get(label, 0))
    if Label.FURNITURE in years:
        return years[Label.FURNITURE]
    return years[Label.DETAIL] + 1 if Label.DETAIL in years else None


def _cut_details(record: _Record, source: str) -> Rejection | None:
    """Report a page that ends before its last paper's date."""
    if not record.titles or not record.details or record.details[-1].mark in (Mark.DATE, Mark.COMMENTS):
        return None
    reason = f"The page ends within the details of {quoted(record.titles[0].text)}; save all of it."
    return Rejection(source=source, line=record.details[-1].number, reason=reason)
