"""Who answers: a model that writes, or the extractive reader."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from assistant.answering import extractive
from assistant.answering.answer import Answer
from assistant.answering.asking import Asking
from assistant.answering.budget import Turn
from assistant.answering.drafting import Given
from assistant.answering.model import ChatModel, OpenAIModel
from assistant.answering.model_reader import ModelReader, Retrieve
from assistant.answering.prompts import Prompts
from assistant.answering.reading import read
from assistant.answering.recorded import Recordings
from assistant.answering.streaming import AnswerStream, AsyncAnswerStream, Unfinished
from assistant.index.index import Index
from assistant.retrieval import retrieve
from assistant.settings import EXTRACTIVE, Settings

if TYPE_CHECKING:
    from llama_index.core.llms import LLM


class Reader(Protocol):
    """What makes an answer of what a search found."""

    name: str
    """What answers say of who wrote them: `extractive`, or a model's name."""

    def answer(self, retrieve: Retrieve, history: Sequence[Turn] = ()) -> Answer:
        """Search and answer; earlier turns, oldest first, help to understand the question."""
        ...

    async def aanswer(self, retrieve: Retrieve, history: Sequence[Turn] = ()) -> Answer:
        """Search and answer without holding up the event loop."""
        ...

    def stream(self, retrieve: Retrieve, history: Sequence[Turn] = ()) -> AnswerStream:
        """Search, and answer piece by piece."""
        ...

    def astream(self, retrieve: Retrieve, history: Sequence[Turn] = ()) -> AsyncAnswerStream:
        """Search, and answer piece by piece, without holding up the event loop."""
        ...

    def prepare(self) -> None:
        """Load what the first answer needs, or begin to."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class ExtractiveReader:
    """Answers in the papers' own words, without a model; earlier turns say nothing to it."""

    name = extractive.NAME

    def __init__(self, index: Index) -> None:
        """Read the papers of an index."""
        self._index = index

    def answer(self, retrieve: Retrieve, history: Sequence[Turn] = ()) -> Answer:
        """Search, and answer with the best sentences or refuse."""
        del history
        retrieval = retrieve()
        start = time.perf_counter()
        asked = retrieval.question
        asking = Asking.read(asked.text)
        evidence = read(self._index, asked, retrieval.hits[: extractive.READ])
        best = evidence[0].hit.paper.paper_id if evidence else ""
        probability = extractive.answerable(asking, asked.text, evidence, retrieval.cosines.get(best, 0.0))
        refused = probability < extractive.ANSWERABLE
        return extractive.answer(retrieval, asking, evidence, refused=refused, begun=start)

    async def aanswer(self, retrieve: Retrieve, history: Sequence[Turn] = ()) -> Answer:
        """Search and answer in a thread."""
        return await asyncio.to_thread(self.answer, retrieve, history)

    def stream(self, retrieve: Retrieve, history: Sequence[Turn] = ()) -> AnswerStream:
        """Answer in one piece: nothing of it comes before the rest."""
        answer = self.answer(retrieve, history)
        return AnswerStream(Given(answer), (text for text in (answer.text,)))

    def astream(self, retrieve: Retrieve, history: Sequence[Turn] = ()) -> AsyncAnswerStream:
        """Answer in one piece."""

        async def begin() -> Given:
            return Given(await self.aanswer(retrieve, history))

        async def write(draft: Unfinished) -> AsyncGenerator[str]:
            yield draft.answer(complete=True).text

        return AsyncAnswerStream(begin, write)

    def prepare(self) -> None:
        """Answer something, so that the models of the reader are there."""
        retrieval = retrieve(self._index, "preparing", limit=extractive.READ)
        evidence = read(self._index, retrieval.question, retrieval.hits)
        extractive.answerable(Asking.read("preparing"), "preparing", evidence, 0.0)

    def close(self) -> None:
        """Nothing is held."""


def reader_for(
    index: Index, settings: Settings, llm: "LLM | None" = None, recordings: Recordings | None = None
) -> Reader:
    """Choose who answers: the LlamaIndex model given, the model of the settings, or the extractive reader.

    Args:
        index: the papers.
        settings: name the model.
        llm: a LlamaIndex model in its place.
        recordings: where the model's replies are kept, or come from.

    Raises:
        SettingsError: a prompt cannot be used.
    """
    replaying = recordings is not None and recordings.replay
    if llm is None and not (settings.reads_by_model or (replaying and settings.model != EXTRACTIVE)):
        if settings.prompts is not None:
            Prompts(settings.prompts)  # so that a mistake shows before there is a model
        return ExtractiveReader(index)
    prompts = Prompts(settings.prompts)
    model, warm_up = chat_model(settings, llm, recordings)
    return ModelReader(model, prompts, prices=settings.prices, warm_up=warm_up)


def chat_model(
    settings: Settings, llm: "LLM | None" = None, recordings: Recordings | None = None
) -> tuple[ChatModel, Callable[[], None] | None]:
    """Give the model of the settings, or the LlamaIndex model given, and what prepares its first call.

    Args:
        settings: name the model and its server.
        llm: a LlamaIndex model in its place.
        recordings: where its replies are kept, or come from.
    """
    model: ChatModel
    warm_up: Callable[[], None] | None = None
    if llm is not None:
        from assistant.integrations.llamaindex import LlamaIndexModel

        model = LlamaIndexModel(llm, settings)
    else:
        model = server = OpenAIModel(settings)
        if recordings is None or not recordings.replay:
            warm_up = server.warm_up
    return (model if recordings is None else recordings.of(model)), warm_up
