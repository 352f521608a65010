"""Tell titles from abstracts: the labelling of a page's lines that costs least.

No single mark tells a title from an abstract, so no rule decides alone. A label costs more the more
speaks against it: the line's length and how it ends, the shape of a detail or of the page's
furniture, the label before it. Dynamic programming (the Viterbi algorithm) finds the labelling with
the smallest sum, in time linear in the page. Blank lines cost nothing and tell nothing, so that one
too few or too many does no harm.
"""

import math
import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from assistant.corpus.lines import BANNER, BUTTON, BYLINE, DATE, Line, Mark, has_link


class Label(StrEnum):
    """What a line of a listing page is."""

    EDGE = "what lies before the first line and after the last"
    FURNITURE = "part of the page, of no paper"
    TITLE = "a paper's title"
    TEXT = "an abstract, or its first paragraph"
    MORE = "a further paragraph of an abstract"
    DETAIL = "authors, organisation or date"


PROSE = (Label.TEXT, Label.MORE)

ORPHAN = 5.0
"""The cost of a title without an abstract; an abstract without a title costs one more."""
SPEAKS_AGAINST = 3.0
"""What each strong sign against a title costs: a sentence's end, a link, a list's or code's beginning."""
LONG_TITLE = 150
"""Characters that a title rarely passes."""
LONG_NAME = 60
"""Characters that the name of an organisation rarely passes."""
ABSTRACT_LIMIT = 2000
"""Two paragraphs longer than this together are two abstracts: arXiv takes at most 1,920 characters."""

_EDGE = Line(0, "")
_LOWER_CASE = re.compile(r"\s[a-z]{4}")


def cheapest_labelling(lines: list[Line]) -> list[Label]:
    """Label each line such that the sum of all costs is the smallest possible."""
    dated = any(line.mark is Mark.DOT for line in lines)
    costs: dict[Label, float] = {Label.EDGE: 0.0}
    steps: list[dict[Label, Label]] = []
    for before, line in zip([_EDGE, *lines], [*lines, _EDGE], strict=True):
        reached: dict[Label, float] = {}
        step: dict[Label, Label] = {}
        steps_from = _step_costs(_Pair.of(before, line, dated=dated))
        for label, own in _own_costs(line).items():
            step_from = steps_from[label]
            ways = {was: cost + step_from[was] for was, cost in costs.items()}
            step[label] = min(ways, key=ways.__getitem__)
            reached[label] = own + ways[step[label]]
        costs = reached
        steps.append(step)
    labels = [Label.EDGE]
    for step in reversed(steps):
        labels.append(step[labels[-1]])
    return labels[-2:0:-1]


def _own_costs(line: Line) -> dict[Label, float]:
    """Give the labels that a line may have, and what each costs whatever comes before."""
    if line is _EDGE:
        return {Label.EDGE: 0.0}
    is_detail = line.mark is not None and not (line.mark is Mark.ORGANIZATION and _is_no_name(line))
    costs = {
        Label.TITLE: title_cost(line),
        Label.TEXT: _text_cost(line) + (3.0 if is_detail else 0.0),
        Label.MORE: 3.0 if is_detail or line.text.endswith("?") else 0.0,
    }
    if line.place is not None:
        costs[Label.FURNITURE] = 0.0
    if line.mark is not None:
        costs[Label.DETAIL] = 0.0 if is_detail else 8.0
    return costs


def _is_no_name(line: Line) -> bool:
    """Whether a line is too long for an organisation's name, or reads like a sentence."""
    reads_on = line.finished and _LOWER_CASE.search(line.text) is not None
    return len(line.text) > LONG_NAME or reads_on or has_link(line.text)


def title_cost(line: Line) -> float:
    """Add up what speaks against a line's being a title."""
    if line.place in (BANNER, BYLINE) or line.mark is Mark.DOT:
        return 20.0
    text = line.text[:400]
    return (
        min(8.0, max(0, len(line.text) - LONG_TITLE) / 25)
        + (2.0 if line.place is not None else 0.0)
        + (5.0 if line.mark is Mark.AUTHORS else 0.0)
        + (SPEAKS_AGAINST if line.text.endswith((".", ":", ",", ";")) else 0.0)
        + (SPEAKS_AGAINST if has_link(text) else 0.0)
        + (1.0 if ". " in text else 0.0)
        + (SPEAKS_AGAINST if starts_oddly(line) else 0.0)
    )


def starts_oddly(line: Line) -> bool:
    """Whether a line begins as lists, headings and code do in plain-text files, and papers do not."""
    return line.text[0] in "#•*|{}<>/=+-"


