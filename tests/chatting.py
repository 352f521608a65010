"""Chats in a pseudo-terminal, with a home of their own."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from peer import MODEL, Peer
from screen import Terminal

from assistant.index.minilm_weights import EncoderFiles

Run = Callable[..., subprocess.CompletedProcess[str]]
Chat = Callable[..., Terminal]

HELLO = "Ask about the papers. /help lists commands, Ctrl-D leaves."
KETTLE = "How much energy does KettleNet save?"
KEY = "sk-loopback-0123456789"


def ready(text: str) -> bool:
    """Whether the prompt waits, and nothing is loading."""
    *_, prompt, below = ["", "", *text.split("\n")]
    return prompt == ">" and below.endswith("papers")


@pytest.fixture
def home(copied_home: Path) -> Iterator[Path]:
    """A home with the library, and without conversations."""
    yield copied_home
    (copied_home / "conversations.sqlite3").unlink(missing_ok=True)


@pytest.fixture
def chat(
    environment: dict[str, str], model_files: EncoderFiles, home: Path, tmp_path: Path
) -> Iterator[Chat]:
    """Begins chats; what still runs at the end is closed."""
    assert model_files.model.is_file()
    begun: list[Terminal] = []

    def begin(*arguments: str, columns: int = 60, **variables: str) -> Terminal:
        chosen = {**environment, "ASSISTANT_HOME": str(home), "NO_COLOR": "1", **variables}
        begun.append(Terminal(["assistant", "chat", *arguments], chosen, tmp_path, columns=columns))
        return begun[-1]

    yield begin
    for terminal in begun:
        terminal.close()


@pytest.fixture
def by_model(peer: Peer) -> dict[str, str]:
    """The variables by which the peer answers."""
    return {
        "ASSISTANT_MODEL": MODEL,
        "ASSISTANT_RETRIES": "0",
        "OPENAI_BASE_URL": peer.url,
        "OPENAI_API_KEY": KEY,
    }


def said(terminal: Terminal) -> list[str]:
    """The rows without the prompt that waits."""
    rows = terminal.rows
    return rows[: max(number for number, row in enumerate(rows) if row == ">")]
