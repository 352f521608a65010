"""Calling a model. Nothing else calls the openai package."""

import threading
import time
from collections.abc import AsyncGenerator, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from assistant.answering.answer import Usage
from assistant.answering.endless import Bound
from assistant.answering.failures import Server, known_failures
from assistant.answering.habits import TEMPERATURE, Habits
from assistant.answering.prompts import Message
from assistant.answering.tokens import TokenCount, counter
from assistant.errors import Failure
from assistant.secrets import public_address, secret_strings
from assistant.settings import Settings

if TYPE_CHECKING:
    import httpx
    from openai import AsyncOpenAI, OpenAI
    from openai.types import CompletionUsage

OPENAI = "https://api.openai.com/v1"
NO_KEY = "none"
"""What is sent to a server that needs no key; the openai package wants one."""
_BUSY = 429
_FAILING = 500


@dataclass(frozen=True, slots=True)
class Delta:
    """What came of a reply at once: a piece of a stream, or the whole."""

    text: str = ""
    usage: Usage | None = None
    finish: str | None = None
    """Why the reply ends here: `stop`, `length` or `content_filter`."""


class ChatModel(Protocol):
    """What can write a reply to messages."""

    name: str
    context: int
    """Tokens that it reads and writes at once."""
    reply: int
    """Tokens of that for the reply."""
    secrets: tuple[str, ...]
    """What must not be shown, whatever the model writes."""
    address: str
    """Where its server is, without what names a user."""
    parameters: Mapping[str, Any]
    """What is asked of it beside the messages; servers that do not take one of them do without."""

    @property
    def count(self) -> TokenCount:
        """Counts the tokens of a text as the model does."""
        ...

    def failed(self, failure: Failure) -> Exception:
        """Word a failure that shows only in the reply."""
        ...

    def send(
        self, messages: Sequence[Message], *, stream: bool, schema: Mapping[str, Any] | None = None
    ) -> Generator[Delta]:
        """Ask for a reply; closing the generator closes the connection.

        Args:
            messages: what it replies to.
            stream: whether the reply comes in pieces.
            schema: the JSON schema, with a title, that the reply is to follow. No more than a wish: servers
                differ in what they take, so the messages have to say it too.
        """
        ...

    def asend(
        self, messages: Sequence[Message], *, stream: bool, schema: Mapping[str, Any] | None = None
    ) -> AsyncGenerator[Delta]:
        """Ask for a reply without holding up the event loop."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class OpenAIModel:
    """A model behind OpenAI's chat completions, at OpenAI or any other server. Safe to use from threads."""

    def __init__(self, settings: Settings) -> None:
        """Speak to the server that the settings name; nothing is sent yet."""
        key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else None
        self.name = settings.model
        self.context, self.reply = settings.context, settings.reply
        self.secrets = secret_strings([key])
        address = settings.openai_base_url or OPENAI
        self.address = public_address(address)
        self.parameters: Mapping[str, Any] = {"temperature": TEMPERATURE, "reply": settings.reply}
        self._server = Server(self.name, address, key is not None, settings.timeout, self.secrets)
        self._options: dict[str, Any] = {
            "api_key": key or NO_KEY,
            "base_url": address,
            "timeout": settings.timeout,
            "max_retries": settings.retries,
        }
        self._patience = settings.patience
        self._habits = Habits(limit="max_tokens" if settings.openai_base_url else "max_completion_tokens")
        self._opening = threading.RLock()

    @cached_property
    def count(self) -> TokenCount:
        """Counts the tokens of a text as the model does, or nearly so where tiktoken does not know it."""
        return counter(self.name)

    def failed(self, failure: Failure) -> Exception:
        """Word a failure that shows only in the reply."""
        return self._server.failed(failure)

    def warm_up(self) -> None:
        """Import and load what a call needs, which takes seconds; errors show in the call itself."""
        with suppress(Exception):
            _ = self.count
            _ = self._client.chat.completions.create  # loads what it is made of

    def close(self) -> None:
        """Let go of connections."""
        with self._opening:
            if (client := self.__dict__.pop("_opened", None)) is not None:
                client.close()

    @property
    def _client(self) -> "OpenAI":
        with self._opening:
            return self._opened

    @cached_property
    def _opened(self) -> "OpenAI":
        import openai

        hooks: dict[str, list[Any]] = {"request": [_hurry], "response": [_retry_in_time]}
        http = openai.DefaultHttpxClient(verify=self._tls, event_hooks=hooks)
        return openai.OpenAI(**self._options, http_client=http)

    def _async_client(self) -> "AsyncOpenAI":
        # One a call: connections belong to the event loop they were opened in.
        import openai

        async def hurry(request: "httpx.Request") -> None:
            _hurry(request)

        async def retry_in_time(response: "httpx.Response") -> None:
            _retry_in_time(response)

        hooks: dict[str, list[Any]] = {"request": [hurry], "response": [retry_in_time]}
        http = openai.DefaultAsyncHttpxClient(verify=self._tls, event_hooks=hooks)
        return openai.AsyncOpenAI(**self._options, http_client=http)

    @cached_property
    def _tls(self) -> Any:
        import httpx

        return httpx.create_ssl_context()  # shared: reading the certificates takes longer than a call

    def send(
        self, messages: Sequence[Message], *, stream: bool, schema: Mapping[str, Any] | None = None
    ) -> Generator[Delta]:
        """Ask for a reply; closing the generator closes the connection.

        Raises:
            ModelError: there is none, or it broke off.
        """
        response = self._create(messages, stream=stream, schema=schema)
        if not stream:
            yield self._whole(response)
            return
        finish, bound = None, Bound(self.reply)
        try:
            for chunk in response:
                delta = bound(_delta(chunk))
                finish = delta.finish or finish
                yield delta
                if bound.reached:
                    break
        except known_failures() as error:
            raise self._server.explained(error, begun=True) from None
        finally:
            response.close()
        if finish is None:
            raise self._server.failed(_why_ended(response))

    async def asend(
        self, messages: Sequence[Message], *, stream: bool, schema: Mapping[str, Any] | None = None
    ) -> AsyncGenerator[Delta]:
        """Ask for a reply without holding up the event loop; like `send` in all else."""
        async with self._async_client() as client:
            response = await self._acreate(client, messages, stream=stream, schema=schema)
            if not stream:
                yield self._whole(response)
                return
            finish, bound = None, Bound(self.reply)
            try:
                async for chunk in response:
                    delta = bound(_delta(chunk))
                    finish = delta.finish or finish
                    yield delta
                    if bound.reached:
                        break
            except known_failures() as error:
                raise self._server.explained(error, begun=True) from None
            finally:
                await response.close()
            if finish is None:
                raise self._server.failed(_why_ended(response))

    def _create(self, messages: Sequence[Message], *, stream: bool, schema: Mapping[str, Any] | None) -> Any:
        completions: Any = self._client.chat.completions
        while True:
            parameters = self._habits.parameters(self.reply, stream=stream, schema=schema)
            try:
                with _deadline(self._patience):
                    return completions.create(model=self.name, messages=messages, **parameters)
            except known_failures() as error:
                if not self._habits.learn(error):
                    raise self._server.explained(error) from None
            except _PatienceLostError:
                raise self._server.failed(Failure.TIMEOUT, seconds=self._patience) from None

    async def _acreate(
        self,
        client: "AsyncOpenAI",
        messages: Sequence[Message],
        *,
        stream: bool,
        schema: Mapping[str, Any] | None,
    ) -> Any:
        completions: Any = client.chat.completions
        while True:
            parameters = self._habits.parameters(self.reply, stream=stream, schema=schema)
            try:
                with _deadline(self._patience):
                    return await completions.create(model=self.name, messages=messages, **parameters)
            except known_failures() as error:
                if not self._habits.learn(error):
                    raise self._server.explained(error) from None
            except _PatienceLostError:
                raise self._server.failed(Failure.TIMEOUT, seconds=self._patience) from None

    def _whole(self, response: Any) -> Delta:
        choices = getattr(response, "choices", None)
        if not choices or getattr(choices[0], "message", None) is None:
            raise self._server.failed(Failure.WRONG_ADDRESS if choices is None else Failure.EMPTY)
        message = choices[0].message
        finish = "content_filter" if getattr(message, "refusal", None) else choices[0].finish_reason or "stop"
        return Bound(self.reply)(Delta(message.content or "", _usage(response.usage), finish))


