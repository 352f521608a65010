"""The chat in a real pseudo-terminal: what is answered, and what the screen shows."""

import json
import re
import sqlite3
import stat
import time
from pathlib import Path

from chatting import HELLO, KETTLE, KEY, Chat, Run, ready, said
from peer import Peer, Script


def test_a_conversation_with_the_extractive_reader(chat: Chat, home: Path) -> None:
    terminal = chat()
    terminal.until("\n>")
    prompted = time.monotonic() - terminal.begun
    terminal.until(ready)
    # The prompt does not wait for what loads behind it.
    assert prompted < max(5, (time.monotonic() - terminal.begun) / 2)
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
