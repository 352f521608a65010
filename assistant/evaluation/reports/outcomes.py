"""How each question came out, and whether that is new: what all reports tell in the same words."""

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum

from assistant.evaluation.gate import Flip, GateReport
from assistant.evaluation.results import Result
from assistant.evaluation.run import Run

REQUIRED = ("right to answer", "citations valid", "all facts")
"""An answer is right when each of these that applies to its question is 1."""


class State(StrEnum):
    """How a question came out; of several the first."""

    ERROR = "error"
    """It was not answered, or a measure of it could not be taken."""
    WORSE = "worse"
    """A measure of the gate was 1 in the baseline and is 0 now."""
    WRONG = "wrong"
    """It is wrong, and was so before, or there is nothing to compare it with."""
    BETTER = "better"
    """A measure of the gate was 0 in the baseline and is 1 now."""
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A result, and what changed since the baseline."""

    result: Result
    name: str
    """The question's identifier; with the repeat where the run asked several times."""
    flips: tuple[Flip, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether the assistant refused to answer."""
        return self.result.answer is not None and bool(self.result.answer.get("refused"))

    @property
    def wrong(self) -> tuple[str, ...]:
        """The measures that make it wrong."""
        scores = self.result.scores
        values = {name: scores[name].value for name in REQUIRED if name in scores}
        return tuple(name for name, value in values.items() if value is not None and value < 1)

    @property
    def errors(self) -> tuple[str, ...]:
        """Why it was not answered, or could not be scored."""
        return self.result.errors

    @property
    def before(self) -> str | None:
        """The baseline's answer, or its beginning; None where nothing flipped or it is not known."""
        known = next((flip.before_answer for flip in self.flips if flip.before_answer is not None), None)
        return None if known is None else str(known.get("answer", ""))

    @property
    def text(self) -> str:
        """What the assistant answered; empty where it failed to."""
        return str((self.result.answer or {}).get("answer", ""))

    @property
    def worse(self) -> tuple[Flip, ...]:
        """What it lost since the baseline."""
        return tuple(flip for flip in self.flips if flip.now < flip.before)

    @property
    def better(self) -> tuple[Flip, ...]:
        """What it gained since the baseline."""
        return tuple(flip for flip in self.flips if flip.now > flip.before)

    @property
    def state(self) -> State:
        """How it came out."""
        states = (
            (State.ERROR, self.errors),
            (State.WORSE, self.worse),
            (State.WRONG, self.wrong),
            (State.BETTER, self.better),
        )
        return next((state for state, shown in states if shown), State.RIGHT)

    @property
    def reason(self) -> str:
        """Why it is wrong, in words; empty where it is not."""
        words = {
            "right to answer": "refused, though the papers answer it"
            if self.refused
            else "answered, though the papers do not answer it",
            "citations valid": "cites what is not there",
            "all facts": "lacks a fact",
        }
        wrong = self.wrong
        if "right to answer" in wrong and self.refused:
            wrong = ("right to answer",)  # the rest follows from it
        return "; ".join(words[measure] for measure in wrong)


def flipped(flip: Flip) -> str:
    """Say what a flip changed.

    >>> flipped(Flip("q1#0", "all facts", 1.0, 0.0, None, None))
    'all facts 1 → 0'
    """
    return f"{flip.measure} {round(flip.before, 2):g} → {round(flip.now, 2):g}"


def outcomes(run: Run, gate: GateReport | None) -> list[Outcome]:
    """Give every question's outcome, those first that a reader has to look at."""
    flips: dict[str, list[Flip]] = defaultdict(list)
    for flip in gate.flips if gate else ():
        flips[flip.key].append(flip)
    repeated = any(result.repeat for result in run.results)
    found = [
        Outcome(
            result,
            result.key if repeated else result.question.question_id,
            tuple(flips[result.key]),
        )
        for result in run.results
    ]
    order = list(State)
    order.sort(key=[State.WORSE, State.ERROR, State.WRONG, State.BETTER, State.RIGHT].index)
    return sorted(found, key=lambda outcome: order.index(outcome.state))


def has_baseline(gate: GateReport | None) -> bool:
    """Tell whether anything was compared with a baseline, and not with floors alone."""
    return gate is not None and any(compared.before is not None for compared in gate.comparisons)


def verdict(gate: GateReport | None) -> str:
    """Say in a sentence how the gate decided."""
    if gate is None:
        return "This run was compared with nothing."
    gated = len(gate.comparisons)
    if not gate.passed:
        fallen = sum(compared.failed for compared in gate.comparisons)
        many = "is" if fallen == 1 else "are"
        return f"The gate failed: {fallen} of the {gated} measures it watches {many} too low."
    if not has_baseline(gate):
        return "The gate passed: nothing is below its floor. There was no baseline to compare with."
    return (
        f"The gate passed: none of the {gated} measures it watches is below its floor, or has lost more than "
        "chance explains and the gate lets go."
    )
