"""Keeping every reply of a model, and answering from what was kept.

A call is a file of its own, named after all that decides the reply: the model and its address, the messages,
the parameters, and which asking of the same thing it is. So a run that was stopped pays for nothing twice,
and a build server without a key gets the replies that were recorded with one. Whether a reply was streamed
decides nothing: it is kept with its pieces, and given whole or in pieces as it is asked for.
"""

import hashlib
import json
import re
import uuid
from collections.abc import AsyncGenerator, Generator, Iterator, Mapping, Sequence
from contextlib import aclosing, closing, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ValidationError, model_validator

from assistant.answering.answer import Usage
from assistant.answering.model import ChatModel, Delta
from assistant.answering.prompts import Message
from assistant.answering.tokens import TokenCount
from assistant.errors import Failure, ModelError, RecordingError
from assistant.secrets import HIDDEN

LASTING = frozenset({Failure.CONTEXT, Failure.FILTERED})
"""Failures that the same prompt meets again: part of what is kept. After any other, asking again helps."""

_HALVES = re.compile("[\ud800-\udfff]")  # of characters; no file can hold them, and no answer shows them
_TAIL = 60

_repeat: ContextVar[int] = ContextVar("repeat", default=0)


@contextmanager
def repeating(number: int) -> Iterator[None]:
    """Count what is asked inside as one of several askings of the same, each with replies of its own.

    Holds for this thread or task, and for what it awaits or hands to `asyncio.to_thread`.

    Args:
        number: which, from 0; without this it is 0.
    """
    token = _repeat.set(number)
    try:
        yield
    finally:
        _repeat.reset(token)


@dataclass(frozen=True, slots=True)
class Recordings:
    """A folder of replies, and whether anything may be asked that it lacks."""

    folder: Path
    replay: bool = False
    """Whether the folder is all there is: no server or key is needed, and what it lacks is an error."""

    def of(self, model: ChatModel) -> "RecordedModel":
        """Keep the replies of a model, or give those that were kept."""
        return RecordedModel(model, self)