def _why_ended(response: Any) -> Failure:
    """Tell a stream without an end from a page that never was one."""
    kind = response.response.headers.get("content-type", "")
    return Failure.CUT if kind.startswith("text/event-stream") else Failure.WRONG_ADDRESS


def _delta(chunk: Any) -> Delta:
    """Read one chunk of a stream; the one with the usage has no choice in it."""
    usage = _usage(getattr(chunk, "usage", None))
    choices = getattr(chunk, "choices", None)
    if not choices:
        return Delta(usage=usage)
    delta, finish = choices[0].delta, choices[0].finish_reason
    if getattr(delta, "refusal", None):
        finish = "content_filter"
    return Delta((delta and delta.content) or "", usage, finish)


def _usage(usage: "CompletionUsage | None") -> Usage | None:
    return None if usage is None else Usage(usage.prompt_tokens or 0, usage.completion_tokens or 0)


# The openai package retries by itself, as long as the server says; these hooks keep it within our patience.

_until: ContextVar[float] = ContextVar("until")


class _PatienceLostError(BaseException):
    """No attempt may begin any more. The openai package would try again after any `Exception`."""


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    token = _until.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _until.reset(token)


def _left() -> float:
    return _until.get(float("inf")) - time.monotonic()


def _hurry(request: "httpx.Request") -> None:
    """Let no attempt begin or last beyond the deadline."""
    timeouts = request.extensions.get("timeout", {})
    left = _left()
    if left <= 0:
        raise _PatienceLostError
    request.extensions["timeout"] = {
        part: left if seconds is None else min(seconds, left) for part, seconds in timeouts.items()
    }


def _retry_in_time(response: "httpx.Response") -> None:
    """Forbid a new attempt that would come after the deadline."""
    retried = response.status_code in (408, 409, _BUSY) or response.status_code >= _FAILING
    if retried and _wait(response.headers) > _left():
        response.headers["x-should-retry"] = "false"


def _wait(headers: "httpx.Headers") -> float:
    """Give the seconds that a server asks to wait; 0 where it does not say."""
    with suppress(ValueError, KeyError):
        return float(headers["retry-after-ms"]) / 1000
    with suppress(ValueError, KeyError):
        return float(headers["retry-after"])
    with suppress(ValueError, KeyError):
        return (parsedate_to_datetime(headers["retry-after"]) - datetime.now(UTC)).total_seconds()
    return 0.0
