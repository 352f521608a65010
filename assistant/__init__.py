"""Answers from a collection of paper abstracts, with the papers named.

    from assistant import Assistant

    with Assistant.open() as assistant:
        print(assistant.ask("What does WideNet share across its layers?").text)

What is listed here is the whole public surface. Names load when they are first used, so that
importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from assistant.errors import (
    AssistantError,
    DamageError,
    EncoderError,
    Failure,
    HomeError,
    IndexMismatchError,
    InputError,
    ModelError,
    PaperNotFoundError,
    RecordingError,
    ServerError,
    SettingsError,
)

if TYPE_CHECKING:
    from assistant.answering.answer import Answer, Citation, Passage, Usage
    from assistant.answering.conversation import Conversation, Exchange
    from assistant.answering.recorded import Recordings
    from assistant.answering.streaming import AnswerStream, AsyncAnswerStream
    from assistant.assistant import Assistant
    from assistant.corpus import Paper, Rejection
    from assistant.index.checking import Check
    from assistant.index.comparing import Disagreement
    from assistant.index.ingest import IngestReport
    from assistant.retrieval import Hit
    from assistant.settings import Settings

__all__ = [
    "Answer",
    "AnswerStream",
    "Assistant",
    "AssistantError",
    "AsyncAnswerStream",
    "Check",
    "Citation",
    "Conversation",
    "DamageError",
    "Disagreement",
    "EncoderError",
    "Exchange",
    "Failure",
    "Hit",
    "HomeError",
    "IndexMismatchError",
    "IngestReport",
    "InputError",
    "ModelError",
    "Paper",
    "PaperNotFoundError",
    "Passage",
    "RecordingError",
    "Recordings",
    "Rejection",
    "ServerError",
    "Settings",
    "SettingsError",
    "Usage",
]

_HOMES = {
    "Answer": "assistant.answering.answer",
    "AnswerStream": "assistant.answering.streaming",
    "Assistant": "assistant.assistant",
    "AsyncAnswerStream": "assistant.answering.streaming",
    "Citation": "assistant.answering.answer",
    "Check": "assistant.index.checking",
    "Conversation": "assistant.answering.conversation",
    "Disagreement": "assistant.index.checking",
    "Exchange": "assistant.answering.conversation",
    "Hit": "assistant.retrieval",
    "IngestReport": "assistant.index.ingest",
    "Paper": "assistant.corpus",
    "Passage": "assistant.answering.answer",
    "Recordings": "assistant.answering.recorded",
    "Rejection": "assistant.corpus",
    "Settings": "assistant.settings",
    "Usage": "assistant.answering.answer",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
