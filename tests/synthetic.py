"""Runs that nobody asked, for tests of what comes after asking."""

from collections.abc import Mapping, Sequence
from typing import Any

from assistant.evaluation.questions import CuratedQuestion
from assistant.evaluation.results import Result
from assistant.evaluation.run import Run
from assistant.evaluation.scores import NOT_APPLICABLE, Score

SETTINGS: Mapping[str, Any] = {
    "suites": ["single"],
    "sample": None,
    "since": None,
    "repeat": 1,
    "reader": "extractive",
    "model": None,
    "judge": "offline",
}


def result(
    name: str,
    scores: Mapping[str, float | Score | None],
    *,
    suite: str = "single",
    cluster: str = "",
    repeat: int = 0,
    text: str = "Tea. [1]",
    error: str | None = None,
) -> Result:
    """Make a result; None stands for a measure that does not apply."""
    answer = {"answer": text, "refused": text == "", "citations": [], "sources": [], "usage": None}
    return Result(
        question=CuratedQuestion(
            question_id=name,
            suite=suite,
            question=f"What of {name}?",
            titles=() if suite == "unanswerable" else (f"On {name}",),
        ),
        repeat=repeat,
        cluster=cluster or name,
        answer=None if error else answer,
        error=error,
        scores={
            measure: value if isinstance(value, Score) else NOT_APPLICABLE if value is None else Score(value)
            for measure, value in scores.items()
        },
    )


def run(results: Sequence[Result], **settings: Any) -> Run:
    """Make a run of them."""
    return Run(settings={**SETTINGS, **settings}, results=tuple(results))
