"""A conversation: questions that may lean on the ones before, and their answers."""

import asyncio
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

from assistant.answering.answer import SOURCES, Answer, Usage
from assistant.answering.budget import Turn
from assistant.answering.drafting import Given
from assistant.answering.following import answer_dates, answer_following
from assistant.answering.followups import (
    Bearing,
    Before,
    arranged,
    asks_only_for_dates,
    bearing,
    referred,
    with_title,
)
from assistant.answering.model_reader import ModelReader
from assistant.answering.reader import Reader
from assistant.answering.streaming import AnswerStream
from assistant.corpus import Paper
from assistant.index.index import Index
from assistant.retrieval import DateRange, Hit, Retrieval, checked_question

if TYPE_CHECKING:
    from datetime import date

CLOSEST = 3
"""How many papers a refusal shows."""
CANDIDATES = 100
"""How deep the searches go whose results are ranked together."""
FOCUS = 3
"""How many papers are carried over from one question to the next: those cited, then those found."""

Search = Callable[[str, int, DateRange], Retrieval]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question of a conversation and its answer."""

    question: str
    """As it was asked."""
    answer: Answer
    """Its `question` is the one that was understood: complete without the conversation."""
    bearing: Bearing = Bearing.ALONE

    @property
    def shown(self) -> tuple[Paper, ...]:
        """The papers shown below the answer, by number: those cited, or for a refusal the closest."""
        if self.answer.refused or not self.answer.citations:
            return tuple(hit.paper for hit in self.answer.sources[:CLOSEST])
        return tuple(citation.paper for citation in self.answer.citations)


@dataclass(frozen=True, slots=True)
class Understood:
    """A question, and what it takes to answer it."""

    question: str
    text: str
    """Complete without the conversation."""
    bearing: Bearing
    papers: tuple[Paper, ...]
    """What it leans on, first the likeliest."""
    named: bool
    """Whether it named these by number."""
    usage: Usage | None = None
    """What a model used to complete it."""


def before(exchanges: Sequence[Exchange], shown: tuple[Paper, ...]) -> Before:
    """Sum up what a conversation holds for the next question.

    Args:
        exchanges: what was said, oldest first.
        shown: the papers last shown, by number.
    """
    focus: list[Paper] = []
    spoken_of: dict[str, Paper] = {}
    for exchange in exchanges:
        answer = exchange.answer
        cited = [citation.paper for citation in answer.citations]
        if cited:
            focus = list(dict.fromkeys([*cited, *(hit.paper for hit in answer.sources)]))[:FOCUS]
        elif exchange.bearing is not Bearing.STAYS or not focus:
            # Refused on another subject: what was closest to it is nearer now than what was spoken of before.
            focus = [*(hit.paper for hit in answer.sources[:1]), *focus][:FOCUS]
        spoken_of |= {paper.paper_id: paper for paper in cited}
    if not exchanges:
        return Before(shown, shown[:FOCUS])
    last = exchanges[-1]
    return Before(shown, tuple(focus), tuple(spoken_of.values()), f"{last.question} {last.answer.text}")


def usage_of(exchanges: Sequence[Exchange]) -> Usage | None:
    """Add up the tokens of answers; None where no model was asked."""
    return _sum([exchange.answer.usage for exchange in exchanges])


def _sum(usages: Sequence[Usage | None]) -> Usage | None:
    known = [usage for usage in usages if usage is not None]
    return reduce(add, known) if known else None


class Conversation:
    """Questions put one after another, each understood with those before it. For one thread at a time."""

    def __init__(
        self,
        index: Index,
        search: Search,
        reader: Callable[[], Reader],
        exchanges: Sequence[Exchange] = (),
    ) -> None:
        """Begin, or go on with what was said; `Assistant.conversation` is the usual way in.

        Args:
            index: the papers.
            search: ranks them for a text, so many, within dates.
            reader: gives who answers at present.
            exchanges: what was said before, oldest first.
        """
        self._index = index
        self._search = search
        self._reader = reader
        self.exchanges = list(exchanges)
        self.shown = exchanges[-1].shown if exchanges else ()
        """What numbers in a question mean; whoever shows other papers sets it."""

    @property
    def usage(self) -> Usage | None:
        """The tokens of all its answers together; None where no model was asked."""
        return usage_of(self.exchanges)

    def ask(
        self, question: str, *, since: "str | date | None" = None, until: "str | date | None" = None
    ) -> Answer:
        """Answer a question, understood with those before it.

        Raises:
            InputError: the question or a date cannot be used.
            ModelError: a model was to answer and did not.
        """
        with self.stream(question, since=since, until=until) as stream:
            for _ in stream:
                pass
        return stream.answer

    async def aask(
        self, question: str, *, since: "str | date | None" = None, until: "str | date | None" = None
    ) -> Answer:
        """Answer a question without holding up the event loop; like `ask` in all else."""
        return await asyncio.to_thread(self.ask, question, since=since, until=until)

    def stream(
        self, question: str, *, since: "str | date | None" = None, until: "str | date | None" = None
    ) -> AnswerStream:
        """Answer a question piece by piece, understood with those before it.

        What came of the answer is part of the conversation when the stream ends, also where it ends early.

        Raises:
            InputError: the question or a date cannot be used.
            ModelError: a model was to complete the question and did not.
        """
        dates = DateRange.parse(since, until)
        asked = checked_question(question)
        reader = self._reader()
        understood = self._understand(asked, reader, dates)
        inner = self._answering(understood, reader, dates)

        def remember(answer: Answer) -> Answer:
            answer = replace(answer, usage=_sum([understood.usage, answer.usage]))
            if answer.text:
                self.exchanges.append(Exchange(asked, answer, understood.bearing))
                self.shown = self.exchanges[-1].shown
            return answer

        return AnswerStream(_Remembering(inner, remember), _pieces(inner))

    def forget_last(self) -> Exchange | None:
        """Take the last question and its answer out of the conversation, and give them back."""
        last = self.exchanges.pop() if self.exchanges else None
        self.shown = self.exchanges[-1].shown if self.exchanges else ()
        return last

    def _understand(self, question: str, reader: Reader, dates: DateRange) -> Understood:
        known = before(self.exchanges, self.shown)
        how = bearing(question, known)
        named = referred(question, known)
        papers = named or (() if how is Bearing.ALONE else tuple(filter(_within(dates), known.focus)))
        text, usage = question, None
        if isinstance(reader, ModelReader) and self.exchanges:
            turns = [Turn(exchange.question, exchange.answer.text) for exchange in self.exchanges]
            text, usage = reader.standalone(question, turns)
        elif papers and how is not Bearing.ALONE:
            text = with_title(question, papers[0])
        return Understood(question, text, how, papers, bool(named), usage)

    def _answering(self, understood: Understood, reader: Reader, dates: DateRange) -> AnswerStream:
        if isinstance(reader, ModelReader):
            turns = [Turn(exchange.question, exchange.answer.text) for exchange in self.exchanges]
            return reader.stream(lambda: self._retrieved(understood, dates), turns)
        if not understood.papers or understood.bearing is Bearing.ALONE:
            return reader.stream(lambda: self._search(understood.question, SOURCES, dates))
        if asks_only_for_dates(understood.question):
            return _given(answer_dates(understood.text, understood.papers[: None if understood.named else 1]))
        return _given(self._extracted(understood, dates, reader))

    def _retrieved(self, understood: Understood, dates: DateRange) -> Retrieval:
        """Search for what a model made of the question; papers it named by number come first."""
        found = self._search(understood.text, SOURCES, dates)
        others = [hit.paper for hit in found.hits]
        order = [*understood.papers, *others] if understood.named else [*others, *understood.papers]
        unique = list({paper.paper_id: paper for paper in order}.values())
        hits = [Hit(paper, 1.0 - place / len(unique)) for place, paper in enumerate(unique)]
        return replace(found, hits=tuple(hits))

    def _extracted(self, understood: Understood, dates: DateRange, reader: Reader) -> Answer:
        alone = self._search(understood.question, CANDIDATES, dates)
        titled = self._search(understood.text, CANDIDATES, dates)
        papers = understood.papers
        if understood.bearing is Bearing.BESIDE:
            papers = papers[:1]  # the others were found, not spoken of: they may be what is asked for now
        elif understood.named:
            # What else was shown is what a paper named by its number is compared with.
            papers = tuple({p.paper_id: p for p in (*papers, *self.shown)}.values())
        pairs = [[(hit.paper, hit.score) for hit in each.hits] for each in (alone, titled)]
        ranked = arranged(understood.bearing, pairs[0], pairs[1], papers)[:SOURCES]
        hits = tuple(Hit(paper, score) for paper, score in ranked)
        seconds = {stage: alone.seconds.get(stage, 0.0) + spent for stage, spent in titled.seconds.items()}
        if understood.bearing is Bearing.BESIDE:
            # Other papers are asked for: the title of one in hand would only speak against them.
            return reader.answer(lambda: replace(alone, hits=hits, seconds=seconds))
        found = replace(titled, hits=hits, seconds=seconds)
        dense = alone.cosines.get(hits[0].paper.paper_id, 0.0) if hits else 0.0
        return answer_following(self._index, found, alone.question, dense=dense)


@dataclass(frozen=True, slots=True)
class _Remembering:
    """The end of an answer, which is told to the conversation."""

    inner: AnswerStream
    remember: Callable[[Answer], Answer]

    def answer(self, *, complete: bool) -> Answer:
        del complete  # the stream within knows it
        self.inner.close()
        return self.remember(self.inner.answer)


def _pieces(stream: AnswerStream) -> Generator[str]:
    with stream:
        yield from stream


def _given(answer: Answer) -> AnswerStream:
    return AnswerStream(Given(answer), (text for text in (answer.text,)))


def _within(dates: DateRange) -> Callable[[Paper], bool]:
    def inside(paper: Paper) -> bool:
        if not dates.bounded:
            return True
        day = paper.published
        return day is not None and (dates.since or day) <= day <= (dates.until or day)

    return inside
