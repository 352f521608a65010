"""The chat in a real pseudo-terminal: what a person types, and what the screen shows."""

import json
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from peer import MODEL, Peer, Script
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


def test_a_conversation_with_the_extractive_reader(chat: Chat, home: Path) -> None:
    terminal = chat()
    terminal.until("\n>")
    assert time.monotonic() - terminal.begun < 5
    terminal.type(f"{KETTLE}\r")
    terminal.until(lambda text: "Sources" in text and ready(text))
    terminal.type("how long was it trained?\r")
    terminal.until(lambda text: text.count("Sources") == 2 and ready(text))
    terminal.type("when was it published?\r")
    terminal.until(lambda text: text.count("Sources") == 3 and ready(text))
    sources = [
        "",
        "Sources (extractive reader)",
        "[1] KettleNet: Boiling Water with Fewer Joules (4 March",
        "    2021)",
        "",
    ]
    assert said(terminal) == [
        HELLO,
        f"> {KETTLE}",
        "│ On a test bench of 40 kettles it saves 17.5% of the energy",
        "│ of a thermostat. [1]",
        "│ The controller has 12,000 parameters and runs on the",
        "│ kettle's own chip. [1]",
        "│ It was trained for 3 hours on recordings of steam",
        "│ pressure. [1]",
        *sources,
        "> how long was it trained?",
        "│ On a test bench of 40 kettles it saves 17.5% of the energy",
        "│ of a thermostat. [1]",
        "│ It was trained for 3 hours on recordings of steam",
        "│ pressure. [1]",
        "│ We release the recordings under an open licence. [1]",
        *sources,
        "> when was it published?",
        "Published on 4 March 2021 [1].",
        *sources,
    ]
    assert terminal.rows[-1] == " extractive reader · 12 papers"
    terminal.type("\x04")
    assert terminal.end() == 0
    assert stat.S_IMODE((home / "conversations.sqlite3").stat().st_mode) == 0o600


def test_commands(chat: Chat, tmp_path: Path) -> None:
    terminal = chat("--no-history")
    terminal.until("\n>")
    shown = ""
    for line, sign in (
        ("/nope", "the nearest is /new"),
        ("/cite 1", "no paper was listed yet"),
        ("/papers avalanches", "[1] SnowCast"),
        ("/cite 1", "year = {2023}"),
        ("/paper 1", "regression finds 64%"),
        ("/since 2024", "From now on only papers since 2024."),
        (KETTLE, "Closest papers"),
        ("/since", "papers of any date"),
        ("/retry", "17.5% of the energy"),
        ("/sources", "    On a test bench of 40"),
        ("/reader", "extractive answers."),
        ("/model other", "There is no server to run other on"),
        ("/save talk.md", "Saved to talk.md."),
        ("/save talk.json", "Saved to talk.json."),
        ("/save talk.md", "talk.md is there already"),
        ("/new", "A new conversation begins."),
        ("/retry", "There is nothing to ask again yet."),
    ):
        before = len(terminal.text)
        terminal.type(f"{line}\r")
        shown = terminal.until(lambda text, s=sign, b=before: s in text[b - 60 :] and ready(text))  # type: ignore[misc]
    assert "Traceback" not in shown
    terminal.type("/quit\r")
    assert terminal.end() == 0
    assert (tmp_path / "talk.md").read_text() == (
        f"# Conversation\n\n## {KETTLE}\n\n"
        "On a test bench of 40 kettles it saves 17.5% of the energy of a thermostat. [1] "
        "The controller has 12,000 parameters and runs on the kettle's own chip. [1] "
        "It was trained for 3 hours on recordings of steam pressure. [1]\n\n"
        "## References\n\n1. KettleNet: Boiling Water with Fewer Joules (4 March 2021)\n"
    )
    saved = json.loads((tmp_path / "talk.json").read_text())
    assert saved["usage"] is None
    (saved,) = saved["answers"]
    assert saved["question"] == KETTLE
    assert saved["citations"][0]["title"] == "KettleNet: Boiling Water with Fewer Joules"


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


def test_a_model_answers_in_markdown_piece_by_piece(chat: Chat, peer: Peer, by_model: dict[str, str]) -> None:
    peer.says(
        Script(pieces=["It saves **17.", "5%** [", "1], and:\n\n- `one`\n- two [1]", "[88]"], pause=0.05),
        "How many parameters does KettleNet have?",
        "It has 12,000 [1].",
    )
    terminal = chat("-v", **by_model)
    terminal.until("\n>")
    terminal.type(f"{KETTLE}\r")
    terminal.until(lambda text: "Sources" in text and ready(text))
    assert said(terminal)[2:8] == [
        "It saves 17.5% [1], and:",
        "",
        "• one",
        "• two [1]",
        "",
        "Sources (peer-model reader)",
    ]
    terminal.type("and its parameters?\r")
    text = terminal.until(lambda text: "It has 12,000 [1]." in text and ready(text))
    assert "Understood as: How many parameters does KettleNet have?" in text
    assert "The conversation so far: 300 tokens in, 60 out" in text
    assert "Last question: and its parameters?" in peer.requests[1].body["messages"][-1]["content"]


