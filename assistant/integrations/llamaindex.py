"""The assistant and LlamaIndex, both ways. Importing this imports LlamaIndex, which takes seconds.

Its retriever, query engine and embedding serve LlamaIndex's users; any of its models can be our reader.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.base.llms.types import ChatMessage, ChatResponse
from llama_index.core.base.response.schema import Response
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from pydantic import PrivateAttr

from assistant.answering.answer import Answer, Usage
from assistant.answering.failures import Server, known_failures
from assistant.answering.model import Delta
from assistant.answering.prompts import Message
from assistant.answering.tokens import TokenCount, counter
from assistant.errors import Failure
from assistant.retrieval import Hit
from assistant.secrets import public_address, secret_strings
from assistant.settings import Settings

if TYPE_CHECKING:
    from llama_index.core.llms import LLM
    from llama_index.core.prompts.mixin import PromptDictType, PromptMixinType

    from assistant.assistant import Assistant
    from assistant.index.encoder import Encoder


class PaperRetriever(BaseRetriever):
    """A LlamaIndex retriever whose nodes are whole papers, best first."""

    def __init__(self, assistant: "Assistant", *, limit: int = 10) -> None:
        """Retrieve from an open assistant.

        Args:
            assistant: whose papers; it has to stay open as long as the retriever is used.
            limit: how many papers a query gives at the most.
        """
        super().__init__()
        self._assistant = assistant
        self._limit = limit

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [_node(hit) for hit in self._assistant.search(query_bundle.query_str, limit=self._limit)]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


def _node(hit: Hit) -> NodeWithScore:
    paper = hit.paper
    metadata = {"title": paper.title, "paper_id": paper.paper_id}
    if paper.published is not None:
        metadata["published"] = paper.published.isoformat()
    # The identifier helps no model: only the title goes into what it reads.
    node = TextNode(
        id_=paper.paper_id, text=paper.text, metadata=metadata, excluded_llm_metadata_keys=["paper_id"]
    )
    return NodeWithScore(node=node, score=hit.score)


class PaperQueryEngine(BaseQueryEngine):
    """A LlamaIndex query engine that answers as the assistant does.

    The response's source nodes are the papers retrieved, with their titles; one that the text cites carries
    its number as `citation`. `response.metadata` says whether the answer is a refusal.
    """

    def __init__(self, assistant: "Assistant") -> None:
        """Answer from an open assistant; it has to stay open as long as the engine is used."""
        super().__init__(callback_manager=None)
        self._assistant = assistant

    def _query(self, query_bundle: QueryBundle) -> Response:
        return _response(self._assistant.ask(query_bundle.query_str))

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        return _response(await self._assistant.aask(query_bundle.query_str))

    def _get_prompt_modules(self) -> "PromptMixinType":
        return {}

    def _get_prompts(self) -> "PromptDictType":
        return {}

    def _update_prompts(self, prompts_dict: "PromptDictType") -> None:
        """The assistant's prompts are files: see `ASSISTANT_PROMPTS`."""


def _response(answer: Answer) -> Response:
    numbers = {citation.paper_id: citation.number for citation in answer.citations}
    nodes = [_node(hit) for hit in answer.sources]
    for node in nodes:
        if (number := numbers.get(node.node.node_id)) is not None:
            node.node.metadata["citation"] = number
    metadata = {
        "refused": answer.refused,
        "reader": answer.reader,
        "unsupported": list(answer.unsupported),
    }
    return Response(response=answer.text, source_nodes=nodes, metadata=metadata)


class PaperEmbedding(BaseEmbedding):
    """The encoder of an index as a LlamaIndex embedding, for questions to a collection that it made."""

    _encoder: "Encoder" = PrivateAttr()

    def __init__(self, encoder: "Encoder") -> None:
        """Embed with an encoder."""
        super().__init__(model_name=encoder.name)
        self._encoder = encoder

    @classmethod
    def of(cls, assistant: "Assistant") -> "PaperEmbedding":
        """Embed as an assistant's index was embedded."""
        return cls(assistant._index.encoder)  # noqa: SLF001 - LlamaIndex's side of the same package

    def _get_text_embedding(self, text: str) -> list[float]:
        (encoding,) = self._encoder.encode([text])
        return [float(value) for value in encoding.pooled()]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return await asyncio.to_thread(self._get_text_embedding, query)