def _text_cost(line: Line) -> float:
    shape = 3.0 if line.mark in (Mark.AUTHORS, Mark.DOT) else 0.0
    brevity = ((30, 4.0), (60, 2.0), (80, 1.0))
    return shape + next((cost for length, cost in brevity if len(line.text) < length), 0.0)


class _Pair(NamedTuple):
    """What the step from one line to the next goes by; of a page's pairs, most are alike."""

    before_mark: Mark | None
    before_place: int | None
    finished: bool
    """Whether the line before ends as prose does."""
    short: bool
    """Whether the line before could be a title, as far as its length goes."""
    mark: Mark | None
    place: int | None
    more: float
    """The cost of the line's being a further paragraph after prose."""
    dated: bool
    """Whether the page has details of most papers."""

    @classmethod
    def of(cls, before: Line, line: Line, *, dated: bool) -> "_Pair":
        short = len(before.text) < LONG_TITLE
        more = _more_cost(before, line) if before is not _EDGE and line is not _EDGE else math.inf
        return cls(before.mark, before.place, before.finished, short, line.mark, line.place, more, dated)


@lru_cache(maxsize=4_096)
def _step_costs(pair: _Pair) -> dict[Label, dict[Label, float]]:
    """Give the cost of each label, by the label before it."""
    return {label: {was: _step_cost(pair, was, label) for was in Label} for label in Label}


def _step_cost(pair: _Pair, was: Label, label: Label) -> float:
    cost = 0.0
    if was is Label.TITLE and label is not Label.TEXT:
        cost += ORPHAN
    if was in PROSE and label is not Label.MORE:
        # A short one that ends like a title had better be one.
        unfinished = 5.5 if was is Label.MORE and pair.short else 2.0
        cost += 0.0 if pair.finished else unfinished
        cost += 1.0 if pair.dated and label is not Label.DETAIL else 0.0
    if was is Label.DETAIL and label is not Label.DETAIL:
        cost += _BROKEN_OFF.get(pair.before_mark, 0.0)
    match label:
        case Label.TITLE:
            places = (pair.before_place, pair.place)
            return cost + (8.0 if places in ((BANNER, BUTTON), (BYLINE, DATE)) else 0.0)
        case Label.TEXT:
            return cost + (0.0 if was is Label.TITLE else ORPHAN + 1.0)
        case Label.MORE:
            return cost + (pair.more if was in PROSE else math.inf)
        case Label.FURNITURE:
            return cost + _furniture_cost(pair, was)
        case Label.DETAIL:
            return cost + _detail_cost(pair, was)
        case Label.EDGE:
            return cost


def _more_cost(before: Line, line: Line) -> float:
    if line.text.startswith("•") or (not before.finished and line.text[0].islower()):
        return 0.5
    if len(before.text) + len(line.text) > ABSTRACT_LIMIT:
        return 8.0
    return 3.0 if before.finished or before.text.endswith(":") else 6.0


def _furniture_cost(pair: _Pair, was: Label) -> float:
    """Expect a header at the top, in its order; further down believe only its plainest lines."""
    if was is Label.EDGE or pair.place in (BANNER, BYLINE):
        return 0.0
    if was is Label.FURNITURE:
        return 0.0 if (pair.before_place or 0) < (pair.place or 0) else 3.0
    return 2.0


_DETAIL_COSTS: dict[Mark | None, dict[Mark, float]] = {
    None: {Mark.AUTHORS: 0.0, Mark.ORGANIZATION: 0.5, Mark.DOT: 0.0, Mark.DATE: 3.0, Mark.OTHER: 3.0},
    Mark.ORGANIZATION: {Mark.AUTHORS: 0.0, Mark.DOT: 0.0},
    Mark.AUTHORS: {Mark.ORGANIZATION: 0.5, Mark.DOT: 0.0, Mark.DATE: 1.0, Mark.OTHER: 1.0},
    Mark.DOT: {Mark.DATE: 0.0, Mark.OTHER: 1.0},
    Mark.DATE: {Mark.COMMENTS: 1.0},
}
"""What a detail costs after another or, under None, as the first of a paper."""
_BROKEN_OFF: dict[Mark | None, float] = {Mark.AUTHORS: 2.0, Mark.DOT: 6.0}
"""What it costs that a paper's details end with one that others follow."""


def _detail_cost(pair: _Pair, was: Label) -> float:
    if pair.mark is None:
        return math.inf
    after = _DETAIL_COSTS.get(pair.before_mark, {}) if was is Label.DETAIL else _DETAIL_COSTS[None]
    astray = 3.0 if was in (Label.EDGE, Label.FURNITURE) else 0.0
    return astray + after.get(pair.mark, math.inf)
