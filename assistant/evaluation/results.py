"""What a run keeps of a question: the answer, the judgements and the scores; one object a line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assistant.evaluation.judging.judge import Judgement
from assistant.evaluation.questions import CuratedQuestion
from assistant.evaluation.scores import Score


@dataclass(frozen=True, slots=True)
class JudgedSentence:
    """A sentence of an answer, the numbers it cites, and what the judge said of it."""

    text: str
    numbers: tuple[int, ...]
    judgement: Judgement | None
    """None where it has nothing to be judged by, or the judge failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One question asked once."""

    question: CuratedQuestion
    repeat: int = 0
    """Which asking of the same question it is, from 0."""
    cluster: str
    """The paper that the question is about, or the question where there is none: results that share one
    are not independent."""
    answer: Mapping[str, Any] | None
    """The object that `assistant ask --json` prints; None where asking failed."""
    error: str | None = None
    """Why asking failed."""
    sentences: tuple[JudgedSentence, ...] = ()
    scores: Mapping[str, Score] = field(default_factory=dict)
    """By measure."""
    seconds: float = 0.0

    @property
    def key(self) -> str:
        """What the same question has in every run: its identifier, and the repeat where there are several."""
        return f"{self.question.question_id}#{self.repeat}"
