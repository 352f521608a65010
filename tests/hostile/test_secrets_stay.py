"""A key planted in the environment, or in a .env file, is found in nothing that was written afterwards."""

import json
import os
import socket
import sqlite3
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from peer import MODEL, Peer, Request, Script, failing
from screen import Terminal

from assistant.answering.answer import Answer
from assistant.answering.conversation import Exchange
from assistant.index.minilm_weights import EncoderFiles
from assistant.terminal.history import FILE, History

Run = Callable[..., subprocess.CompletedProcess[str]]

# One that looks like a key, and one that nobody could tell from words.
SHAPED, PLAIN = "sk-planted-4f9d0c2b7a6e_X", "Marmalade/orchard+7731"
PASSWORD = "Sesame-4711-planted"
CHROMA = "Juniper.ladder=5520"
QUESTION = "How much energy does KettleNet save?"
CURATED = {
    "id": "kettle",
    "suite": "single",
    "question": QUESTION,
    "titles": ["KettleNet: Boiling Water with Fewer Joules"],
    "facts": [["17.5%"]],
}


def telling(request: Request) -> Script:
    """A server that says the key aloud, in whatever it is asked for."""
    key = request.headers["authorization"].removeprefix("Bearer ")
    if request.body.get("response_format"):
        return Script(text=json.dumps({"claims": [{"sentence": 1, "text": f"The key is {key}"}]}))
    return Script(text=f"Your key is {key}: it saves 17.5% [1]. So {key[:8]}\u200b{key[8:]}.")


