"""A run as one HTML file that needs nothing else: no network, no fonts, no images, and one short script."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.corpus import paper_id
from assistant.evaluation.gate import Comparison, GateReport
from assistant.evaluation.judging.judge import Verdict
from assistant.evaluation.measures import holds_fact
from assistant.evaluation.reports.marking import Change, Stretch, changes, stretches
from assistant.evaluation.reports.outcomes import Outcome, flipped, has_baseline, outcomes, verdict
from assistant.evaluation.reports.plots import panels
from assistant.evaluation.reports.text import legible
from assistant.evaluation.reports.wording import HEADLINES, MEANINGS, change, figure, ordered
from assistant.evaluation.run import ALL, Run, Total

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).parent
FILTERS = {
    "all": "All",
    "flipped": "Flipped",
    "worse": "Worse",
    "better": "Better",
    "failed": "Failed",
    "refused": "Refused",
    "error": "Error",
    "right": "Right",
}
"""The outcomes that questions can be filtered by, and what they are called."""
FACTS = (
    ("suites", "Suites"),
    ("reader", "Reader"),
    ("model", "Model"),
    ("base_url", "Server"),
    ("judge", "Judge"),
    ("questions", "Questions"),
    ("sample", "Sample"),
    ("seed", "Seed"),
    ("since", "Since"),
    ("repeat", "Repeats"),
    ("papers", "Papers"),
    ("fingerprint", "Index"),
    ("commit", "Commit"),
    ("started", "Started"),
)
"""What the report tells of a run's settings, where it is known."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A measure over a suite, beside what the gate says of it."""

    measure: str
    total: Total | None
    compared: Comparison | None


@dataclass(frozen=True, slots=True)
class Expected:
    """A paper that a full answer cites."""

    title: str
    number: int | None
    """By which the answer cites it."""
    rank: int | None
    """At which it was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A question as the list shows it."""

    outcome: Outcome
    place: int
    tags: str
    """Of `FILTERS`, separated by spaces."""
    answer: tuple[Stretch, ...]
    titles: tuple[Expected, ...]
    facts: tuple[tuple[str, bool], ...]
    """Each fact's alternatives, and whether the answer holds one."""
    before: tuple[Change, ...] | None
    """The baseline's answer and this one, word by word; None where nothing flipped or it is not known."""


def write_html(run: Run, gate: GateReport | None, path: Path | str) -> None:
    """Write `report.html`."""
    Path(path).write_text(html(run, gate), encoding="utf-8")


def html(run: Run, gate: GateReport | None) -> str:
    """Render the report."""
    totals = run.totals()
    gated = {(found.suite, found.measure): found for found in gate.comparisons} if gate else {}

    def cell(suite: str, measure: str) -> Cell:
        return Cell(measure, totals.get(suite, {}).get(measure), gated.get((suite, measure)))

    measures = ordered(run.measures)
    rows = [_row(place, outcome) for place, outcome in enumerate(outcomes(run, gate), start=1)]
    style, script = (FOLDER / "report.css").read_text("utf-8"), (FOLDER / "report.js").read_text("utf-8")
    return (
        _environment()
        .get_template("report.html.jinja")
        .render(
            run=run,
            gate=gate,
            verdict=verdict(gate),
            errors=_count(rows, "error"),
            headlines=[cell(ALL, measure) for measure in HEADLINES if measure in measures],
            suites=list(totals),
            measures=[(measure, [cell(suite, measure) for suite in totals]) for measure in measures],
            meanings=MEANINGS,
            answering=run.answering(),
            panels=panels(run, totals, gate),
            rows=rows,
            compared=has_baseline(gate),
            worse=_count(rows, "worse"),
            better=_count(rows, "better"),
            filters=[(tag, name, _count(rows, tag)) for tag, name in FILTERS.items()],
            facts=[
                (name, _said(run.settings[key]))
                for key, name in FACTS
                if run.settings.get(key) not in (None, "", [], {})
            ],
            style=style,
            style_hash=_hash(style),
            script=script,
            script_hash=_hash(script),
        )
    )


def _said(setting: object) -> str:
    """Write a setting as people read it: what is empty in it is left out."""
    if isinstance(setting, Mapping):
        return ", ".join(f"{name} {_said(value)}" for name, value in setting.items() if value)
    return ", ".join(map(_said, setting)) if isinstance(setting, list | tuple) else str(setting)


def _row(place: int, outcome: Outcome) -> Row:
    result = outcome.result
    answer: Mapping[str, Any] = result.answer or {}
    facts = [] if outcome.refused else result.question.facts
    return Row(
        outcome=outcome,
        place=place,
        tags=" ".join(_tags(outcome)),
        answer=tuple(stretches(outcome.text, result.sentences, facts)),
        titles=tuple(_expected(result.question.titles, answer)),
        facts=tuple(
            (" / ".join(alternatives), bool(facts) and holds_fact(outcome.text, alternatives))
            for alternatives in result.question.facts
        ),
        before=None if outcome.before is None else tuple(changes(outcome.before, outcome.text)),
    )


def _tags(outcome: Outcome) -> list[str]:
    shown = {
        "flipped": outcome.flips,
        "worse": outcome.worse,
        "better": outcome.better,
        "failed": outcome.wrong,
        "refused": outcome.refused,
        "error": outcome.errors,
        "right": not outcome.wrong and not outcome.errors,
    }
    return [tag for tag, is_shown in shown.items() if is_shown]


def _count(rows: Sequence[Row], tag: str) -> int:
    return sum(tag == "all" or tag in row.tags.split() for row in rows)


def _expected(titles: Sequence[str], answer: Mapping[str, Any]) -> list[Expected]:
    numbers = {cited["paper_id"]: cited["number"] for cited in answer.get("citations", ())}
    ranks = {found["paper_id"]: rank for rank, found in enumerate(answer.get("sources", ()), start=1)}
    names = [(title, paper_id(title)) for title in titles]
    return [Expected(title, numbers.get(name), ranks.get(name)) for title, name in names]


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    def shown(value: object) -> object:
        """Every text but the file's own is made legible, and escaped after that."""
        return legible(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(figure=figure, change=change, inline=Markup)
    environment.globals.update(Verdict=Verdict, flipped=flipped)
    return environment


def _hash(text: str) -> str:
    return "sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode()
