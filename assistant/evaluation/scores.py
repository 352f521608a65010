"""What a measure gives: a number, nothing because it does not apply, or an error. The three never mix."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

Json = float | None | dict[str, str]


@dataclass(frozen=True, slots=True)
class Score:
    """One measure of one answer.

    >>> [score.applies for score in (Score(0.5), NOT_APPLICABLE, failed("the judge gave no verdict"))]
    [True, False, True]
    """

    value: float | None = None
    """The number, where the measure applies and worked."""
    error: str | None = None
    """Why there is none, where the measure applies and failed."""

    def __post_init__(self) -> None:
        if self.value is not None and (self.error is not None or not math.isfinite(self.value)):
            raise ValueError(f"a score is a finite number or an error, not {self.value} and {self.error!r}")

    @property
    def applies(self) -> bool:
        """Whether there is a number, or there should be one."""
        return self.value is not None or self.error is not None

    def to_json(self) -> Json:
        """Give a number, null where it does not apply, or an object with the error."""
        return {"error": self.error} if self.error is not None else self.value

    @classmethod
    def from_json(cls, found: Json) -> "Score":
        """Read what `to_json` wrote."""
        return failed(found["error"]) if isinstance(found, dict) else cls(found)


NOT_APPLICABLE = Score()


def failed(reason: str) -> Score:
    """Score that could not be given."""
    return Score(error=reason)


def mean(scores: Iterable[Score]) -> float | None:
    """Average the numbers alone; None where there are none.

    >>> mean([Score(1.0), Score(0.0), NOT_APPLICABLE, failed("no verdict")])
    0.5
    """
    numbers = [score.value for score in scores if score.value is not None]
    return fmean(numbers) if numbers else None
