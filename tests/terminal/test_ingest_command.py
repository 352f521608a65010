"""Papers taken in and removed by the command, and what `status` says of them."""

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from printed import lines, value

from assistant.corpus import paper_id

Run = Callable[..., subprocess.CompletedProcess[str]]

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
        ledger.execute("DELETE FROM facts WHERE name = 'token_counts'")
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
