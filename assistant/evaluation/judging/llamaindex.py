"""LlamaIndex's own FaithfulnessEvaluator as a judge. Importing this imports LlamaIndex, which takes seconds.

It asks a model whether a sentence is supported by its papers and takes any reply with "yes" in it for that,
"yesterday" included; it tells no claims apart, and nothing contradicted from nothing found. It is here to
compare with.
"""

import asyncio
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, closing
from contextvars import copy_context
from typing import Any

from llama_index.core.base.llms.types import CompletionResponse, LLMMetadata
from llama_index.core.evaluation import FaithfulnessEvaluator
from llama_index.core.evaluation.faithfulness import DEFAULT_EVAL_TEMPLATE
from llama_index.core.llms import CustomLLM
from llama_index.core.llms.callbacks import llm_completion_callback
from pydantic import PrivateAttr

from assistant.answering.model import ChatModel
from assistant.answering.prompts import Message
from assistant.errors import ModelError
from assistant.evaluation.judging.judge import Claim, JudgeError, Judgement, Statement, Verdict
from assistant.evaluation.judging.model_judge import NOTHING_CITED


class LlamaIndexJudge:
    """Judges each sentence as a whole, by what LlamaIndex makes of a model's reply."""

    def __init__(self, model: ChatModel) -> None:
        """Have a model judge as LlamaIndex asks it."""
        self.name = f"llamaindex:{model.name}"
        self._model = model
        # The template is named because LlamaIndex has another for a model called llama3:8b, whose variables
        # its own evaluator does not fill in.
        self._evaluator = FaithfulnessEvaluator(llm=AskedModel(model), eval_template=DEFAULT_EVAL_TEMPLATE)

    def judge(self, question: str, statements: Sequence[Statement]) -> list[Judgement]:
        """Judge each statement by its own sources: one claim, the sentence.

        Raises:
            JudgeError: the model gives no reply.
            RecordingError: a reply is not recorded, while replaying.
        """
        return [Judgement((self._claim(question, statement),)) for statement in statements]

    def close(self) -> None:
        """Let go of connections."""
        self._model.close()

    def _claim(self, question: str, statement: Statement) -> Claim:
        if not statement.sources:
            return Claim(statement.text, Verdict.NOT_FOUND, 0.0, NOTHING_CITED)
        contexts = [f"{source.title}\n{source.text}" for source in statement.sources]
        evaluation = self._evaluator.aevaluate(question, statement.text, contexts)
        # In a thread of its own there is no event loop, whoever calls: a notebook has one running.
        with ThreadPoolExecutor(1) as thread:
            try:
                result = thread.submit(copy_context().run, asyncio.run, evaluation).result()
            except ModelError as error:
                raise JudgeError(str(error)) from error
        verdict = Verdict.SUPPORTED if result.passing else Verdict.NOT_FOUND
        return Claim(statement.text, verdict, 1.0 if result.passing else 0.0)


class AskedModel(CustomLLM):
    """One of our models as LlamaIndex asks it, so that its replies are recorded and replayed like any."""

    _model: ChatModel = PrivateAttr()

    def __init__(self, model: ChatModel) -> None:
        """Ask a model."""
        super().__init__()
        self._model = model

    @property
    def metadata(self) -> LLMMetadata:
        """What LlamaIndex cuts its contexts by."""
        return LLMMetadata(
            context_window=self._model.context, num_output=self._model.reply, model_name=self._model.name
        )

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:  # noqa: FBT001, FBT002 - LlamaIndex's signature
        """Send a prompt as one message of the user's."""
        del formatted, kwargs
        with closing(self._model.send(_asked(prompt), stream=False)) as deltas:
            return CompletionResponse(text="".join(delta.text for delta in deltas))

    @llm_completion_callback()
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:  # noqa: FBT001, FBT002 - as above
        """Send a prompt without holding up the event loop."""
        del formatted, kwargs
        async with aclosing(self._model.asend(_asked(prompt), stream=False)) as deltas:
            return CompletionResponse(text="".join([delta.text async for delta in deltas]))

    @llm_completion_callback()
    def stream_complete(
        self,
        prompt: str,
        formatted: bool = False,  # noqa: FBT001, FBT002 - as above
        **kwargs: Any,
    ) -> Generator[CompletionResponse]:
        """Send a prompt and give what comes of the reply, piece by piece."""
        del formatted, kwargs
        text = ""
        with closing(self._model.send(_asked(prompt), stream=True)) as deltas:
            for delta in deltas:
                text += delta.text
                yield CompletionResponse(text=text, delta=delta.text)


def _asked(prompt: str) -> list[Message]:
    return [Message(role="user", content=prompt)]
