"""Calls that are recorded and replayed, and what they leave in a folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant import Answer, Assistant, Recordings, Settings
from assistant.answering.model import Delta, OpenAIModel
from assistant.answering.prompts import Message

Open = Callable[..., Assistant]

QUESTION = "How much energy does KettleNet save?"
KEY = "sk-loopback-0123456789"
ASKED = [Message(role="system", content="Be brief."), Message(role="user", content="Does tea cool?")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "recordings"


@pytest.fixture
def without_key(model_settings: Settings) -> Settings:
    """The same settings on a machine that has no key."""
    return model_settings.model_copy(update={"openai_api_key": None})


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def deltas(settings: Settings, recordings: Recordings, *, stream: bool = False, **more: Any) -> list[Delta]:
    model = recordings.of(OpenAIModel(settings))
    try:
        return list(model.send(more.pop("messages", ASKED), stream=stream, **more))
    finally:
        model.close()


def text(settings: Settings, recordings: Recordings, **more: Any) -> str:
    return "".join(delta.text for delta in deltas(settings, recordings, **more))


def essence(answer: Answer) -> dict[str, Any]:
    """An answer without the time that it took."""
    names = (
        "text",
        "refused",
        "reader",
        "citations",
        "sources",
        "unsupported",
        "removed",
        "usage",
        "complete",
    )
    return {name: getattr(answer, name) for name in names}
