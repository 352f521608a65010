"""Titles and texts that would be obeyed by a terminal."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant import Paper, Settings
from assistant.corpus import paper_id
from assistant.index.index import Index
from assistant.index.ledger import State

Run = Callable[..., subprocess.CompletedProcess[str]]

HOSTILE = "Tea \x1b[31mred\x1b[0m \x1b]0;title\x07\x1b]52;c;cm0=\x07 \u202egnp.exe\x9b2J \x08\x08kettle"


@pytest.fixture
def hostile_home(small_home: Path, tmp_path: Path) -> Path:
    """A home in whose ledger a title and a text are full of control sequences."""
    home = tmp_path / "hostile"
    shutil.copytree(small_home, home)
    index = Index(Settings(home=home, embedding="words"))
    paper = Paper(
        paper_id=paper_id("hostile"), title=HOSTILE, text=f"Hostile teas are {HOSTILE}.", organization=HOSTILE
    )
    with index.ledger.transaction():
        index.ledger.set_fact("encoder", "words")
        index.ledger.put(paper, shipped=False, state=State.PENDING)
    index.rebuild()
    index.close()
    return home


def forbidden(text: str) -> list[str]:
    return [c for c in text if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160 or c == "\u202e")]


@pytest.mark.parametrize(
    "arguments",
    [
        ("papers", "list"),
        ("papers", "show", paper_id("hostile")),
        ("search", "hostile red gnp tea"),
        ("ask", "Which hostile tea is red, gnp and kettle?"),
        ("papers", "list", "--json"),
        ("papers", "show", "--json", paper_id("hostile")),
        ("papers", "remove", paper_id("hostile")),
    ],
)
def test_control_sequences_in_a_title_never_reach_the_output(
    run: Run, hostile_home: Path, arguments: tuple[str, ...]
) -> None:
    done = run(*arguments, ASSISTANT_HOME=hostile_home, ASSISTANT_EMBEDDING="words")
    assert "ea red" in done.stdout + done.stderr or "\\u001b[31mred" in done.stdout
    assert forbidden(done.stdout) == []
    assert forbidden(done.stderr) == []