class LlamaIndexModel:
    """Any LlamaIndex model, as the assistant asks it."""

    def __init__(self, llm: "LLM", settings: Settings) -> None:
        """Ask a model.

        Args:
            llm: the model. What it says of its context counts, but never more than the settings allow.
            settings: the tokens of context and reply.
        """
        self._llm = llm
        told = llm.metadata
        self.name = told.model_name or type(llm).__name__
        self.context = min(
            settings.context, told.context_window if told.context_window > 0 else settings.context
        )
        self.reply = min(settings.reply, self.context // 2)
        self.secrets = secret_strings([str(value) for value in (getattr(llm, "api_key", None),) if value])
        address = str(getattr(llm, "api_base", None) or "llama-index://model")
        self.address = public_address(address)
        # Those that LlamaIndex's models agree on; what else a class has, its name stands for.
        told_of = {name: getattr(llm, name, None) for name in ("temperature", "max_tokens")}
        self.parameters: Mapping[str, Any] = {"class": llm.class_name(), **told_of}
        self._server = Server(self.name, address, bool(self.secrets), settings.timeout, self.secrets)

    @cached_property
    def count(self) -> TokenCount:
        """Counts the tokens of a text as the model does, or nearly so where tiktoken does not know it."""
        return counter(self.name)

    def failed(self, failure: Failure) -> Exception:
        """Word a failure that shows only in the reply."""
        return self._server.failed(failure)

    def close(self) -> None:
        """The model is its owner's to close."""

    def send(
        self, messages: Sequence[Message], *, stream: bool, schema: Mapping[str, Any] | None = None
    ) -> Generator[Delta]:
        """Ask for a reply, for whose form the messages speak; closing the generator closes the model's."""
        del schema
        asked = _asked(messages)
        try:
            if not stream:
                yield _delta(self._llm.chat(asked), whole=True)
                return
            responses = self._llm.stream_chat(asked)
            try:
                for response in responses:
                    yield _delta(response, whole=False)
            finally:
                responses.close()
        except _failures() as error:
            raise self._server.explained(error, begun=stream) from None

    async def asend(
        self, messages: Sequence[Message], *, stream: bool, schema: Mapping[str, Any] | None = None
    ) -> AsyncGenerator[Delta]:
        """Ask for a reply without holding up the event loop."""
        del schema
        asked = _asked(messages)
        try:
            if not stream:
                yield _delta(await self._llm.achat(asked), whole=True)
                return
            responses = await self._llm.astream_chat(asked)
            try:
                async for response in responses:
                    yield _delta(response, whole=False)
            finally:
                await responses.aclose()
        except _failures() as error:
            raise self._server.explained(error, begun=stream) from None


def _failures() -> tuple[type[Exception], ...]:
    """Give the errors that can be told apart: those of the openai package, where a model stands on it."""
    return known_failures() if "openai" in sys.modules else ()


def _asked(messages: Sequence[Message]) -> list[ChatMessage]:
    return [ChatMessage(role=message["role"], content=message["content"]) for message in messages]


def _delta(response: ChatResponse, *, whole: bool) -> Delta:
    text = response.message.content if whole else response.delta
    return Delta(text or "", _usage(response.raw), None)


def _usage(raw: Any) -> Usage | None:
    """Read the tokens used off a raw response in OpenAI's form; others do not agree on one."""
    usage = raw.get("usage") if isinstance(raw, dict) else getattr(raw, "usage", None)
    read, written = getattr(usage, "prompt_tokens", None), getattr(usage, "completion_tokens", None)
    return Usage(read, written) if isinstance(read, int) and isinstance(written, int) else None
