"""One call that asks a question set, scores the answers and keeps the run."""

import os
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from assistant.answering.recorded import Recordings
from assistant.assistant import Assistant
from assistant.corpus import paper_id
from assistant.errors import InputError
from assistant.evaluation import provenance
from assistant.evaluation.choosing import of_suites, sampled
from assistant.evaluation.choosing import since as published_since
from assistant.evaluation.judging.judge import Judge
from assistant.evaluation.questions import Dialogue, read_questions, shipped_questions
from assistant.evaluation.results import Result
from assistant.evaluation.run import RUN, Run, append_results, mend_results, read_results
from assistant.evaluation.running import MAX_ERRORS, Progress, Task, TooManyErrorsError, ask_all, tasks
from assistant.retrieval import DateRange
from assistant.secrets import public_address
from assistant.settings import EXTRACTIVE

OFFLINE = "offline"
"""The judge that needs no key."""
CHANGING = ("files", "started", "seconds", "finished")
"""Settings that a run which goes on may have otherwise."""
AT_ONCE = 8
"""Questions that a model is asked at a time: it waits more than it computes here."""


def evaluate(  # noqa: PLR0913 - each is a choice of its own
    assistant: Assistant,
    questions: Path | str | Sequence[Path] | Sequence[Dialogue] | None = None,
    *,
    judge: Judge | str | None = OFFLINE,
    suites: Sequence[str] = (),
    sample: int | None = None,
    seed: int = 0,
    since: "str | date | None" = None,
    repeat: int = 1,
    concurrency: int | None = None,
    folder: Path | str | None = None,
    resume: bool = False,
    max_errors: float = MAX_ERRORS,
    recordings: Recordings | None = None,
    progress: Progress | None = None,
) -> Run:
    """Ask questions, score the answers, and give the run.

    Args:
        assistant: who answers, from the papers of its home.
        questions: a file of questions, or several, or what `read_questions` gave; by default the shipped
            ones, which are about the shipped papers.
        judge: `offline`, `model` or `llamaindex`, or a judge of your own; None for no faithfulness.
        suites: which suites to ask; by default all.
        sample: how many questions to draw at random, spread over the suites; a conversation counts as one.
        seed: of that draw.
        since: asks only questions all of whose papers were published from this day, month or year on.
        repeat: how often to ask each question.
        concurrency: how many are asked at a time; by default as fits the reader.
        folder: where to keep the run; by default nowhere.
        resume: goes on with the run kept there; what failed is asked again.
        max_errors: the share of the questions that may fail.
        recordings: where the replies of a model that judges are kept, or come from; those of the one that
            answers are a matter of `Assistant.open`.
        progress: told how many questions are done of how many.

    Raises:
        QuestionsError: lines of a file are no questions; each is named.
        InputError: there is nothing to ask, or the run to go on with was another.
        TooManyErrorsError: more failed than may; what came until then is in the folder.
        AssistantError: the home, the model or the judge cannot be used.
    """
    assistant.prepare()
    chosen = choose(assistant, questions, suites=suites, sample=sample, seed=seed, since=since)
    who = _judge(judge, assistant, recordings)
    settings = {
        "suites": list(dict.fromkeys(dialogue[0].suite for dialogue in chosen)),
        "sample": sample,
        "seed": seed,
        "since": None if since is None else str(since),
        "repeat": repeat,
        "judge": who.name if who is not None else None,
        "questions": {"count": sum(map(len, chosen)), "digest": provenance.of_questions(chosen)},
        "files": _files(questions),
        **_answering(assistant),
        "versions": provenance.versions(),
        "commit": provenance.commit(),
        "papers": len(assistant.papers()),
        "missing": len(missing(assistant, chosen)),
        "fingerprint": provenance.fingerprint(assistant),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    keeper = Keeper(Path(folder) if folder is not None else None, settings, resume=resume)
    every = tasks(chosen, repeat)
    todo = [task for task in every if not keeper.has(task)]
    try:
        ask_all(
            assistant,
            todo,
            judge=who,
            concurrency=concurrency or at_once(assistant),
            keep=keeper.keep,
            total=sum(len(task.dialogue) for task in every),
            max_errors=max_errors,
            progress=progress,
        )
    except TooManyErrorsError:
        keeper.finish(every, whole=False)
        raise
    finally:
        if who is not None and who is not judge:
            who.close()
    return keeper.finish(every, whole=True)


def choose(  # noqa: PLR0913 - as above
    assistant: Assistant,
    questions: Path | str | Sequence[Path] | Sequence[Dialogue] | None = None,
    *,
    suites: Sequence[str] = (),
    sample: int | None = None,
    seed: int = 0,
    since: "str | date | None" = None,
) -> list[Dialogue]:
    """Choose what to ask; the arguments are those of `evaluate`.

    Raises:
        QuestionsError: lines of a file are no questions; each is named.
        InputError: nothing is left to ask.
    """
    if isinstance(questions, Path | str):
        questions = [Path(questions)]
    given: Sequence[Any] = shipped_questions() if questions is None else questions
    chosen: list[Dialogue] = read_questions(given) if given and isinstance(given[0], Path) else list(given)
    if suites:
        chosen = of_suites(chosen, suites)
    if since is not None:
        day = DateRange.parse(since).since or date.min
        published = {paper.paper_id: paper.published for paper in assistant.papers()}
        chosen = published_since(chosen, day, published)
        if not chosen:
            raise InputError(f"No question is about papers since {since} alone: choose an earlier date.")
    if sample is not None:
        chosen = sampled(chosen, sample, seed)
    if not chosen:
        raise InputError("There is nothing to ask: name questions.")
    return chosen


def _files(questions: Path | str | Sequence[Path] | Sequence[Dialogue] | None) -> list[str]:
    """Name the files given, if any; the shipped ones go without saying."""
    given = [questions] if isinstance(questions, Path | str) else questions or []
    return [str(file) for file in given if isinstance(file, Path | str)]


def missing(assistant: Assistant, dialogues: Sequence[Dialogue]) -> list[str]:
    """List the titles that questions are about and that the home does not hold."""
    known = {paper.paper_id for paper in assistant.papers()}
    titles = dict.fromkeys(
        (paper_id(title), title) for dialogue in dialogues for turn in dialogue for title in turn.titles
    )
    return [title for paper, title in titles if paper not in known]


def at_once(assistant: Assistant) -> int:
    """Give how many questions to ask at a time: as many as compute, or as a model's server takes."""
    extractive = assistant.status().reader == EXTRACTIVE
    return min(AT_ONCE, os.cpu_count() or 1) if extractive else AT_ONCE


def _answering(assistant: Assistant) -> dict[str, Any]:
    """Give what decides the answers but the papers and the code; no key is in it."""
    settings = assistant.settings
    reader = assistant.status().reader
    if reader == EXTRACTIVE:
        return {"reader": reader, "model": None, "base_url": None}
    return {
        "reader": reader,
        "model": settings.model,
        "base_url": settings.openai_base_url and public_address(settings.openai_base_url),
        "context": settings.context,
        "reply": settings.reply,
        "prompts": provenance.of_prompts(settings),
    }


class Keeper:
    """Keeps the results of a run as they come, in a folder or in memory alone."""

    def __init__(self, folder: Path | None, settings: Mapping[str, Any], *, resume: bool = False) -> None:
        """Begin a run, or go on with one.

        Raises:
            InputError: the folder holds a run already, or one of other settings.
        """
        self._folder = folder
        self._settings = dict(settings)
        self._start = time.perf_counter()
        self._spent = 0.0
        self._results: dict[str, Result] = {}
        if folder is None:
            return
        if resume:
            self._go_on(folder)
        elif (folder / RUN).exists():
            raise InputError(f"{folder} holds a run already: name another folder, or go on with --resume.")
        else:
            _make(folder)
        self._write(whole=False)

    def _go_on(self, folder: Path) -> None:
        before = Run.read(folder)
        for name, value in self._settings.items():
            was = before.settings.get(name)
            if name not in CHANGING and was != value:
                raise InputError(
                    f"The run in {folder} cannot go on: its {name} was {_shown(was)} and is {_shown(value)} "
                    "now; start a new one."
                )
        mend_results(folder)
        self._settings["started"] = before.settings["started"]
        self._spent = before.settings.get("seconds", 0.0)
        self._results = {result.key: result for result in read_results(folder) if not result.errors}

    def has(self, task: Task) -> bool:
        """Whether the results of a task are kept, and none failed."""
        return all(key in self._results for key in task.keys)

    def keep(self, results: Sequence[Result]) -> None:
        """Keep results, on disk before anything else happens."""
        if self._folder is not None:
            append_results(self._folder, results)
        self._results |= {result.key: result for result in results}

    def finish(self, every: Sequence[Task], *, whole: bool) -> Run:
        """Give the run, in the order of the questions, and write its totals."""
        order = [key for task in every for key in task.keys]
        run = self._run(tuple(self._results[key] for key in order if key in self._results), whole=whole)
        if self._folder is not None:
            run.write(self._folder)
        return run

    def _write(self, *, whole: bool) -> None:
        if self._folder is not None:
            self._run((), whole=whole).write_totals(self._folder)

    def _run(self, results: tuple[Result, ...], *, whole: bool) -> Run:
        seconds = round(self._spent + time.perf_counter() - self._start, 1)
        return Run(settings={**self._settings, "seconds": seconds, "finished": whole}, results=results)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be made ({error.strerror}): name another folder.") from None


def _shown(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"  # noqa: PLR2004 - a part of a sentence


def _judge(judge: Judge | str | None, assistant: Assistant, recordings: Recordings | None) -> Judge | None:
    if not isinstance(judge, str):
        return judge
    from assistant.evaluation.judging.choosing import judge_for

    return judge_for(judge, assistant.settings, recordings=recordings)