@pytest.fixture(params=[SHAPED, PLAIN], ids=["shaped", "plain"])
def key(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def scene(
    environment: dict[str, str], model_files: EncoderFiles, copied_home: Path, tmp_path: Path
) -> Iterator[dict[str, str]]:
    """The variables of someone all of whose folders are in one place, to be searched."""
    for name in ("cache", "user", "work"):
        (tmp_path / name).mkdir(exist_ok=True)
    os.link(model_files.model, tmp_path / "cache" / model_files.model.name)
    yield {
        **environment,
        "HOME": str(tmp_path / "user"),
        "TMPDIR": str(tmp_path),
        "ASSISTANT_HOME": str(copied_home),
        "ASSISTANT_CACHE": str(tmp_path / "cache"),
        "ASSISTANT_MODEL": MODEL,
        "ASSISTANT_RETRIES": "0",
        "ASSISTANT_DEBUG": "1",
    }
    for left in copied_home.glob(f"{FILE}*"):
        left.unlink()


def holding(secret: str, *folders: Path) -> list[Path]:
    """The files below folders that hold a secret, or have it for a name."""
    forms = (secret.encode(), secret.replace("_", "\\_").encode())
    return [
        path
        for folder in folders
        for path in folder.rglob("*")
        if secret in path.name
        or (path.is_file() and path.suffix != ".onnx" and any(form in path.read_bytes() for form in forms))
    ]


def test_a_key_is_found_nowhere(scene: dict[str, str], copied_home: Path, peer: Peer, tmp_path: Path) -> None:
    work, key = tmp_path / "work", PLAIN
    (work / ".env").write_text(f"OPENAI_API_KEY={key}\nOPENAI_BASE_URL={peer.url}\n")
    printed: list[str] = []

    def do(*arguments: str, status: int = 0, stdin: str = "", **more: str) -> str:
        done = subprocess.run(
            ["assistant", *arguments],
            cwd=work,
            env={**scene, **more},
            input=stdin,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        printed.extend((done.stdout, done.stderr))
        assert done.returncode == status, done.stderr
        return done.stdout

    peer.by_default = telling
    assert "17.5%" in do("ask", "-v", "--json", QUESTION)
    do("chat", stdin=f"{QUESTION}\nMy key is {key}, is it not?\n")

    # What servers say when they refuse, and a server that is not there.
    peer.says(
        failing(401, f"Incorrect API key provided: {key}", "invalid_api_key"),
        failing(400, f"Bad header: Bearer {key}"),
        Script(status=500, body={"error": {"message": f"crash: {key}", "key": key}}),
        Script(raw=f"<html>{key}</html>"),
    )
    do("ask", "-", status=1, stdin=f"{QUESTION}\n" * 4)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = f"http://ada:{PASSWORD}@127.0.0.1:{free.getsockname()[1]}/v1"
    do("ask", QUESTION, status=1, OPENAI_BASE_URL=gone)

    (work / "mine.jsonl").write_text(json.dumps(CURATED))
    reports = [part for name in ("r.html", "r.xml", "r.md") for part in ("--report", name)]
    questions = ("eval", "--questions", "mine.jsonl", "--home", str(copied_home))
    do(*questions, "--judge", "none", "--out", "run", "--update-baseline", *reports)
    peer.says(failing(401, f"Incorrect API key provided: {key}", "invalid_api_key"))
    do(*questions, "--judge", "none", "--out", "failed", "--recordings", "other", "--json", status=3)
    # The judge gives claims where verdicts are due: its errors are part of the run.
    do(*questions, "--judge", "model", "--out", "judged", "--max-errors", "1", "--recordings", "judge")
    with_password = peer.url.replace("://", f"://ada:{PASSWORD}@")
    do(*questions, "--judge", "none", "--out", "named", *reports, OPENAI_BASE_URL=with_password)

    # All of it happened, with the key:
    assert {f"Bearer {key}"} == {request.headers["authorization"] for request in peer.requests}
    assert list((tmp_path / "cache" / "recordings").rglob("*.json"))
    for written in ("run/results.jsonl", "run/run.json", "mine.baseline.json", "r.html", "r.xml", "r.md"):
        assert (work / written).stat().st_size
    with sqlite3.connect(copied_home / FILE) as kept:
        assert kept.execute("SELECT count(*) FROM exchanges").fetchone() == (2,)
    # and it is nowhere but where it was put.
    for secret in (key, PASSWORD):
        assert [one for one in printed if secret in one] == []
        assert [path for path in holding(secret, tmp_path, copied_home) if path.name != ".env"] == []


def test_a_saved_conversation_is_its_owners_and_holds_no_key(
    scene: dict[str, str], peer: Peer, tmp_path: Path, key: str
) -> None:
    work = tmp_path / "work"
    peer.by_default = telling
    keys = {"OPENAI_API_KEY": key, "ASSISTANT_CHROMA_API_KEY": CHROMA}
    chosen = {**scene, **keys, "NO_COLOR": "1", "OPENAI_BASE_URL": peer.url}
    terminal = Terminal(["assistant", "chat"], chosen, work, columns=100)
    try:
        terminal.until("\n>")
        terminal.type(f"Is {key} a key, or {CHROMA}?\r")
        terminal.until("Sources (")
        for name in ("talk.md", "talk.json"):
            terminal.type(f"/save {name}\r")
            terminal.until(f"Saved to {name}.")
    finally:
        terminal.close()
    for name in ("talk.md", "talk.json"):
        text = (work / name).read_text()
        assert "17.5%" in text
        assert "Is (key removed) a key, or (key removed)?" in text
        assert stat.S_IMODE((work / name).stat().st_mode) == 0o600
    assert holding(key, tmp_path) == []
    assert holding(CHROMA, tmp_path) == []


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_conversations_are_for_their_owner_alone_in_every_file(tmp_path: Path, mode: str) -> None:
    before = os.umask(0)
    try:
        history = History(tmp_path)
        number = history.begin()
        (tmp_path / FILE).chmod(0o666)  # as a backup may put it back
        answer = Answer(question="Tea?", text="Hot.", refused=False, reader="x")
        history.keep(number, Exchange("Tea?", answer))
        with sqlite3.connect(tmp_path / FILE) as other:
            other.execute(f"PRAGMA journal_mode={mode}")
            other.execute("INSERT INTO conversations (begun) VALUES ('2024-06-13T00:00:00+00:00')")
            found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
            other.rollback()
        other.close()
    finally:
        os.umask(before)
    assert len(found) > 1
    assert set(found.values()) == {0o600}
