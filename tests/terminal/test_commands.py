"""The installed command, driven from outside: what it prints and how it ends."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from assistant import Paper, Settings
from assistant.corpus import paper_id
from assistant.index.index import Index
from assistant.index.ledger import State

Run = Callable[..., subprocess.CompletedProcess[str]]
Titled = Callable[[str], Paper]

SHEEP = "With what error does the drone's detector count the animals of a flock?"
OFF_TOPIC = "Who won the football world cup in 1998?"


def lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The lines of a run that went well and had nothing to say beside them."""
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def value(done: subprocess.CompletedProcess[str]) -> object:
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


# Help


def test_help_names_every_command(run: Run) -> None:
    done = run("--help")
    assert done.returncode == 0
    commands = done.stdout.split("Commands:")[1]
    names = [line.split()[0] for line in commands.splitlines() if line.startswith("  ") and line[2] != " "]
    assert {"ask", "search", "ingest", "papers", "status"} <= set(names)
    assert "paper abstracts" in done.stdout


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (("ask",), ("--since", "--until", "--json")),
        (("search",), ("--limit", "--since", "--until", "--json")),
        (("ingest",), ("--rebuild", "--json")),
        (("papers", "show"), ("--json",)),
    ],
)
def test_each_command_explains_its_options(
    run: Run, command: tuple[str, ...], options: tuple[str, ...]
) -> None:
    done = run(*command, "--help")
    assert done.returncode == 0
    assert all(option in done.stdout for option in options)


def test_version(run: Run) -> None:
    (line,) = lines(run("--version"))
    assert line.startswith("assistant 0.")


# Asking


def test_an_answer_in_a_pipe_is_plain_text(run: Run, small_home: Path) -> None:
    assert lines(run("ask", SHEEP, ASSISTANT_HOME=small_home)) == [
        "A drone photographs a flock and a detector counts the animals with an error of 2 in 1,000. [1]",
        "",
        "Sources (extractive reader)",
        "[1] Counting Sheep from the Air (5 January 2023)",
    ]


def test_a_refusal_names_the_closest_papers(run: Run, small_home: Path, titled: Titled) -> None:
    printed = lines(run("ask", OFF_TOPIC, ASSISTANT_HOME=small_home))
    assert printed[:3] == ["The papers here do not answer this question.", "", "Closest papers"]
    assert len(printed) == 6
    for line in printed[3:]:
        assert line.startswith("- ")
        assert titled(line[2:].split(" (")[0]).title in line


def test_an_answer_as_json(run: Run, small_home: Path, titled: Titled) -> None:
    sheep = titled("Counting Sheep")
    answer = value(run("ask", "--json", SHEEP, ASSISTANT_HOME=small_home))
    assert isinstance(answer, dict)
    seconds, sources = answer.pop("seconds"), answer.pop("sources")
    assert answer == {
        "question": SHEEP,
        "answer": f"{sheep.text} [1]",
        "refused": False,
        "reader": "extractive",
        "citations": [
            {
                "number": 1,
                "title": sheep.title,
                "paper_id": sheep.paper_id,
                "published": "2023-01-05",
                "passages": [{"text": sheep.text, "start": 0, "end": len(sheep.text)}],
            }
        ],
        "usage": None,
    }
    assert all(isinstance(spent, float) and spent >= 0 for spent in seconds.values())
    assert seconds
    assert [sorted(source) for source in sources] == [["paper_id", "score", "title"]] * 10
    assert sources[0] == {"title": sheep.title, "paper_id": sheep.paper_id, "score": 1.0}


def test_a_refusal_as_json_ends_well_and_cites_nothing(run: Run, small_home: Path) -> None:
    answer = value(run("ask", "--json", OFF_TOPIC, ASSISTANT_HOME=small_home))
    assert isinstance(answer, dict)
    assert list(answer) == [
        "question",
        "answer",
        "refused",
        "reader",
        "citations",
        "sources",
        "usage",
        "seconds",
    ]
    assert answer["refused"] is True
    assert answer["citations"] == []
    assert len(answer["sources"]) == 10


def test_a_question_that_looks_like_an_option_follows_two_dashes(run: Run, small_home: Path) -> None:
    answer = value(run("ask", "--json", "--", "--help me save energy", ASSISTANT_HOME=small_home))
    assert isinstance(answer, dict)
    assert answer["question"] == "--help me save energy"


# Searching


def test_search_lists_papers_with_scores(run: Run, small_home: Path) -> None:
    printed = lines(run("search", "forecasting avalanches", "--limit", "2", ASSISTANT_HOME=small_home))
    assert printed[0] == "1.00 SnowCast: Forecasting Avalanches with Graph Networks (1 December 2023)"
    assert len(printed) == 2


