"""What `assistant eval` does with its options: run, compare, report."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import InputError
from assistant.resources import is_installed, resource

if TYPE_CHECKING:
    from assistant.evaluation.baseline import Baseline
    from assistant.evaluation.gate import GateReport
    from assistant.evaluation.run import Run
    from assistant.evaluation.thresholds import Gate
    from assistant.settings import Settings

NO_JUDGE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked for."""

    suites: tuple[str, ...]
    questions: Path | None
    sample: int | None
    seed: int | None
    since: str | None
    repeat: int | None
    judge: str | None
    concurrency: int | None
    home: Path | None
    out: Path | None
    resume: Path | None
    recordings: Path | None
    replay: bool
    max_errors: str
    baseline: Path | None
    gate: Path | None
    update: bool
    reports: tuple[Path, ...]
    as_json: bool


def assess(options: Options) -> bool:
    """Make a run, compare it, report it; tell whether the gate passed.

    Raises:
        TooManyErrorsError: too many questions failed.
        AssistantError: an option cannot be used, or the run cannot be made.
    """
    from assistant.evaluation.gate import compare
    from assistant.evaluation.thresholds import Gate
    from assistant.settings import Settings
    from assistant.terminal import rendering, scoreboard

    settings = Settings.load()
    given = _asked_before(options)
    # Whatever cannot be used is said before anything is asked.
    gate = Gate.read(options.gate)
    if given["questions"] is not None and options.gate is None:
        gate = gate.without_floors()
    before = _baseline(options, given["questions"])
    place = _place_of_baseline(options, given) if options.update else None
    for path in options.reports:
        _kind(path)
    folder = options.resume or options.out or _new_folder(settings)
    run = _run(options, given, settings, folder)
    report = compare(run, _meant(before, run, options), gate)
    _write_reports(options, run, report)
    if place is not None:
        _update(run, gate, place)
    if options.as_json:
        rendering.print_json(scoreboard.run_object(run, report, folder))
    else:
        scoreboard.print_run(run, report)
    rendering.note(f"The run is in {folder}.")
    if place is not None:
        # Taking what there is as the baseline takes its losses along; floors hold all the same.
        return compare(run, None, gate).passed
    return report.passed


def _asked_before(options: Options) -> dict[str, Any]:
    """Give what to ask: as the options say, and where they say nothing as the run to go on with did."""
    given: dict[str, Any] = {
        "questions": options.questions,
        "suites": options.suites,
        "sample": options.sample,
        "seed": options.seed,
        "since": options.since,
        "repeat": options.repeat,
        "judge": options.judge,
    }
    kept: dict[str, Any] = {"seed": 0, "repeat": 1, "judge": "offline"}
    if options.resume is not None:
        from assistant.evaluation.run import Run

        if options.out is not None:
            raise InputError("A run goes on where it is: leave out --out.")
        before = dict(Run.read(options.resume).settings)
        files = before["files"]
        kept = {
            **before,
            "questions": Path(files[0]) if files else None,
            "judge": (before["judge"] or NO_JUDGE).partition(":")[0],
        }
    return {name: kept.get(name, value) if value in (None, ()) else value for name, value in given.items()}


def _run(options: Options, given: dict[str, Any], settings: "Settings", folder: Path) -> "Run":
    from assistant.answering.recorded import Recordings
    from assistant.assistant import Assistant
    from assistant.evaluation.harness import choose, evaluate, missing
    from assistant.evaluation.provenance import shipped_home
    from assistant.evaluation.running import TooManyErrorsError
    from assistant.terminal.progress import asking_bar, indexing_bar
    from assistant.terminal.rendering import note, warn

    shipped = given["questions"] is None
    home = options.home or (shipped_home(settings) if shipped else settings.home)
    recordings = Recordings(options.recordings or settings.cache / "recordings", replay=options.replay)
    if shipped and options.home is None:  # the shipped papers and no other, which no server has to itself
        settings = settings.model_copy(update={"chroma_url": None})
    which = {name: given[name] for name in ("suites", "sample", "seed", "since")}
    with (
        indexing_bar() as indexing,
        Assistant.open(
            settings=settings.model_copy(update={"home": home}), progress=indexing, recordings=recordings
        ) as assistant,
    ):
        assistant.prepare()
        chosen = choose(assistant, given["questions"], **which)
        if absent := missing(assistant, chosen):
            whose = "The shipped questions are about the shipped papers: " if shipped else ""
            shown = "; ".join(absent[:3]) + ("; …" if len(absent) > 3 else "")  # noqa: PLR2004 - some
            warn(f"{whose}{len(absent)} papers that are asked about are not in {home}: {shown}")
        try:
            with asking_bar() as asking:
                return evaluate(
                    assistant,
                    given["questions"],
                    **which,
                    repeat=given["repeat"],
                    judge=None if given["judge"] == NO_JUDGE else given["judge"],
                    concurrency=options.concurrency,
                    folder=folder,
                    resume=options.resume is not None,
                    max_errors=_share(options.max_errors, sum(map(len, chosen)) * given["repeat"]),
                    recordings=recordings,
                    progress=asking,
                )
        except (KeyboardInterrupt, TooManyErrorsError):
            note(f"assistant eval --resume {folder} goes on with it.")
            raise


