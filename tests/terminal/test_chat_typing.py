"""What a person types in the chat: keys, completions, pastes and lines."""

import time
from pathlib import Path

from chatting import KETTLE, Chat, Run, ready
from peer import Peer


def test_keys_of_vi(chat: Chat, peer: Peer, by_model: dict[str, str]) -> None:
    terminal = chat("--vi", "--no-history", **by_model)
    terminal.until(ready)
    # Escape leaves inserting, 0 goes to the beginning, cw changes a word; A goes on at the end.
    terminal.type("What is saved by KettleNet")
    time.sleep(0.2)
    terminal.type("\x1b")
    time.sleep(0.8)
    terminal.type("0cwHow much ")
    time.sleep(0.2)
    terminal.type("\x1b")
    time.sleep(0.8)
    terminal.type("A?\r")
    terminal.until(lambda text: "It is so [1]." in text and ready(text))
    assert "Question: How much is saved by KettleNet?" in peer.requests[0].body["messages"][-1]["content"]


def test_earlier_questions_are_searched(chat: Chat, run: Run, home: Path) -> None:
    asked = "How long does an empty swimming pool echo?"
    assert run("chat", stdin=f"{asked}\n{KETTLE}\n", ASSISTANT_HOME=home).returncode == 0
    terminal = chat()
    terminal.until(ready)
    terminal.type("\x12")
    terminal.type("pool")
    terminal.until(lambda text: asked in text)
    terminal.type("\r")
    terminal.until(lambda text: f"> {asked}" in text)
    terminal.type("\r")
    terminal.until(lambda text: "5.1 seconds" in text and ready(text))


def test_titles_and_commands_are_completed(chat: Chat) -> None:
    terminal = chat()
    terminal.until(ready)
    terminal.type("/pap")
    terminal.until("searches for papers")
    terminal.type("er sourd")
    terminal.until("Sourdough as a Dynamical System")
    terminal.type("\t\r")
    terminal.until(lambda text: "The model predicts the time of" in text and ready(text))


def test_a_paste_is_one_message(chat: Chat, peer: Peer, by_model: dict[str, str]) -> None:
    peer.says("It is long [1].")
    lines = [f"line {number} of a long text about kettles" for number in range(150)]
    pasted = "\n".join(lines)[:5000]
    assert len(pasted) == 5000
    terminal = chat("--no-history", **by_model)
    terminal.until(ready)
    terminal.paste(pasted)
    time.sleep(0.3)
    assert peer.requests == []
    terminal.type("\r")
    terminal.until(lambda text: "It is long [1]." in text and ready(text))
    (request,) = peer.requests
    assert f"Question: {' '.join(pasted.split())}" in request.body["messages"][-1]["content"]


def test_new_lines_by_backslash_and_by_alt_enter(chat: Chat, peer: Peer, by_model: dict[str, str]) -> None:
    terminal = chat("--no-history", **by_model)
    terminal.until(ready)
    terminal.type("How much\\\renergy does\x1b\rKettleNet save?\r")
    terminal.until(lambda text: "It is so [1]." in text and ready(text))
    assert f"Question: {KETTLE}" in peer.requests[0].body["messages"][-1]["content"]
