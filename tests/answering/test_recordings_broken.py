"""Recordings that are missing or broken, and several writers of them."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from peer import MODEL, Peer, Script
from recording import QUESTION, Open, files, text

from assistant import RecordingError, Recordings, Settings
from assistant.answering.model import OpenAIModel
from assistant.answering.prompts import Message
from assistant.answering.recorded import repeating

# What is missing or broken


def test_a_missing_reply_is_said_in_one_sentence(
    opened: Open, without_key: Settings, peer: Peer, folder: Path
) -> None:
    assistant = opened(without_key, recordings=Recordings(folder, replay=True))
    with pytest.raises(RecordingError) as caught, repeating(3):
        assistant.ask(QUESTION)
    said = str(caught.value)
    assert said.startswith(
        f"No reply of {MODEL} at {peer.url} is recorded in {folder} to the prompt that ends "
    )
    assert f"Question: {QUESTION}" in said
    assert "(repeat 3, " in said
    assert said.endswith(": ask the model once without replaying, with the same settings and prompts.")
    assert "\n" not in said
    assert peer.requests == []
    stream = assistant.stream(QUESTION)
    with pytest.raises(RecordingError):
        list(stream)
    with pytest.raises(RecordingError):
        asyncio.run(assistant.aask(QUESTION))


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b'{"text": "It", "pieces": [3]}', b'{"text": "", "pieces": []}', b"\xff\xfe", b"[]"],
)
def test_a_broken_file_is_recorded_anew_and_stops_a_replay(
    model_settings: Settings, peer: Peer, folder: Path, damage: bytes
) -> None:
    peer.says("It cools.", "It still cools.")
    text(model_settings, Recordings(folder))
    (file,) = files(folder)
    file.write_bytes(damage)
    with pytest.raises(RecordingError) as caught:
        text(model_settings, Recordings(folder, replay=True))
    assert str(caught.value) == (
        f"The recording {file} cannot be read: remove it, and ask the model once more without replaying."
    )
    assert text(model_settings, Recordings(folder)) == "It still cools."
    assert text(model_settings, Recordings(folder, replay=True)) == "It still cools."


def test_a_folder_that_cannot_be_written_is_named(
    model_settings: Settings, peer: Peer, tmp_path: Path
) -> None:
    peer.says("It cools.")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(
        RecordingError, match=rf"cannot be recorded in {tmp_path}/file \(Not a directory\): free"
    ):
        text(model_settings, Recordings(tmp_path / "file"))


def test_a_recording_that_cannot_be_put_in_its_place_leaves_nothing(
    model_settings: Settings, peer: Peer, folder: Path
) -> None:
    peer.says("It cools.", "It cools.")
    text(model_settings, Recordings(folder))
    (file,) = files(folder)
    file.unlink()
    file.mkdir()
    with pytest.raises(RecordingError, match="cannot be recorded"):
        text(model_settings, Recordings(folder))
    assert files(folder) == []


# Writers


def test_many_writers_leave_whole_files(model_settings: Settings, peer: Peer, folder: Path) -> None:
    peer.by_default = lambda request: Script(text=f"{request.text[-1]} " * 500)
    model = Recordings(folder).of(OpenAIModel(model_settings))
    stop = threading.Event()
    broken: list[str] = []

    def look() -> None:
        while not stop.is_set():
            for file in folder.rglob("*.json"):
                try:
                    json.loads(file.read_text())
                except ValueError:
                    broken.append(file.name)

    def ask(number: int) -> str:
        messages = [Message(role="user", content=str(number % 4))]
        return "".join(delta.text for delta in model.send(messages, stream=number % 3 == 0))

    watching = threading.Thread(target=look)
    watching.start()
    with ThreadPoolExecutor(8) as threads:
        replies = list(threads.map(ask, range(64)))
    stop.set()
    watching.join()
    model.close()
    assert replies == [f"{number % 4} " * 500 for number in range(64)]
    assert broken == []
    assert len(files(folder)) == 4
    for number in range(4):
        messages = [Message(role="user", content=str(number))]
        assert text(model_settings, Recordings(folder, replay=True), messages=messages) == f"{number} " * 500


def test_a_recording_that_is_killed_leaves_nothing_half(peer: Peer, folder: Path) -> None:
    peer.by_default = lambda request: Script(text=f"{request.text} " * 20_000)
    code = (
        "import sys, itertools, pathlib\n"
        "from assistant.answering.model import OpenAIModel\n"
        "from assistant import Recordings, Settings\n"
        "model = Recordings(pathlib.Path(sys.argv[1])).of(OpenAIModel(Settings()))\n"
        "for number in itertools.count():\n"
        "    list(model.send([{'role': 'user', 'content': str(number)}], stream=False))\n"
    )
    folder.mkdir()
    environment = {
        "HOME": str(folder),
        "PATH": os.defpath,
        "OPENAI_BASE_URL": peer.url,
        "ASSISTANT_MODEL": MODEL,
    }
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], env=environment, cwd=folder, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 60
    while len(list(folder.rglob("*.json"))) < 20 and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = list(folder.rglob("*.json"))
    assert len(kept) >= 20
    settings = Settings(openai_base_url=peer.url, model=MODEL)
    asked = len(peer.requests)
    for number in range(len(kept)):
        messages = [Message(role="user", content=str(number))]
        assert text(settings, Recordings(folder, replay=True), messages=messages) == f"{number} " * 20_000
    assert len(peer.requests) == asked
