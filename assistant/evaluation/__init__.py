"""Measuring answers: question sets, measures, judges, runs, and the gate.

    from assistant import Assistant
    from assistant.evaluation import Baseline, compare, evaluate

    with Assistant.open() as assistant:
        run = evaluate(assistant, "my-questions.jsonl", folder="runs/today")
    assert compare(run, Baseline.read("my-questions.baseline.json")).passed

Names load when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.evaluation.baseline import Baseline
    from assistant.evaluation.gate import Comparison, Flip, GateReport, compare
    from assistant.evaluation.harness import evaluate
    from assistant.evaluation.questions import CuratedQuestion, read_questions, shipped_questions
    from assistant.evaluation.results import Result
    from assistant.evaluation.run import Run, Total
    from assistant.evaluation.running import TooManyErrorsError
    from assistant.evaluation.scores import Score
    from assistant.evaluation.thresholds import Gate, Gated

__all__ = [
    "Baseline",
    "Comparison",
    "CuratedQuestion",
    "Flip",
    "Gate",
    "GateReport",
    "Gated",
    "Result",
    "Run",
    "Score",
    "TooManyErrorsError",
    "Total",
    "compare",
    "evaluate",
    "read_questions",
    "shipped_questions",
]

_HOMES = {
    "Baseline": "baseline",
    "Comparison": "gate",
    "CuratedQuestion": "questions",
    "Flip": "gate",
    "Gate": "thresholds",
    "GateReport": "gate",
    "Gated": "thresholds",
    "Result": "results",
    "Run": "run",
    "Score": "scores",
    "TooManyErrorsError": "running",
    "Total": "run",
    "compare": "gate",
    "evaluate": "harness",
    "read_questions": "questions",
    "shipped_questions": "questions",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"assistant.evaluation.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
