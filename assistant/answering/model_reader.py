"""The reader that has a model write: search, prompt, reply, answer."""

import asyncio
import re
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import aclosing, closing

from assistant.answering import extractive
from assistant.answering.answer import Answer, Usage
from assistant.answering.budget import Turn, fit
from assistant.answering.drafting import Draft, Given, Prices, nothing_found, used
from assistant.answering.model import ChatModel, Delta
from assistant.answering.plain import ControlFilter, ThoughtFilter
from assistant.answering.prompts import Message, Prompts
from assistant.answering.streaming import AnswerStream, AsyncAnswerStream, Unfinished
from assistant.errors import Failure, ModelError
from assistant.retrieval import Retrieval
from assistant.retrieval.search import LONGEST_QUESTION

Retrieve = Callable[[], Retrieval]


class ModelReader:
    """Has a model answer from the top papers, and checks what it writes."""

    def __init__(
        self,
        model: ChatModel,
        prompts: Prompts,
        *,
        prices: Prices | None = None,
        warm_up: Callable[[], None] | None = None,
    ) -> None:
        """Answer by a model.

        Args:
            model: what writes.
            prompts: what it is told.
            prices: by model, what a million tokens read and a million written cost.
            warm_up: loads what the first call needs; it runs beside the search.
        """
        self.name = model.name
        self._model = model
        self._prompts = prompts
        self._prices = prices or {}
        self._warm_up = warm_up
        self._warming = threading.Lock()

    def answer(self, retrieve: Retrieve, history: Sequence[Turn] = ()) -> Answer:
        """Search and answer.

        Raises:
            ModelError: there is no answer, or no whole one.
        """
        return _rest(self._begun(retrieve, history, stream=False))

    async def aanswer(self, retrieve: Retrieve, history: Sequence[Turn] = ()) -> Answer:
        """Search and answer without holding up the event loop; like `answer` in all else."""
        return await _arest(self._abegun(retrieve, history, stream=False))

    def stream(self, retrieve: Retrieve, history: Sequence[Turn] = ()) -> AnswerStream:
        """Search, and answer piece by piece; errors of the model are raised by the stream."""
        return self._begun(retrieve, history, stream=True)

    def astream(self, retrieve: Retrieve, history: Sequence[Turn] = ()) -> AsyncAnswerStream:
        """Search, and answer piece by piece, without holding up the event loop."""
        return self._abegun(retrieve, history, stream=True)

    def standalone(self, question: str, history: Sequence[Turn]) -> tuple[str, Usage]:
        """Rewrite a question that leans on earlier turns, so that papers can be found for it.

        Gives the question back as it is where the model returns nothing usable, and what the call used.

        Raises:
            ModelError: the model gives no reply.
        """
        messages = self._condensing(question, history)
        with closing(self._model.send(messages, stream=False)) as deltas:
            came = list(deltas)
        text = "".join(delta.text for delta in came)
        told = next((delta.usage for delta in came if delta.usage), None)
        return _one_line(text, question), used(self._model, messages, text, told, self._prices)

    def prepare(self) -> None:
        """Load what the first call needs."""
        with self._warming:
            warm_up, self._warm_up = self._warm_up, None
        if warm_up:
            warm_up()

    def close(self) -> None:
        """Let go of connections."""
        self._model.close()

    def _condensing(self, question: str, history: Sequence[Turn]) -> list[Message]:
        room = self._model.context - self._model.reply
        turns = fit((), history, room, self._model.count).history
        return self._prompts.render("condense", {"question": question, "history": turns})

    def _begun(self, retrieve: Retrieve, history: Sequence[Turn], *, stream: bool) -> AnswerStream:
        draft = self._drafted(retrieve, history)
        return AnswerStream(draft, self._written(draft, stream=stream))

    def _abegun(self, retrieve: Retrieve, history: Sequence[Turn], *, stream: bool) -> AsyncAnswerStream:
        async def begin() -> Unfinished:
            return await asyncio.to_thread(self._drafted, retrieve, history)

        return AsyncAnswerStream(begin, lambda draft: self._awritten(draft, stream=stream))

    def _drafted(self, retrieve: Retrieve, history: Sequence[Turn]) -> "Draft | Given":
        with self._warming:
            warm_up, self._warm_up = self._warm_up, None
        warming = threading.Thread(target=warm_up, daemon=True) if warm_up else None
        if warming:
            warming.start()
        retrieval = retrieve()
        if warming:
            warming.join()
        if nothing_found(retrieval):
            return Given(self._refusal(retrieval))
        return Draft(
            retrieval=retrieval,
            history=history,
            model=self._model,
            prompts=self._prompts,
            prices=self._prices,
        )

    def _refusal(self, retrieval: Retrieval) -> Answer:
        return Answer(
            question=retrieval.question.text,
            text=extractive.REFUSAL,
            refused=True,
            reader=self.name,
            sources=retrieval.hits,
            seconds=retrieval.seconds,
        )

    def _written(self, draft: "Draft | Given", *, stream: bool) -> Generator[str]:
        if isinstance(draft, Given):
            yield draft.ready.text
            return
        try:
            with closing(self._deltas(draft, stream=stream)) as deltas:
                for delta in deltas:
                    if piece := draft.feed(delta):
                        yield piece
        except ModelError:
            if piece := draft.cut():
                yield piece
            raise
        if piece := draft.end():
            yield piece

    async def _awritten(self, draft: Unfinished, *, stream: bool) -> AsyncGenerator[str]:
        if not isinstance(draft, Draft):
            yield draft.answer(complete=True).text
            return
        try:
            async with aclosing(self._adeltas(draft, stream=stream)) as deltas:
                async for delta in deltas:
                    if piece := draft.feed(delta):
                        yield piece
        except ModelError:
            if piece := draft.cut():
                yield piece
            raise
        if piece := draft.end():
            yield piece

    def _deltas(self, draft: Draft, *, stream: bool) -> Generator[Delta]:
        try:
            yield from self._model.send(draft.messages, stream=stream)
        except ModelError as error:
            if error.failure is not Failure.CONTEXT:
                raise
            draft.shorten()  # once: the server knows better than the settings how long is too long
            yield from self._model.send(draft.messages, stream=stream)

    async def _adeltas(self, draft: Draft, *, stream: bool) -> AsyncGenerator[Delta]:
        try:
            async with aclosing(self._model.asend(draft.messages, stream=stream)) as deltas:
                async for delta in deltas:
                    yield delta
        except ModelError as error:
            if error.failure is not Failure.CONTEXT:
                raise
            draft.shorten()
            async with aclosing(self._model.asend(draft.messages, stream=stream)) as deltas:
                async for delta in deltas:
                    yield delta


def _rest(stream: AnswerStream) -> Answer:
    with stream:
        for _ in stream:
            pass
    return stream.answer


async def _arest(stream: AsyncAnswerStream) -> Answer:
    async with stream:
        async for _ in stream:
            pass
    return stream.answer


def _one_line(text: str, question: str) -> str:
    """Give what a model made of a question, or the question where that is none."""
    visible = ThoughtFilter().feed(ControlFilter().feed(text))
    rewritten = " ".join(visible.split()).strip("\"'\u201c\u201d")
    return rewritten if re.search(r"\w", rewritten) and len(rewritten) <= LONGEST_QUESTION else question
