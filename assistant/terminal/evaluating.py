"""The `eval` commands: ask a question set, score the answers, and say whether they got worse.

The exit status is 0 where the gate passed, 1 where it failed, 2 on wrong usage or where the run could not be
made, and 3 where too many questions failed: 1 means that the assistant got worse, and only that.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from assistant.errors import AssistantError

FAILED, USAGE, ERRORS = 1, 2, 3

app = typer.Typer(
    help="Ask a question set, score the answers, and fail where they got worse.", rich_markup_mode=None
)


@app.callback(invoke_without_command=True)
def evaluate(  # noqa: PLR0913 - a parameter for each option
    context: typer.Context,
    *,
    suite: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SUITE",
            help="Only this suite, or several: single, multi, topic, unanswerable, false-premise, chat.",
        ),
    ] = None,
    questions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Your own questions, one JSON object a line, about the papers of your home; by default the "
            "shipped questions, about the shipped papers in a home of their own.",
        ),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Only so many of them, drawn at random and spread over the suites."
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Of that draw; 0 by default.")] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DATE",
            help="Only questions all of whose papers were published from this day, month or year on; those "
            "without a paper, or about one without a date, are left out.",
        ),
    ] = None,
    repeat: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Ask each so many times; once by default.")
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(
            metavar="JUDGE", help="Who judges faithfulness: offline (by default), model, llamaindex, or none."
        ),
    ] = None,
    concurrency: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="How many are asked at a time; by default as fits the reader."),
    ] = None,
    home: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Ask the papers of this home instead.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where to keep the run; by default under the home, runs/TIME."),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Go on with the run kept there; what failed is asked again."),
    ] = None,
    recordings: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where a model's replies are kept; by default in the cache."),
    ] = None,
    replay: Annotated[
        bool,
        typer.Option("--replay", help="Ask no model: its kept replies alone, and fail on what they lack."),
    ] = False,
    max_errors: Annotated[
        str, typer.Option(metavar="SHARE", help="More questions than this may not fail: 1%, or a number.")
    ] = "1%",
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Compare with this; by default eval/baseline.json, or for your own questions FILE.jsonl the "
            "FILE.baseline.json beside them.",
        ),
    ] = None,
    gate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What a run has to meet; by default eval/gate.toml.")
    ] = None,
    update: Annotated[
        bool, typer.Option("--update-baseline", help="Make this run what later ones are compared with.")
    ] = False,
    report: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Write a report: .html, .xml (JUnit) or .md; or several."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Ask a question set, score the answers, compare with the baseline, and fail where they got worse."""
    if context.invoked_subcommand is not None:
        return
    from assistant.terminal.assessing import Options, assess

    options = Options(
        suites=tuple(suite or ()),
        questions=questions,
        sample=sample,
        seed=seed,
        since=since,
        repeat=repeat,
        judge=judge,
        concurrency=concurrency,
        home=home,
        out=out,
        resume=resume,
        recordings=recordings,
        replay=replay,
        max_errors=max_errors,
        baseline=baseline,
        gate=gate,
        update=update,
        reports=tuple(report or ()),
        as_json=as_json,
    )
    with _statuses():
        passed = assess(options)
    if not passed:
        raise typer.Exit(FAILED)


@contextmanager
def _statuses() -> Iterator[None]:
    """End with 2 where a run cannot be made and with 3 where too much failed: 1 is the gate's alone."""
    from assistant.terminal.rendering import warn

    try:
        yield
    except AssistantError as error:
        from assistant.evaluation.running import TooManyErrorsError
        from assistant.terminal.scoreboard import print_errors

        if isinstance(error, TooManyErrorsError):
            print_errors(error.failed)
            warn(str(error))
            raise typer.Exit(ERRORS) from None
        warn(str(error))
        raise typer.Exit(USAGE) from None
    except (typer.Exit, typer.Abort, BrokenPipeError):
        raise
    except Exception as error:
        if os.environ.get("ASSISTANT_DEBUG"):
            raise
        warn(
            f"Something unforeseen happened ({type(error).__name__}: {error}): ASSISTANT_DEBUG=1 shows where."
        )
        raise typer.Exit(USAGE) from None


@app.command("judges")
def measure_judges(
    data: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Labelled answers, or sentences with one thing changed.")
    ],
    *,
    judge: Annotated[
        str, typer.Option(metavar="JUDGE", help="Which judge: offline, model or llamaindex.")
    ] = "offline",
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw how well its probabilities hold, as SVG.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Measure a judge against what people said."""
    with _statuses():
        from contextlib import closing

        from assistant.answering.recorded import Recordings
        from assistant.evaluation.judging.choosing import judge_for
        from assistant.settings import Settings
        from assistant.terminal.judging import print_agreement

        settings = Settings.load()
        recordings = Recordings(settings.cache / "recordings")
        with closing(judge_for(judge, settings, recordings=recordings)) as measured:
            print_agreement(measured, data, as_json=as_json, plot=plot)
