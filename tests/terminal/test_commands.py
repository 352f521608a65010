"""The installed command, driven from outside: what it prints and how it ends."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from printed import lines, value

from assistant import Paper
from assistant.corpus import paper_id

Run = Callable[..., subprocess.CompletedProcess[str]]
Titled = Callable[[str], Paper]

SHEEP = "With what error does the drone's detector count the animals of a flock?"
OFF_TOPIC = "Who won the football world cup in 1998?"


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
