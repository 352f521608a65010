"""A run in the terminal: a table of suites and measures, the gate's verdict, and what flipped."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from assistant.evaluation.run import ALL, Run, Total
from assistant.evaluation.scoring import COSTS
from assistant.terminal.cleaning import cleaned
from assistant.terminal.rendering import note, result_console, say, warn

if TYPE_CHECKING:
    from rich.console import Console

    from assistant.evaluation.gate import Comparison, Flip, GateReport
    from assistant.evaluation.results import Result

FLIPS = 20
"""How many flips are shown with both answers."""
ERRORS = 10
"""How many failures are shown."""
WIDE = 200
"""Columns of a table in a pipe, where nothing is cut to fit."""


def run_object(run: Run, report: "GateReport", folder: Path) -> dict[str, Any]:
    """Give a run and the gate's verdict as `eval --json` prints them."""
    return {
        "folder": str(folder),
        "passed": report.passed,
        "settings": dict(run.settings),
        "totals": {
            suite: {measure: asdict(total) for measure, total in found.items()}
            for suite, found in run.totals().items()
        },
        "answering": {suite: asdict(table) for suite, table in run.answering().items()},
        "comparisons": [asdict(comparison) for comparison in report.comparisons],
        "flips": [asdict(flip) for flip in report.flips],
        "notes": list(report.notes),
        "errors": [{"question": key, "error": reason} for key, reason in run.errors()],
    }


def print_run(run: Run, report: "GateReport") -> None:
    """Print a run and the gate's verdict."""
    console = result_console()
    if not console.is_terminal:
        console.width = WIDE
    settings = run.settings
    judge = f"{settings['judge']} judge" if settings["judge"] else "no judge"
    say(
        Text("Evaluation", style="bold").append(
            f"  {len(run.results)} answers, {settings['reader']} reader, {judge}, "
            f"{settings['papers']} papers, {settings['seconds']:.0f} s",
            style="not bold dim",
        )
    )
    say()
    console.print(_measures_table(run))
    say()
    _print_answering(run)
    _print_gate(console, report)
    _print_flips(report.flips)
    if failures := [result for result in run.results if result.errors]:
        print_errors(failures)
    for told in report.notes:
        note(told)
    say()
    if report.passed:
        say(Text("The gate passed.", style="bold green"))
        return
    for comparison in report.comparisons:
        if comparison.failed:
            say(Text(cleaned(comparison.reason), style="red"))
    say(Text("The gate failed.", style="bold red"))


def _measures_table(run: Run) -> Table:
    """Lay measures out by suite: a row each, so that it fits a terminal however many suites there are."""
    totals = run.totals()
    table = _table()
    table.add_column("measure")
    for suite in totals:
        table.add_column(suite, justify="right")
    table.add_column(f"95 % ({ALL})", justify="right", style="dim")
    asked = {suite: sum(suite in {ALL, result.question.suite} for result in run.results) for suite in totals}
    table.add_row("answers", *(str(count) for count in asked.values()), "")
    for measure in run.measures:
        rows = [found.get(measure) for found in totals.values()]
        if any(total is not None and total.count for total in rows):
            interval = _interval(totals[ALL][measure], measure)
            table.add_row(measure, *(_figure(total, measure) for total in rows), interval)
    return table


def _table() -> Table:
    return Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")


def _figure(total: Total | None, measure: str) -> str:
    if total is None or total.mean is None:
        return "–"
    return _number(total.mean, measure)


def _number(value: float, measure: str) -> str:
    return f"{value:.3g}" if measure in COSTS else f"{value:.3f}"


def _interval(total: Total, measure: str) -> str:
    if total.low is None or total.high is None:
        return ""
    return f"{_number(total.low, measure)}–{_number(total.high, measure)}"


def _print_answering(run: Run) -> None:
    table = run.answering()[ALL]
    if table.answer_rate is not None:
        say(
            f"Answerable questions    {table.answered_answerable} answered, {table.refused_answerable} "
            f"refused: {table.answer_rate:.1%} answered"
        )
    if table.refusal_rate is not None:
        say(
            f"Unanswerable questions  {table.answered_unanswerable} answered, {table.refused_unanswerable} "
            f"refused: {table.refusal_rate:.1%} refused"
        )


def _print_gate(console: "Console", report: "GateReport") -> None:
    if not report.comparisons:
        return
    table = _table()
    for name, justify in (("gate", "left"), ("suite", "left"), ("baseline", "right"), ("now", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for name in ("difference", "95 %", "p", "floor", ""):
        table.add_column(name, justify="right")
    for comparison in report.comparisons:
        table.add_row(*_row(comparison))
    say()
    console.print(table)


def _row(comparison: "Comparison") -> list[str | Text]:
    def shown(value: float | None, how: str = ".3f") -> str:
        return "–" if value is None else format(value, how)

    interval = "" if comparison.low is None else f"{comparison.low:+.3f} to {comparison.high:+.3f}"
    verdict = Text("failed", style="red") if comparison.failed else Text("passed", style="green")
    return [
        comparison.measure,
        comparison.suite,
        shown(comparison.before),
        shown(comparison.now),
        shown(comparison.difference, "+.3f"),
        interval,
        shown(comparison.adjusted),
        shown(comparison.floor),
        verdict,
    ]


def _print_flips(flips: Sequence["Flip"]) -> None:
    """Print which questions flipped, those lost first, each with both answers."""
    if not flips:
        return
    lost = sum(flip.now < flip.before for flip in flips)
    say()
    say(Text(f"Flipped: {lost} lost, {len(flips) - lost} won", style="bold"))
    for flip in flips[:FLIPS]:
        say()
        say(
            Text(
                "lost " if flip.now < flip.before else "won  ",
                style="red" if flip.now < flip.before else "green",
            )
            .append(f"{flip.key.removesuffix('#0')}  ")
            .append(flip.measure, style="dim")
        )
        say(_answer(flip.before_answer), label="  before  ")
        say(_answer(flip.now_answer), label="  now     ")
    if len(flips) > FLIPS:
        note(f"{len(flips) - FLIPS} more flipped: --json and reports have them all.")


def _answer(answer: Mapping[str, Any] | None) -> str:
    if answer is None:
        return "(no answer)"
    text = " ".join(answer["answer"].split())
    most = 400
    return text if len(text) <= most else f"{text[: most - 1]}…"


def print_errors(failed: Sequence["Result"]) -> None:
    """Print what failed, and why, to standard error."""
    for result in failed[:ERRORS]:
        warn(f"{result.question.question_id}: {' '.join(result.errors)}")
    if len(failed) > ERRORS:
        warn(f"{len(failed) - ERRORS} more failed: results.jsonl has them all.")