def test_nothing_that_was_shown_is_taken_back(chat: Chat, peer: Peer, by_model: dict[str, str]) -> None:
    words = [f"word{number} " for number in range(200)]
    peer.says(Script(pieces=[*words, "[1]."], pause=0.01))
    terminal = chat(columns=40, **by_model)
    terminal.until(ready)
    terminal.type(f"{KETTLE}\r")
    terminal.until("word60")
    terminal.resize(70)
    terminal.until("word120")
    terminal.resize(30)
    text = terminal.until(lambda text: "Sources" in text)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.raw)
    assert re.findall(r"word\d+", shown) == [word.strip() for word in words]
    assert text.count("Sources") == 1


def test_ctrl_c_stops_an_answer_and_keeps_the_chat(
    chat: Chat, peer: Peer, by_model: dict[str, str], home: Path
) -> None:
    peer.says(
        Script(pieces=["KettleNet saves 17.5% [1]. ", *["More is to come. "] * 500], pause=0.05),
        "How many parameters does KettleNet have?",
        "It has 12,000 [1].",
    )
    terminal = chat(**by_model)
    terminal.until("\n>")
    terminal.type(f"{KETTLE}\r")
    terminal.until("More is to come.")
    terminal.type("\x03")
    terminal.until(lambda text: "(stopped)" in text and ready(text))
    assert peer.gone.wait(5)
    terminal.type("and its parameters?\r")
    terminal.until(lambda text: "It has 12,000 [1]." in text and ready(text))
    terminal.type("half a question\x03")
    terminal.until(ready)
    terminal.type("\x04")
    assert terminal.end() == 0
    with sqlite3.connect(home / "conversations.sqlite3") as file:
        kept = [json.loads(row[0]) for row in file.execute("SELECT exchange FROM exchanges ORDER BY id")]
    file.close()
    assert [one["complete"] for one in kept] == [False, True]
    assert KEY not in str(kept)


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
        "print('begun', flush=True);"
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


def test_plain_mode_draws_nothing(chat: Chat) -> None:
    terminal = chat("--plain", columns=200)
    terminal.until("\n>")
    terminal.type(f"{KETTLE}\r")
    terminal.until(lambda text: "Sources" in text and text.endswith("\n>"))
    assert terminal.rows[2:-2] == [
        "“On a test bench of 40 kettles it saves 17.5% of the energy of a thermostat.” [1]",
        "“The controller has 12,000 parameters and runs on the kettle's own chip.” [1]",
        "“It was trained for 3 hours on recordings of steam pressure.” [1]",
        "",
        "Sources (extractive reader)",
        "[1] KettleNet: Boiling Water with Fewer Joules (4 March 2021)",
    ]
    shown = terminal.raw.replace("\x1b[?2004h", "").replace("\x1b[?2004l", "")
    assert "\x1b" not in shown
    terminal.type("\x04")
    assert terminal.end() == 0


def test_a_pipe_is_answered_line_by_line(run: Run, home: Path) -> None:
    piped = run("chat", stdin=f"{KETTLE}\n\nhow long was it trained?\n", ASSISTANT_HOME=home)
    assert (piped.returncode, piped.stderr) == (0, "")
    sources = [
        "",
        "Sources (extractive reader)",
        "[1] KettleNet: Boiling Water with Fewer Joules (4 March 2021)",
    ]
    saves = "On a test bench of 40 kettles it saves 17.5% of the energy of a thermostat. [1]"
    trained = "It was trained for 3 hours on recordings of steam pressure. [1]"
    assert piped.stdout.splitlines() == [
        f"{saves} The controller has 12,000 parameters and runs on the kettle's own chip. [1] {trained}",
        *sources,
        "",
        f"{saves} {trained} We release the recordings under an open licence. [1]",
        *sources,
    ]


def test_ask_reads_questions_from_standard_input(run: Run, home: Path) -> None:
    asked = f"{KETTLE}\n???\nHow long does an empty swimming pool echo?\n"
    done = run("ask", "-", "--json", stdin=asked, ASSISTANT_HOME=home)
    assert done.returncode == 1
    assert done.stderr == "assistant: The question is empty: ask something in words.\n"
    first, second = map(json.loads, done.stdout.splitlines())
    assert "17.5%" in first["answer"]
    assert "5.1 seconds" in second["answer"]
