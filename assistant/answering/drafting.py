"""An answer in the making: what a model is told, what has come of its reply, and the answer at the end."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from assistant.answering.answer import Answer, Citation, Usage
from assistant.answering.budget import MESSAGE_TOKENS, Shown, Turn, fit
from assistant.answering.extractive import REFUSAL
from assistant.answering.model import ChatModel, Delta
from assistant.answering.prompts import Message, Prompts
from assistant.answering.reply import REFUSAL_SIGN, Reply
from assistant.errors import Failure
from assistant.retrieval import Retrieval

RELEVANT = 0.15
"""The cosine of a question's nearest chunk below which nothing was found that bears on it: below any question
that the curated papers answer, and above most about something else altogether."""

Prices = Mapping[str, tuple[float, float]]


def nothing_found(retrieval: Retrieval) -> bool:
    """Whether the search found nothing that a model could answer from: then it is not asked."""
    return not retrieval.hits or max(retrieval.cosines.values(), default=1.0) < RELEVANT


@dataclass(slots=True, kw_only=True)
class Draft:
    """One question on its way through a model."""

    retrieval: Retrieval
    history: Sequence[Turn]
    model: ChatModel
    prompts: Prompts
    prices: Prices
    messages: list[Message] = field(init=False)
    shown: Shown = field(init=False)
    _reply: Reply = field(init=False)
    _room: int = field(init=False)
    _usage: Usage | None = None
    _finish: str | None = None
    _start: float = field(default_factory=time.perf_counter)
    _first: float | None = None

    def __post_init__(self) -> None:
        """Write the messages, with as many papers as there is room for.

        Raises:
            ModelError: there is room for none.
        """
        empty = self._render(Shown("", 0, "", 0))
        base = sum(self.model.count(message["content"]) + MESSAGE_TOKENS for message in empty)
        self._room = self.model.context - self.model.reply - base
        self._fill()

    def _fill(self) -> None:
        papers = [hit.paper for hit in self.retrieval.hits]
        self.shown = fit(papers, self.history, max(0, self._room), self.model.count)
        if papers and not self.shown.count:
            raise self.model.failed(Failure.CONTEXT)
        self.messages = self._render(self.shown)
        self._reply = Reply(self.shown.count, self.model.secrets)

    def _render(self, shown: Shown) -> list[Message]:
        values = {
            "question": self.retrieval.question.text,
            "papers": shown.papers,
            "history": shown.history,
            "refusal": REFUSAL_SIGN,
        }
        return self.prompts.render("answer", values)

    def shorten(self) -> None:
        """Show half as much, after the model said that it was too long."""
        self._room = self.shown.tokens // 2
        self._fill()

    def feed(self, delta: Delta) -> str:
        """Take what came of the reply; gives back what may be shown of it now."""
        self._usage = delta.usage or self._usage
        self._finish = delta.finish or self._finish
        piece = self._reply.feed(delta.text)
        if piece and self._first is None:
            self._first = time.perf_counter()
        return piece

    def cut(self) -> str:
        """End the reply where it stopped; gives back what was held of it."""
        return self._reply.close()

    def end(self) -> str:
        """End the reply; gives back what was held of it, or the sentence of a refusal.

        Raises:
            ModelError: it is empty, or a filter held it back.
        """
        piece = self._reply.close()
        if self._finish == "content_filter":
            raise self.model.failed(Failure.FILTERED)
        if not self._reply.text:
            if not self._reply.refused:
                raise self.model.failed(Failure.EMPTY)
            return REFUSAL
        return piece

    def answer(self, *, complete: bool) -> Answer:
        """Give the answer as it stands.

        Args:
            complete: whether the reply came to its end.
        """
        reply = self._reply
        hits = self.retrieval.hits
        now = time.perf_counter()
        seconds = {"waiting": (self._first or now) - self._start, "writing": now - (self._first or now)}
        return Answer(
            question=self.retrieval.question.text,
            text=reply.text or (REFUSAL if reply.refused else ""),
            refused=reply.refused,
            reader=self.model.name,
            citations=tuple(
                Citation(number, hits[cited - 1].paper, ())
                for number, cited in enumerate(reply.cited, start=1)
            ),
            sources=hits,
            unsupported=reply.unsupported,
            removed=reply.removed,
            complete=complete and self._finish != "length",
            usage=used(self.model, self.messages, self._reply.text, self._usage, self.prices),
            seconds={**self.retrieval.seconds, **seconds},
        )


def used(
    model: ChatModel, messages: Sequence[Message], text: str, told: Usage | None, prices: Prices
) -> Usage:
    """Give the tokens that a call used, counted here where the server has not told, and what they cost."""
    if told is None:
        read = sum(model.count(message["content"]) + MESSAGE_TOKENS for message in messages)
        told = Usage(read, model.count(text), estimated=True)
    return priced(told, prices.get(model.name))


def priced(usage: Usage, price: tuple[float, float] | None) -> Usage:
    """Say what tokens cost, at a price for a million read and one for a million written.

    >>> priced(Usage(2_000, 500), (1.0, 4.0)).cost
    0.004
    """
    if price is None:
        return usage
    cost = (usage.input_tokens * price[0] + usage.output_tokens * price[1]) / 1_000_000
    return replace(usage, cost=cost)


@dataclass(frozen=True, slots=True)
class Given:
    """A draft that was an answer from the beginning."""

    ready: Answer

    def answer(self, *, complete: bool) -> Answer:
        """Give it."""
        return replace(self.ready, complete=complete)
