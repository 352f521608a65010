"""What a run keeps of a question: the answer, the judgements and the scores; one object a line."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from assistant.evaluation.judging.judge import Claim, Judgement, Verdict
from assistant.evaluation.questions import CuratedQuestion, question_from
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

    @property
    def errors(self) -> tuple[str, ...]:
        """Why it failed: to be answered, or to be scored; each reason once."""
        if self.error is not None:
            return (self.error,)
        return tuple(dict.fromkeys(score.error for score in self.scores.values() if score.error is not None))


def result_object(result: Result) -> dict[str, Any]:
    """Give a result as a line of `results.jsonl` holds it."""
    return {
        "key": result.key,
        "question": {name: value for name, value in asdict(result.question).items() if value},
        "repeat": result.repeat,
        "cluster": result.cluster,
        "answer": None if result.answer is None else dict(result.answer),
        "error": result.error,
        "sentences": [
            {
                "text": sentence.text,
                "numbers": list(sentence.numbers),
                "claims": None
                if sentence.judgement is None
                else [asdict(claim) for claim in sentence.judgement.claims],
            }
            for sentence in result.sentences
        ],
        "scores": {name: score.to_json() for name, score in result.scores.items()},
        "seconds": result.seconds,
    }


def result_from(found: Mapping[str, Any]) -> Result:
    """Read what `result_object` gave."""
    return Result(
        question=question_from(found["question"]),
        repeat=found["repeat"],
        cluster=found["cluster"],
        answer=found["answer"],
        error=found["error"],
        sentences=tuple(
            JudgedSentence(sentence["text"], tuple(sentence["numbers"]), _judgement(sentence["claims"]))
            for sentence in found["sentences"]
        ),
        scores={name: Score.from_json(score) for name, score in found["scores"].items()},
        seconds=found["seconds"],
    )


def _judgement(claims: Sequence[Mapping[str, Any]] | None) -> Judgement | None:
    if claims is None:
        return None
    return Judgement(tuple(Claim(**{**claim, "verdict": Verdict(claim["verdict"])}) for claim in claims))