def _share(said: str, total: int) -> float:
    """Read `1%`, or a number of questions.

    Raises:
        InputError: it is neither.
    """
    try:
        number = float(said.removesuffix("%"))
    except ValueError:
        number = -1.0
    share = number / 100 if said.endswith("%") else number / total
    if number < 0 or (not said.endswith("%") and number != int(number)):
        raise InputError(
            f"--max-errors cannot be {said!r}: write a share such as 1%, or a number of questions."
        )
    return share


def _new_folder(settings: "Settings") -> Path:
    from datetime import datetime

    return settings.home / "runs" / f"{datetime.now().astimezone():%Y-%m-%d-%H%M%S}"


# The baseline


def _place_of_baseline(options: Options, given: dict[str, Any]) -> Path:
    """Give where the baseline is to be written.

    Raises:
        InputError: a part of the questions would take the place of all, or there is no place for it.
    """
    place = options.baseline or _usual_baseline(given["questions"])
    part = [f"--{name}" for name in ("sample", "since") if given[name] is not None]
    part += ["--suite"] if options.suites else []
    if part and options.baseline is None:
        raise InputError(
            f"With {' and '.join(part)} a part of the questions would be the baseline of all: "
            "leave it out, or name another file with --baseline."
        )
    if options.baseline is None and given["questions"] is None and is_installed():
        raise InputError("The shipped baseline is a part of the installation: name a file with --baseline.")
    if not place.parent.is_dir():
        raise InputError("There is no folder for the baseline: name a file with --baseline.")
    return place


def _usual_baseline(questions: Path | None) -> Path:
    if questions is not None:
        return questions.with_suffix(".baseline.json")
    return resource("eval/questions").parent / "baseline.json"


def _baseline(options: Options, questions: Path | None) -> "Baseline | None":
    from assistant.evaluation.baseline import Baseline

    place = options.baseline or _usual_baseline(questions)
    # One that is named has to be there, unless it is about to be written.
    if not place.exists() and (options.baseline is None or options.update):
        return None
    return Baseline.read(place)


def _meant(before: "Baseline | None", run: "Run", options: Options) -> "Baseline | None":
    """Leave the usual baseline aside where another reader made it: that one is worse says nothing then."""
    from assistant.terminal.rendering import note

    if before is None or options.baseline is not None:
        return before
    was, now = before.settings.get("reader"), run.settings.get("reader")
    if was == now:
        return before
    note(
        f"The baseline was made by the reader {was}, and {now} answered: not compared. "
        "--update-baseline --baseline FILE makes one of its own."
    )
    return None


def _update(run: "Run", gate: "Gate", place: Path) -> None:
    from assistant.evaluation.baseline import Baseline
    from assistant.terminal.rendering import note

    Baseline.of(run, gate.measures).write(place)
    note(f"The baseline is {place} now.")


# Reports


def _kind(path: Path) -> str:
    kind = path.suffix.lower()
    if kind not in {".html", ".xml", ".md"}:
        raise InputError(f"{path} names no kind of report: end it in .html, .xml (JUnit) or .md.")
    if not path.parent.is_dir():
        raise InputError(f"{path.parent} is no folder: name a report in one that is there.")
    return kind


def _write_reports(options: Options, run: "Run", report: "GateReport") -> None:
    from assistant.evaluation.reports.markdown import append_step_summary, markdown

    for path in options.reports:
        match _kind(path):
            case ".html":
                from assistant.evaluation.reports.html import write_html

                write_html(run, report, path)
            case ".xml":
                from assistant.evaluation.reports.junit import write_junit

                write_junit(run, report, path)
            case _:
                path.write_text(markdown(run, report), encoding="utf-8")
    if os.environ.get("GITHUB_STEP_SUMMARY"):
        append_step_summary(markdown(run, report), os.environ)
