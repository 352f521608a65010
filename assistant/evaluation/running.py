"""Asking the questions of a run, several at a time, and keeping each result as it comes."""

import time
from collections.abc import Callable, Collection, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from assistant.answering.answer import Answer
from assistant.answering.objects import answer_object
from assistant.answering.recorded import repeating
from assistant.assistant import Assistant
from assistant.errors import AssistantError
from assistant.evaluation.choosing import cluster
from assistant.evaluation.judging.judge import Judge
from assistant.evaluation.questions import CHAT, CuratedQuestion, Dialogue
from assistant.evaluation.results import Result
from assistant.evaluation.scoring import judge_answer, scores

MAX_ERRORS = 0.01
"""The share of the questions that may fail."""

Progress = Callable[[int, int], None]
"""Told how many questions are done of how many."""


class TooManyErrorsError(AssistantError):
    """More questions failed than may: the run was ended."""

    def __init__(self, failed: Sequence[Result], total: int) -> None:
        super().__init__(
            f"{len(failed)} of {total} questions failed, which is more than may: see what failed, and go on "
            "with the run when it is mended."
        )
        self.failed = tuple(failed)


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked in one go: a question, or the turns of a conversation; and which asking of it."""

    dialogue: Dialogue
    repeat: int

    @property
    def keys(self) -> list[str]:
        """The keys of its results."""
        return [f"{turn.question_id}#{self.repeat}" for turn in self.dialogue]


def tasks(dialogues: Sequence[Dialogue], repeat: int = 1) -> list[Task]:
    """List what there is to ask: everything once, then everything again."""
    return [Task(dialogue, number) for number in range(repeat) for dialogue in dialogues]


def ask_all(  # noqa: PLR0913 - each is a choice of its own
    assistant: Assistant,
    todo: Sequence[Task],
    *,
    judge: Judge | None,
    concurrency: int,
    keep: Callable[[list[Result]], None],
    total: int | None = None,
    max_errors: float = MAX_ERRORS,
    progress: Progress | None = None,
) -> list[Result]:
    """Ask everything, several at a time, and score each answer.

    Args:
        assistant: who answers.
        todo: what to ask.
        judge: who says what bears the answers out; None for nobody.
        concurrency: how many are asked at a time.
        keep: given the results of each task when it is done, one task at a time.
        total: how many questions the whole run has, of which `todo` may be the rest.
        max_errors: the share of the whole run's questions that may fail.
        progress: told how many of the whole run's questions are done.

    Raises:
        TooManyErrorsError: more failed; nothing further was asked.
    """
    known = {paper.paper_id for paper in assistant.papers()}
    left = sum(len(task.dialogue) for task in todo)
    total = left if total is None else total
    results: list[Result] = []
    failed: list[Result] = []
    work = partial(ask, assistant, judge=judge, known=known)
    with closing(_finished(work, todo, concurrency)) as finished:
        for found in finished:
            keep(found)
            results += found
            failed += [result for result in found if result.errors]
            if progress is not None:
                progress(total - left + len(results), total)
            # Rounded first: 0.07 of 100 is a little over 7.
            if len(failed) > int(round(max_errors * total, 6)):
                raise TooManyErrorsError(failed, total)
    return results


def _finished(
    work: Callable[[Task], list[Result]], todo: Sequence[Task], concurrency: int
) -> Generator[list[Result]]:
    """Give what comes of each task as it is done; tasks not begun are dropped when it is closed."""
    executor = ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="evaluation")
    try:
        pending: set[Future[list[Result]]] = {executor.submit(work, task) for task in todo}
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
    finally:
        executor.shutdown(cancel_futures=True)


def ask(assistant: Assistant, task: Task, *, judge: Judge | None, known: Collection[str]) -> list[Result]:
    """Ask one question, or the turns of a conversation in order, and score the answers.

    A turn that fails leaves those after it without what they lean on; they are asked all the same.
    """
    name = cluster(task.dialogue)
    asks = assistant.conversation().ask if task.dialogue[0].suite == CHAT else assistant.ask
    with repeating(task.repeat):
        return [_put(asks, turn, task.repeat, name, judge=judge, known=known) for turn in task.dialogue]


def _put(  # noqa: PLR0913 - what a result is made of
    asks: Callable[[str], Answer],
    question: CuratedQuestion,
    repeat: int,
    name: str,
    *,
    judge: Judge | None,
    known: Collection[str],
) -> Result:
    start = time.perf_counter()
    try:
        answer = asks(question.question)
    except AssistantError as error:
        return Result(
            question=question,
            repeat=repeat,
            cluster=name,
            answer=None,
            error=str(error),
            seconds=_since(start),
        )
    seconds = _since(start)
    judged = judge_answer(judge, answer) if judge is not None else None
    return Result(
        question=question,
        repeat=repeat,
        cluster=name,
        answer=answer_object(answer),
        sentences=judged.sentences if judged is not None else (),
        scores=scores(question, answer, known=known, judged=judged, seconds=seconds),
        seconds=seconds,
    )


def _since(start: float) -> float:
    return round(time.perf_counter() - start, 4)