def test_search_as_json_keeps_to_the_dates(run: Run, small_home: Path, titled: Titled) -> None:
    found = value(
        run(
            "search",
            "--json",
            "photographs",
            "--since",
            "2024",
            "--until",
            "2024-06",
            ASSISTANT_HOME=small_home,
        )
    )
    assert isinstance(found, list)
    assert {one["published"] for one in found} == {"2024-02-29", "2024-06-13"}
    assert [list(one) for one in found] == [["title", "paper_id", "score", "published"]] * 2
    assert found[0]["paper_id"] == titled("BridgeGPT").paper_id


def test_search_that_finds_nothing_says_so_on_stderr(run: Run, small_home: Path) -> None:
    done = run("search", "tea", "--since", "2031", ASSISTANT_HOME=small_home)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "No paper fits.\n")


# Papers


def test_papers_are_listed_by_title(run: Run, small_home: Path) -> None:
    titles = [
        "A Survey of Doorbells",
        "BridgeGPT: A Language Model that Inspects Bridges (29 February 2024)",
        "ChessKnit: Knitting Patterns from Chess Games (31 December 2024)",
        "Counting Sheep from the Air (5 January 2023)",
        "Do Lighthouses Blink Too Slowly? (30 November 2020)",
        "GlacierFlow: Neural Simulation of Ice (10 October 2022)",
        "KettleNet: Boiling Water with Fewer Joules (4 March 2021)",
        "RootRank: Ordering Vegetables by Ripeness",
        "SnowCast: Forecasting Avalanches with Graph Networks (1 December 2023)",
        "Sourdough as a Dynamical System (13 June 2024)",
        "TeapotFormer: Attention over Tea Leaves (19 July 2022)",
        "The Acoustics of Empty Swimming Pools (6 May 2019)",
    ]
    printed = lines(run("papers", "list", ASSISTANT_HOME=small_home))
    assert printed == [f"{paper_id(title.split(' (')[0])} {title}" for title in titles]


def test_papers_as_json_carry_all_but_the_text(run: Run, small_home: Path, titled: Titled) -> None:
    found = value(run("papers", "list", "--json", ASSISTANT_HOME=small_home))
    assert isinstance(found, list)
    assert len(found) == 12
    assert found[1] == {
        "title": "BridgeGPT: A Language Model that Inspects Bridges",
        "paper_id": titled("BridgeGPT").paper_id,
        "published": "2024-02-29",
        "author_count": 8,
        "organization": "Invented Institute of Spans",
        "kind": "abstract",
        "sources": ["library.jsonl"],
    }


def test_one_paper_is_shown_whole(run: Run, small_home: Path, titled: Titled) -> None:
    bridge = titled("BridgeGPT")
    assert lines(run("papers", "show", bridge.paper_id[:8], ASSISTANT_HOME=small_home)) == [
        bridge.title,
        "29 February 2024 · 8 authors · Invented Institute of Spans",
        "",
        bridge.text,
        "",
        f"{bridge.paper_id} · abstract from library.jsonl",
    ]
    shown = value(run("papers", "show", "--json", bridge.title.upper(), ASSISTANT_HOME=small_home))
    assert isinstance(shown, dict)
    assert shown["text"] == bridge.text


def test_a_paper_of_which_little_is_known_is_shown(run: Run, small_home: Path, titled: Titled) -> None:
    root = titled("RootRank")
    printed = lines(run("papers", "show", root.title, ASSISTANT_HOME=small_home))
    assert printed[:3] == [root.title, "", root.text]


# Taking in, and removing


PAGE = "\n".join(
    json.dumps(one)
    for one in (
        {"title": "On Umbrellas", "abstract": "Umbrellas fold in 3 seconds.", "published": "2024-06-13"},
        {"title": "On Ladders", "abstract": "Ladders lean at 75 degrees."},
    )
)


