"""No network call but to the server that was set: every command in a process that refuses and notes others.

The watch stands in Python: `sitecustomize` hooks the interpreter's audit events, in every process that is
begun and in every thread, before anything of ours is loaded. Where the system allows it, the same commands
run in a network namespace that has no way out at all, which binds what is not Python too.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from peer import MODEL, Peer

from assistant.index.minilm_weights import EncoderFiles
from bench.durability.chroma_run import ChromaRun

WATCH = """
import json, os, sys

def watch(event, arguments, allowed=os.environ["NETWORK_ALLOWED"], log=os.environ["NETWORK_LOG"]):
    if event == "socket.connect":
        place = arguments[1]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        place = arguments[:2]
    elif event in ("socket.sendto", "socket.sendmsg"):
        place = arguments[1]
    else:
        return
    told = ":".join(str(part) for part in place[:2]) if isinstance(place, tuple) else str(place)
    with open(log, "a") as file:
        file.write(json.dumps([event, told]) + "\\n")
    if told != allowed:
        raise PermissionError(f"{event} to {told} is not allowed here")

sys.addaudithook(watch)
"""
LLAMAINDEX = """
from assistant import Assistant
with Assistant.open() as assistant:
    print(assistant.as_query_engine().query("How much energy does KettleNet save?"))
    print(len(assistant.as_retriever().retrieve("kettles")))
"""
QUESTION = "How much energy does KettleNet save?"
PAGE = "On Tea\n\nTea is hot, and stays hot for as long as the kettle is near. We measure both.\n"

Do = Callable[..., str]


@pytest.fixture
def watched(
    environment: dict[str, str], model_files: EncoderFiles, copied_home: Path, tmp_path: Path
) -> dict[str, str]:
    """The variables of processes that note what they connect to, and may connect to nothing."""
    assert model_files.model.is_file()
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "sitecustomize.py").write_text(WATCH)
    (tmp_path / "page.txt").write_text(PAGE)
    question = {"id": "moon", "suite": "unanswerable", "question": "Who was the first person on the moon?"}
    (tmp_path / "mine.jsonl").write_text(json.dumps(question))
    return {
        **environment,
        "HOME": str(tmp_path),
        "PYTHONPATH": str(tmp_path / "hooks"),
        "NETWORK_LOG": str(tmp_path / "network.log"),
        "NETWORK_ALLOWED": "nowhere",
        "ASSISTANT_HOME": str(copied_home),
        "ASSISTANT_RETRIES": "0",
    }


def seen(tmp_path: Path) -> set[str]:
    """Where anything tried to connect to."""
    log = tmp_path / "network.log"
    return {json.loads(line)[1] for line in log.read_text().splitlines()} if log.exists() else set()


def done(arguments: list[str], variables: dict[str, str], folder: Path) -> str:
    """What a process printed that ended well."""
    process = subprocess.run(
        arguments, cwd=folder, env=variables, check=False, capture_output=True, text=True, timeout=120
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


def everything(variables: dict[str, str], folder: Path, *before: str) -> None:
    """Ingest, ask, search, remove, evaluate, and ask by LlamaIndex."""
    bin_folder = Path(sys.executable).parent
    command = [*before, str(bin_folder / "assistant")]
    done([*command, "ingest", "page.txt"], variables, folder)
    assert "Sources" in done([*command, "ask", QUESTION], variables, folder)
    assert "On Tea" in done([*command, "search", "tea near the kettle"], variables, folder)
    done([*command, "papers", "remove", "On Tea"], variables, folder)
    home = variables["ASSISTANT_HOME"]
    evaluated = ["eval", "--questions", "mine.jsonl", "--home", home, "--out", f"run{len(before)}"]
    done([*command, *evaluated, "--judge", "offline", "--report", "r.html"], variables, folder)
    done([*before, sys.executable, "-c", LLAMAINDEX], variables, folder)


def _without_network() -> list[str]:
    """The command that begins another in a namespace without a network, or nothing where that is refused."""
    unshare = shutil.which("unshare", path=os.defpath)
    before = [unshare, "--net"] if os.geteuid() == 0 else [unshare, "--map-root-user", "--net"]
    arguments: list[Any] = [*before, "true"]
    allowed = (
        unshare is not None and not subprocess.run(arguments, check=False, capture_output=True).returncode
    )
    return [str(part) for part in before] if allowed else []


def test_without_a_server_nothing_is_spoken_to(watched: dict[str, str], tmp_path: Path) -> None:
    everything(watched, tmp_path, *_without_network())
    assert seen(tmp_path) == set()


def test_with_a_server_it_alone_is_spoken_to(watched: dict[str, str], peer: Peer, tmp_path: Path) -> None:
    allowed = peer.url.removeprefix("http://").removesuffix("/v1")
    variables = {
        **watched,
        "NETWORK_ALLOWED": allowed,
        "ASSISTANT_MODEL": MODEL,
        "OPENAI_BASE_URL": peer.url,
        "OPENAI_API_KEY": "sk-loopback-0123456789",
    }
    command = str(Path(sys.executable).parent / "assistant")
    assert "Sources" in done([command, "ask", QUESTION], variables, tmp_path)
    done([sys.executable, "-c", LLAMAINDEX], variables, tmp_path)
    assert seen(tmp_path) == {allowed}
    assert peer.requests


def test_with_a_chroma_server_it_alone_is_spoken_to(watched: dict[str, str], tmp_path: Path) -> None:
    chroma = ChromaRun(tmp_path / "chroma")
    try:
        allowed = chroma.url.removeprefix("http://")
        variables = {
            **watched,
            "NETWORK_ALLOWED": allowed,
            "ASSISTANT_CHROMA_URL": chroma.url,
            "ASSISTANT_HOME": str(tmp_path / "sharing"),
            "CHROMA_OTEL_COLLECTION_ENDPOINT": "http://127.0.0.1:9",
            "HTTP_PROXY": "http://127.0.0.1:9",
        }
        command = str(Path(sys.executable).parent / "assistant")
        done([command, "ingest", "page.txt"], variables, tmp_path)
        assert "On Tea" in done([command, "search", "tea near the kettle"], variables, tmp_path)
    finally:
        chroma.kill()
    assert seen(tmp_path) == {allowed}


def test_the_watch_sees_and_refuses(watched: dict[str, str], tmp_path: Path) -> None:
    code = "import socket\nprint(socket.socket().connect_ex(('127.0.0.1', 9)))"
    with pytest.raises(AssertionError, match="not allowed here"):
        done([sys.executable, "-c", code], watched, tmp_path)
    assert seen(tmp_path) == {"127.0.0.1:9"}