class RecordedModel:
    """A model whose whole replies are kept, not what was stopped or cut. Safe to use from threads."""

    def __init__(self, model: ChatModel, recordings: Recordings) -> None:
        """Stand in for a model; it is never called for what the recordings hold, nor ever when replaying."""
        self.name, self.context, self.reply = model.name, model.context, model.reply
        self.secrets, self.address, self.parameters = model.secrets, model.address, model.parameters
        self._model = model
        self._recordings = recordings

    @property
    def count(self) -> TokenCount:
        """Counts the tokens of a text as the model does."""
        return self._model.count

    def failed(self, failure: Failure) -> Exception:
        """Word a failure that shows only in the reply."""
        return self._model.failed(failure)

    def close(self) -> None:
        """Let go of connections."""
        self._model.close()

    def send(
        self, messages: Sequence[Message], *, stream: bool, schema: Mapping[str, Any] | None = None
    ) -> Generator[Delta]:
        """Give the reply that was kept, or ask for one and keep it.

        Raises:
            ModelError: there is none, or it broke off.
            RecordingError: it is missing while replaying, or a file cannot be read or written.
        """
        call = self._call(messages, schema)
        if (kept := self._kept(call)) is not None:
            yield from self._given(kept, stream=stream)
            return
        taken = _Taken()
        try:
            with closing(self._model.send(messages, stream=stream, schema=schema)) as deltas:
                for delta in deltas:
                    taken.add(delta)
                    yield delta
        except ModelError as error:
            self._keep(call, taken.failing(error))
            raise
        self._keep(call, taken.reply(self.secrets))

    async def asend(
        self, messages: Sequence[Message], *, stream: bool, schema: Mapping[str, Any] | None = None
    ) -> AsyncGenerator[Delta]:
        """Give the reply that was kept, or ask for one and keep it; like `send` in all else."""
        call = self._call(messages, schema)
        if (kept := self._kept(call)) is not None:
            for delta in self._given(kept, stream=stream):
                yield delta
            return
        taken = _Taken()
        try:
            async with aclosing(self._model.asend(messages, stream=stream, schema=schema)) as deltas:
                async for delta in deltas:
                    taken.add(delta)
                    yield delta
        except ModelError as error:
            self._keep(call, taken.failing(error))
            raise
        self._keep(call, taken.reply(self.secrets))

    def _call(self, messages: Sequence[Message], schema: Mapping[str, Any] | None) -> "_Call":
        parameters = {**self.parameters, **({"schema": schema} if schema else {})}
        return _Call(self.name, self.address, parameters, _repeat.get(), tuple(messages))

    def _given(self, kept: "_Reply", *, stream: bool) -> Generator[Delta]:
        if kept.failure is not None:
            raise self._model.failed(kept.failure)
        if not stream:
            yield Delta(kept.text, kept.usage, kept.finish)
            return
        for start, end in pairwise(accumulate(kept.pieces, initial=0)):
            yield Delta(kept.text[start:end])
        yield Delta(usage=kept.usage, finish=kept.finish)

    def _kept(self, call: "_Call") -> "_Reply | None":
        path = call.path(self._recordings.folder)
        try:
            return _Reply.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            if self._recordings.replay:
                raise RecordingError(call.missing(self._recordings.folder)) from None
        except (OSError, ValidationError):
            if self._recordings.replay:
                raise RecordingError(
                    f"The recording {path} cannot be read: remove it, and ask the model once more without "
                    "replaying."
                ) from None
        return None

    def _keep(self, call: "_Call", reply: "_Reply | None") -> None:
        if reply is None:
            return
        path = call.path(self._recordings.folder)
        part = path.with_name(f".{uuid.uuid4().hex}.part")
        lines = {**call.shown(self.secrets), **reply.model_dump(mode="json", exclude_defaults=True)}
        body = ",\n".join(f"{json.dumps(key)}: {_json(value)}" for key, value in lines.items())
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Whoever looks sees no file or a whole one, whenever this is killed and whoever else writes it.
            part.write_bytes(f"{{{body}}}\n".encode())
            part.replace(path)
        except OSError as error:
            raise RecordingError(
                f"A reply of {self.name} cannot be recorded in {self._recordings.folder} "
                f"({error.strerror}): free or name another folder."
            ) from None
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class _Call:
    """All that decides a reply."""

    model: str
    address: str
    parameters: Mapping[str, Any]
    repeat: int
    messages: tuple[Message, ...]

    def _parts(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "address": self.address,
            "parameters": self.parameters,
            "repeat": self.repeat,
            "messages": self.messages,
        }

    @property
    def digest(self) -> str:
        whole = json.dumps(self._parts(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(whole.encode()).hexdigest()

    def path(self, folder: Path) -> Path:
        return folder / self.digest[:2] / f"{self.digest}.json"

    def shown(self, secrets: Sequence[str]) -> dict[str, Any]:
        """Give what the file says of the call: for a person to read, the name of the file decides."""
        messages = [
            {key: _fit_to_keep(str(text), secrets) for key, text in message.items()}
            for message in self.messages
        ]
        return {**self._parts(), "address": _fit_to_keep(self.address, secrets), "messages": messages}

    def missing(self, folder: Path) -> str:
        said = " ".join(self.messages[-1]["content"].split()) if self.messages else ""
        return (
            f'No reply of {self.model} at {self.address} is recorded in {folder} to the prompt that ends "'
            f'…{said[-_TAIL:]}" (repeat {self.repeat}, {self.digest[:12]}): ask the model once without '
            "replaying, with the same settings and prompts."
        )


class _Reply(BaseModel):
    """What came of a call."""

    text: str = ""
    pieces: list[int] = []
    """How long each piece was that it came in, in characters."""
    usage: Usage | None = None
    finish: str | None = None
    failure: Failure | None = None
    """In place of a reply."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if sum(self.pieces) != len(self.text) or bool(self.text) == bool(self.failure):
            raise ValueError("neither a whole reply nor a failure")
        return self


@dataclass(slots=True)
class _Taken:
    """What has come of a reply so far."""

    pieces: list[str] = field(default_factory=list)
    usage: Usage | None = None
    finish: str | None = None

    def add(self, delta: Delta) -> None:
        self.pieces.append(_HALVES.sub("", delta.text))
        self.usage = delta.usage or self.usage
        self.finish = delta.finish or self.finish

    def reply(self, secrets: Sequence[str]) -> _Reply | None:
        """Give the reply at its end; None for an empty one, which nobody wants to get again.

        One that holds a key loses it, and with it the places where it was cut.
        """
        whole = "".join(self.pieces)
        text = _fit_to_keep(whole, secrets)
        pieces = [len(piece) for piece in self.pieces if piece] if text == whole else [len(text)]
        if not text:
            return _Reply(failure=Failure.FILTERED) if self.finish == "content_filter" else None
        return _Reply(text=text, pieces=pieces, usage=self.usage, finish=self.finish)

    def failing(self, error: ModelError) -> _Reply | None:
        return _Reply(failure=error.failure) if error.failure in LASTING else None


def _fit_to_keep(text: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return _HALVES.sub("", text)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