def test_papers_are_taken_in_reported_and_removed(
    run: Run, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(environment, "ASSISTANT_EMBEDDING", "words")
    (tmp_path / "page.jsonl").write_text(PAGE)
    page = str(tmp_path / "page.jsonl")
    assert lines(run("ingest", page)) == ["Read 2 listings: 2 papers added, 0 updated, 0 unchanged."]
    assert lines(run("ingest", page)) == ["Read 2 listings: 0 papers added, 0 updated, 2 unchanged."]
    changed = PAGE.splitlines()[1].replace("75", "74")
    assert lines(run("ingest", "-", stdin=changed)) == [
        "Read 1 listing: 0 papers added, 1 updated, 0 unchanged."
    ]
    assert lines(run("papers", "remove", "on umbrellas")) == ["Removed On Umbrellas"]
    assert lines(run("papers", "list")) == [f"{paper_id('On Ladders')} On Ladders"]
    assert lines(run("status")) == [
        f"Home     {tmp_path / 'home'}",
        "Papers   1",
        "Encoder  words",
        "Reader   extractive",
    ]
    assert lines(run("ingest", "--rebuild")) == []
    shown = value(run("papers", "remove", "--json", "On Ladders"))
    assert isinstance(shown, list)
    assert [one["title"] for one in shown] == ["On Ladders"]
    done = run("ask", "What leans?")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("assistant: There are no papers in ")
    assert done.stderr.endswith("add some with assistant ingest FILE.\n")


def test_a_report_as_json_names_what_was_rejected(run: Run, tmp_path: Path) -> None:
    (tmp_path / "page.jsonl").write_text(PAGE + '\n{"title": "No text"}\n')
    done = run("ingest", "--json", tmp_path / "page.jsonl", ASSISTANT_EMBEDDING="words")
    assert done.returncode == 0
    report = json.loads(done.stdout)
    reason = 'The record has no "abstract", "text" or "summary"; add one.'
    assert report == {
        "listings": 2,
        "added": 2,
        "updated": 0,
        "unchanged": 0,
        "rejected": [{"source": str(tmp_path / "page.jsonl"), "line": 3, "reason": reason}],
    }
    assert done.stderr == f"assistant: {tmp_path / 'page.jsonl'}:3: {reason}\n"


def test_status_as_json(run: Run, small_home: Path) -> None:
    assert value(run("status", "--json", ASSISTANT_HOME=small_home)) == {
        "home": str(small_home),
        "papers": 12,
        "unfinished": 0,
        "encoder": "all-MiniLM-L6-v2",
        "reader": "extractive",
        "without_tokens": 0,
        "server": None,
    }


def test_an_index_without_token_vectors_answers_and_says_how_to_add_them(
    run: Run, small_home: Path, tmp_path: Path
) -> None:
    home = Path(shutil.copytree(small_home, tmp_path / "older"))
    with closing(sqlite3.connect(home / "ledger.sqlite3")) as ledger, ledger:
        ledger.execute("DELETE FROM token_vectors")
        ledger.execute("DELETE FROM token_counts")
    advice = "assistant ingest --rebuild adds the token vectors"
    for command in (("ask", "How much energy does KettleNet save?"), ("search", "KettleNet"), ("status",)):
        done = run(*command, ASSISTANT_HOME=home)
        assert done.returncode == 0
        assert "KettleNet" in done.stdout or command == ("status",)
        assert done.stderr.startswith("12 papers indexed by an older version")
        assert advice in done.stderr
    assert run("ingest", "--rebuild", ASSISTANT_HOME=home).returncode == 0
    done = run("ask", "How much energy does KettleNet save?", ASSISTANT_HOME=home)
    assert "KettleNet" in done.stdout
    assert done.stderr == ""


def test_an_empty_home_lists_nothing_and_says_what_to_do(run: Run) -> None:
    done = run("papers", "list")
    assert (done.returncode, done.stdout) == (0, "")
    assert "assistant ingest FILE" in done.stderr
    assert value(run("papers", "list", "--json")) == []


# What must not reach a terminal


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


# Pipes and signals


def test_a_reader_that_leaves_early_is_no_error(
    environment: dict[str, str], small_home: Path, tmp_path: Path
) -> None:
    for command in ("assistant papers list | head -n 1", "assistant papers list --json | head -n 1"):
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=tmp_path,
            env={**environment, "ASSISTANT_HOME": str(small_home)},
            check=False,
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize("arguments", [("papers", "list"), ("papers", "list", "--json"), ("status",)])
def test_a_reader_that_was_never_there_is_no_error(
    environment: dict[str, str], small_home: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        ["assistant", *arguments],
        cwd=tmp_path,
        env={**environment, "ASSISTANT_HOME": str(small_home)},
        check=False,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writing)
    assert done.stderr == ""
    assert done.returncode == 1


def test_an_interrupt_stops_it_in_one_line(environment: dict[str, str], tmp_path: Path) -> None:
    with subprocess.Popen(
        ["assistant", "ingest", "-"],
        cwd=tmp_path,
        env={**environment, "ASSISTANT_HOME": str(tmp_path / "home"), "ASSISTANT_EMBEDDING": "words"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A parent that ignores interrupts, as a job in the background does, hands that down.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    ) as process:
        while not (tmp_path / "home" / "ledger.sqlite3").exists():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        # Standard input stays open: what ends the command is the signal.
        process.wait(timeout=60)
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read() == ""
        assert "Traceback" not in process.stderr.read()
        assert process.returncode == 130
