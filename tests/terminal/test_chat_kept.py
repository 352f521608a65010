"""Conversations that are kept, gone on with, and interrupted."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from chatting import KETTLE, Chat, Run, ready


def test_conversations_are_kept_and_gone_on_with(chat: Chat, run: Run, home: Path) -> None:
    first = chat()
    first.until("\n>")
    first.type(f"{KETTLE}\r")
    first.until(lambda text: "Sources" in text and ready(text))
    # A killed terminal leaves whole exchanges.
    first.process.kill(signal.SIGKILL)
    second = chat("--continue")
    second.until(ready)
    second.type("how long was it trained?\r")
    second.until(lambda text: "trained for 3 hours" in text and ready(text))
    second.type("\x1b[A\x1b[A")
    second.until(lambda text: f"> {KETTLE}" in text)
    second.type("\x03\x04")
    assert second.end() == 0
    listed = run("chat", "--list", "--json", ASSISTANT_HOME=home)
    (kept,) = json.loads(listed.stdout)
    assert (kept["questions"], kept["first"]) == (2, KETTLE)
    shown = run("chat", "--show", str(kept["conversation"]), ASSISTANT_HOME=home).stdout
    assert shown.startswith(f"> {KETTLE}\n\nOn a test bench of 40 kettles")
    assert "trained for 3 hours" in shown
    lost = run("chat", "--show", "77", ASSISTANT_HOME=home)
    assert lost.returncode == 1
    assert lost.stderr == "assistant: There is no conversation 77: assistant chat --list shows them all.\n"


def test_a_kill_while_a_conversation_is_written_leaves_whole_exchanges(run: Run, home: Path) -> None:
    """A process that writes without a pause is killed at several moments; what is read is whole."""
    writing = (
        "import sys; from pathlib import Path; from assistant.answering.answer import Answer;"
        "from assistant.answering.conversation import Exchange;"
        "from assistant.terminal.history import History;"
        "kept = History(Path(sys.argv[1])); number = kept.begin();"
        "answer = Answer(question='q', text='t' * 200_000, refused=False, reader='extractive');"
        "kept.keep(number, Exchange('q', answer)); print('begun', flush=True);"
        "[kept.keep(number, Exchange('q', answer)) for _ in range(10_000)]"
    )
    for pause in (0.05, 0.13, 0.29):
        with subprocess.Popen(
            [sys.executable, "-c", writing, str(home)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "begun\n"
            time.sleep(pause)
            writer.kill()
    listed = json.loads(run("chat", "--list", "--json", ASSISTANT_HOME=home).stdout)
    assert len(listed) == 3
    for one in listed:
        shown = run("chat", "--show", str(one["conversation"]), "--json", ASSISTANT_HOME=home)
        answers = json.loads(shown.stdout)["answers"]
        assert len(answers) == one["questions"] > 0
        assert all(answer["answer"] == "t" * 200_000 for answer in answers)


def test_two_chats_at_once(chat: Chat, run: Run, home: Path) -> None:
    both = [chat(), chat()]
    for terminal in both:
        terminal.until(ready)
    for terminal in both:
        terminal.type(f"{KETTLE}\r")
    for terminal in both:
        terminal.until(lambda text: "Sources" in text and ready(text))
        terminal.type("\x04")
        assert terminal.end() == 0
    listed = json.loads(run("chat", "--list", "--json", ASSISTANT_HOME=home).stdout)
    assert [one["questions"] for one in listed] == [1, 1]


def test_nothing_is_kept_where_that_is_not_wanted(run: Run, home: Path) -> None:
    assert run("chat", "--no-history", stdin=f"{KETTLE}\n", ASSISTANT_HOME=home).returncode == 0
    assert not (home / "conversations.sqlite3").exists()
