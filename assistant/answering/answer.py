"""What an answer is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from assistant.corpus import Paper
from assistant.retrieval import Hit

SOURCES = 10
"""How many papers an answer names as retrieved."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a paper's text, word for word."""

    text: str
    start: int
    """Where it begins in the paper's text, in characters."""
    end: int
    """Where it ends: `paper.text[start:end]` is `text`."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A paper that an answer rests on."""

    number: int
    """The number in the answer's markers: `[1]` is the first paper named."""
    paper: Paper
    passages: tuple[Passage, ...]
    """The stretches quoted; none where a model wrote in its own words."""

    @property
    def title(self) -> str:
        """The paper's title, as the ledger has it."""
        return self.paper.title

    @property
    def paper_id(self) -> str:
        """The paper's identifier."""
        return self.paper.paper_id

    @property
    def published(self) -> date | None:
        """The day the paper was published, where known."""
        return self.paper.published


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a model read and wrote."""

    input_tokens: int
    output_tokens: int
    cost: float | None = None
    """By the price table of the settings, in its currency; None for a model that it does not name."""
    estimated: bool = False
    """Whether they were counted here, because the server did not say."""

    def __add__(self, other: "Usage") -> "Usage":
        """Give what two calls used together; the cost is known when both are."""
        known = self.cost is not None and other.cost is not None
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            (self.cost or 0.0) + (other.cost or 0.0) if known else None,
            self.estimated or other.estimated,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer, or a refusal to give one, and all that it rests on."""

    question: str
    text: str
    """The answer with markers such as `[1]`; for a refusal, one sentence that says so."""
    refused: bool
    """Whether the papers do not answer the question."""
    reader: str
    """`extractive`, or the name of the model that wrote the text."""
    citations: tuple[Citation, ...] = ()
    """The papers the markers name, by number; none for a refusal."""
    sources: tuple[Hit, ...] = ()
    """The papers retrieved, best first, whether cited or not."""
    unsupported: tuple[str, ...] = ()
    """Sentences of the text that no citation bears."""
    removed: int = 0
    """How many numbers of the model's markers named no paper that it was shown; they are not in the text."""
    complete: bool = True
    """False where the text ends early: the stream was stopped or cut, or the model reached its limit."""
    usage: Usage | None = None
    """None where no model was asked."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Time spent, by stage."""

    @property
    def uncited(self) -> bool:
        """Whether it answers without naming a single paper: nothing bears it out."""
        return not self.refused and not self.citations
