"""Bad input: one sentence on stderr, exit 1 or 2, never a traceback, and the index as before."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.index.home import Home
from assistant.index.ledger import Ledger
from assistant.index.words import Words

Run = Callable[..., subprocess.CompletedProcess[str]]


def contents(home: Path) -> object:
    """All that the ledger holds, and how many papers can be found."""
    ledger = Ledger(Home(home).ledger)
    held = (ledger.papers(), ledger.counts(), ledger.revision(), ledger.fact("curated"))
    ledger.close()
    return held, Words(Home(home).words).count()


NOTHING_READ = "Read 0 listings: 0 papers added, 0 updated, 0 unchanged.\n"


def one_sentence(done: subprocess.CompletedProcess[str], *, status: int = 1) -> str:
    """The one line that an error is said in."""
    assert done.returncode == status, done.stderr
    assert done.stdout in ("", NOTHING_READ)
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("assistant: ")
    assert line.endswith((".", "?"))
    assert "unforeseen" not in line
    return line.removeprefix("assistant: ")


# What cannot be taken in


def missing(folder: Path) -> Path:
    return folder / "missing.txt"


def folder_without_pages(folder: Path) -> Path:
    (folder / "photos").mkdir()
    (folder / "photos" / "kettle.png").write_bytes(b"\x89PNG")
    return folder / "photos"


def binary_junk(folder: Path) -> Path:
    (folder / "junk.txt").write_bytes(bytes(range(256)) * 400)
    return folder / "junk.txt"


def empty_file(folder: Path) -> Path:
    (folder / "empty.txt").touch()
    return folder / "empty.txt"


def line_of_50_mb(folder: Path) -> Path:
    with (folder / "line.txt").open("wb") as file:
        for _ in range(50):
            file.write(b"kettle " * 142_857 + b"!\n"[:1])
    return folder / "line.txt"


def record_of_50_mb(folder: Path) -> Path:
    with (folder / "record.jsonl").open("wb") as file:
        file.write(b'{"title": "On Kettles", "abstract": "')
        for _ in range(50):
            file.write(b"k" * 1_000_000)
        file.write(b'"}\n')
    return folder / "record.jsonl"


def pattern_without_match(folder: Path) -> Path:
    return folder / "*.listing"


def latin_1(folder: Path) -> Path:
    (folder / "latin.txt").write_bytes("Größe\n\nDie Größe zählt.\n".encode("latin-1"))
    return folder / "latin.txt"


@pytest.mark.parametrize(
    "make",
    [
        missing,
        folder_without_pages,
        binary_junk,
        empty_file,
        line_of_50_mb,
        record_of_50_mb,
        pattern_without_match,
        latin_1,
    ],
)
def test_what_cannot_be_taken_in_is_named_and_changes_nothing(
    run: Run, copied_home: Path, tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    given = make(tmp_path)
    before = contents(copied_home)
    sentence = one_sentence(run("ingest", given, ASSISTANT_HOME=copied_home))
    assert str(given)[:30] in sentence
    assert contents(copied_home) == before


def test_junk_on_standard_input_is_named_a_dash(run: Run, copied_home: Path) -> None:
    before = contents(copied_home)
    sentence = one_sentence(run("ingest", "-", stdin='{"title": "No text"}\n', ASSISTANT_HOME=copied_home))
    assert sentence.startswith("-:1: ")
    assert contents(copied_home) == before


# What cannot be asked


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ask", ""), "The question is empty"),
        (("ask", " \n "), "The question is empty"),
        (("search", "?!"), "The question is empty"),
        (("ask", "kettle " * 14_285 + "kettl"), "100,000 characters"),
        (("ask", "tea?", "--since", "soon"), "'soon' is no date"),
        (("search", "tea", "--until", "2023-02-30"), "not in the calendar"),
        (("search", "tea", "--since", "2024", "--until", "2023"), "exchange the dates"),
        (("papers", "show", "Tee Kettles"), "papers list"),
        (("papers", "remove", "KettleNet: Boiling Water with Fewer Joules", "Nowhere"), "Nowhere"),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_sentence(
    run: Run, copied_home: Path, arguments: tuple[str, ...], said: str
) -> None:
    before = contents(copied_home)
    assert said in one_sentence(run(*arguments, ASSISTANT_HOME=copied_home))
    assert contents(copied_home) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("ask",),
        ("ask", "two", "questions"),
        ("search", "tea", "--limit", "0"),
        ("ingest",),
        ("brew",),
        ("--tea",),
    ],
)
def test_wrong_usage_ends_with_2_and_shows_the_usage(run: Run, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: assistant")
    assert "Traceback" not in done.stderr


# Places and settings that cannot be used


@pytest.mark.parametrize("arguments", [("ask", "tea?"), ("papers", "list"), ("status",)])
def test_a_home_below_a_file_is_said_in_a_sentence(
    run: Run, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "file").write_text("mine")
    sentence = one_sentence(run(*arguments, ASSISTANT_HOME=tmp_path / "file" / "home"))
    assert str(tmp_path / "file" / "home") in sentence
    assert "ASSISTANT_HOME" in sentence
    assert (tmp_path / "file").read_text() == "mine"


def test_a_home_that_is_a_file_is_said_in_a_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    assert "ASSISTANT_HOME" in one_sentence(run("status", ASSISTANT_HOME=tmp_path / "file"))


def test_a_ledger_that_is_none_is_said_in_a_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "ledger.sqlite3").write_bytes(b"not a database at all, but text\n" * 200)
    assert "ledger.sqlite3" in one_sentence(run("papers", "list"))


@pytest.mark.parametrize("command", ["ask", "ingest"])
def test_without_weights_nothing_changes(run: Run, copied_home: Path, tmp_path: Path, command: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "page.jsonl").write_text('{"title": "On Umbrellas", "abstract": "They fold."}')
    before = contents(copied_home)
    given = "How much energy does KettleNet save?" if command == "ask" else str(tmp_path / "page.jsonl")
    done = run(command, given, ASSISTANT_HOME=copied_home, ASSISTANT_MINILM_DIR=tmp_path / "empty")
    assert "ASSISTANT_MINILM_DIR" in one_sentence(done)
    assert contents(copied_home) == before


def test_a_first_question_without_weights_leaves_the_home_empty(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run("ask", "What does WideNet share?", ASSISTANT_MINILM_DIR=tmp_path / "empty")
    assert "ASSISTANT_MINILM_DIR" in one_sentence(done)
    ledger = Ledger(tmp_path / "home" / "ledger.sqlite3")
    assert ledger.papers() == []
    ledger.close()


@pytest.mark.parametrize(
    ("variable", "given"), [("ASSISTANT_EMBEDDING", "torch"), ("ASSISTANT_LOCK_TIMEOUT", "a while")]
)
def test_a_setting_that_cannot_be_is_named(run: Run, copied_home: Path, variable: str, given: str) -> None:
    sentence = one_sentence(run("status", ASSISTANT_HOME=copied_home, **{variable: given}))
    assert sentence.startswith(f"{variable} cannot be '{given}'")


def test_an_index_of_another_encoder_is_said_in_a_sentence(run: Run, copied_home: Path) -> None:
    before = contents(copied_home)
    sentence = one_sentence(run("ask", "tea?", ASSISTANT_HOME=copied_home, ASSISTANT_EMBEDDING="words"))
    assert "--rebuild" in sentence
    assert contents(copied_home) == before
