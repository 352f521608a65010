"""What a judge is given, and what it gives back."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from assistant.errors import AssistantError


class JudgeError(AssistantError):
    """A judge could not judge."""


class Verdict(StrEnum):
    """How a claim stands to what it cites."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    NOT_FOUND = "not found"


@dataclass(frozen=True, slots=True)
class Source:
    """A paper that a sentence cites."""

    title: str
    text: str
    """The whole of it."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of an answer and what it cites."""

    text: str
    """Without markers."""
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that a sentence says, and whether what it cites bears it out."""

    text: str
    verdict: Verdict
    probability: float
    """That it is borne out, from 0 to 1; 1 or 0 from a judge that gives verdicts alone."""
    evidence: str = ""
    """The sentence of the source that shows it, or what the judge missed."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge says of a statement: its claims, in order, at least one."""

    claims: tuple[Claim, ...]

    @property
    def supported(self) -> bool:
        """Whether every claim is borne out."""
        return all(claim.verdict is Verdict.SUPPORTED for claim in self.claims)

    @property
    def probability(self) -> float:
        """That it is borne out: as its weakest claim is."""
        return min(claim.probability for claim in self.claims)


class Judge(Protocol):
    """Tells whether cited texts bear out what an answer says."""

    name: str

    def judge(self, question: str, statements: Sequence[Statement]) -> list[Judgement]:
        """Judge each statement by its own sources.

        Returns:
            One judgement a statement, in their order; a statement without sources is not found.

        Raises:
            JudgeError: there is no valid verdict.
        """
        ...

    def close(self) -> None:
        """Let go of what it holds."""
        ...
