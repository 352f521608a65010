"""Replies of a model, kept and given again: over real sockets, with real files, and without a key."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from peer import MODEL, Peer, Request, Script, failing
from pydantic import SecretStr

from assistant import Answer, Assistant, Failure, ModelError, RecordingError, Recordings, Settings, Usage
from assistant.answering.model import Delta, OpenAIModel
from assistant.answering.prompts import Message
from assistant.answering.recorded import repeating

Open = Callable[..., Assistant]

QUESTION = "How much energy does KettleNet save?"
KEY = "sk-loopback-0123456789"
ASKED = [Message(role="system", content="Be brief."), Message(role="user", content="Does tea cool?")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "recordings"


@pytest.fixture
def without_key(model_settings: Settings) -> Settings:
    """The same settings on a machine that has no key."""
    return model_settings.model_copy(update={"openai_api_key": None})


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def deltas(settings: Settings, recordings: Recordings, *, stream: bool = False, **more: Any) -> list[Delta]:
    model = recordings.of(OpenAIModel(settings))
    try:
        return list(model.send(more.pop("messages", ASKED), stream=stream, **more))
    finally:
        model.close()


def text(settings: Settings, recordings: Recordings, **more: Any) -> str:
    return "".join(delta.text for delta in deltas(settings, recordings, **more))


def essence(answer: Answer) -> dict[str, Any]:
    """An answer without the time that it took."""
    names = (
        "text",
        "refused",
        "reader",
        "citations",
        "sources",
        "unsupported",
        "removed",
        "usage",
        "complete",
    )
    return {name: getattr(answer, name) for name in names}


# Recording and replaying


def test_an_answer_is_replayed_without_a_key_and_without_a_call(
    opened: Open, model_settings: Settings, without_key: Settings, peer: Peer, folder: Path
) -> None:
    peer.says("KettleNet saves 17.5% of the energy [1]. Tea is graded too [9].")
    first = opened(model_settings, recordings=Recordings(folder)).ask(QUESTION)
    assert len(peer.requests) == 1
    again = opened(without_key, recordings=Recordings(folder, replay=True)).ask(QUESTION)
    assert essence(again) == essence(first)
    assert again.usage == Usage(100, 20)
    assert again.reader == MODEL
    assert len(peer.requests) == 1


def test_what_was_recorded_is_asked_only_once(model_settings: Settings, peer: Peer, folder: Path) -> None:
    peer.says("It does.", "It does not.")
    assert text(model_settings, Recordings(folder)) == "It does."
    assert text(model_settings, Recordings(folder)) == "It does."
    assert len(peer.requests) == 1


def test_replaying_never_imports_openai(
    small_home: Path, cache: Path, model_settings: Settings, opened: Open, peer: Peer, folder: Path
) -> None:
    peer.says("KettleNet saves 17.5% [1].")
    opened(model_settings, recordings=Recordings(folder)).ask(QUESTION)
    code = (
        "import sys\nfrom pathlib import Path\nfrom assistant import Assistant, Recordings\n"
        f"with Assistant.open(recordings=Recordings(Path({str(folder)!r}), replay=True)) as assistant:\n"
        f"    assistant.prepare()\n    print(assistant.ask({QUESTION!r}).text)\n"
        "print('openai' in sys.modules)"
    )
    environment = {
        "HOME": str(folder),
        "PATH": os.defpath,
        "ASSISTANT_HOME": str(small_home),
        "ASSISTANT_CACHE": str(cache),
        "ASSISTANT_MODEL": MODEL,
        "OPENAI_BASE_URL": peer.url,
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=folder, check=False, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("KettleNet saves 17.5% [1].\nFalse\n", "")
    assert len(peer.requests) == 1


@pytest.mark.parametrize("how", ["send", "asend"])
def test_a_stream_replays_in_the_same_pieces(
    model_settings: Settings, without_key: Settings, peer: Peer, folder: Path, how: str
) -> None:
    pieces = ["It ", "co", "ols", " 😀", " — é", ".\n\n", "Yes"]
    peer.says(Script(text="", pieces=pieces))

    def asked(settings: Settings, recordings: Recordings) -> list[Delta]:
        if how == "send":
            return deltas(settings, recordings, stream=True)

        async def collected() -> list[Delta]:
            return [delta async for delta in recordings.of(OpenAIModel(settings)).asend(ASKED, stream=True)]

        return asyncio.run(collected())

    for settings, recordings in (
        (model_settings, Recordings(folder)),
        (without_key, Recordings(folder, replay=True)),
    ):
        came = asked(settings, recordings)
        assert [delta.text for delta in came if delta.text] == pieces
        assert [delta.usage for delta in came if delta.usage] == [Usage(100, 20)]
        assert [delta.finish for delta in came if delta.finish] == ["stop"]
    assert len(peer.requests) == 1


def test_a_reply_is_replayed_whole_or_in_pieces_however_it_was_recorded(
    model_settings: Settings, peer: Peer, folder: Path
) -> None:
    peer.says(Script(text="It cools."))
    deltas(model_settings, Recordings(folder), stream=True)
    (whole,) = deltas(model_settings, Recordings(folder, replay=True), stream=False)
    assert whole == Delta("It cools.", Usage(100, 20), "stop")
    other = [Message(role="user", content="And coffee?")]
    peer.says("It does too.")
    deltas(model_settings, Recordings(folder), messages=other)
    came = deltas(model_settings, Recordings(folder, replay=True), messages=other, stream=True)
    assert [delta.text for delta in came if delta.text] == ["It does too."]


def test_an_answer_that_streams_is_replayed_as_it_came(
    opened: Open, model_settings: Settings, peer: Peer, folder: Path
) -> None:
    peer.says("KettleNet saves 17.5% [1]. So it is [77].")
    stream = opened(model_settings, recordings=Recordings(folder)).stream(QUESTION)
    shown = list(stream)

    async def replayed() -> Answer:
        again = opened(model_settings, recordings=Recordings(folder, replay=True)).astream(QUESTION)
        assert [piece async for piece in again] == shown
        return again.answer

    assert essence(asyncio.run(replayed())) == essence(stream.answer)
    assert len(peer.requests) == 1


def test_a_conversation_is_replayed(
    opened: Open, model_settings: Settings, without_key: Settings, peer: Peer, folder: Path
) -> None:
    peer.says("It saves 17.5% [1].", "What does KettleNet halve?", "The waiting time [1].")
    talk = opened(model_settings, recordings=Recordings(folder)).conversation()
    first = [talk.ask(QUESTION), talk.ask("And what does it halve?")]
    assert len(files(folder)) == len(peer.requests) == 3
    talk = opened(without_key, recordings=Recordings(folder, replay=True)).conversation()
    again = [talk.ask(QUESTION), talk.ask("And what does it halve?")]
    assert [essence(answer) for answer in again] == [essence(answer) for answer in first]
    assert len(peer.requests) == 3


def test_another_model_may_be_chosen_from_the_recordings(
    opened: Open, model_settings: Settings, without_key: Settings, peer: Peer, folder: Path
) -> None:
    nowhere = without_key.model_copy(update={"model": "extractive"})
    assistant = opened(nowhere, recordings=Recordings(folder, replay=True))
    assert assistant.ask(QUESTION).reader == "extractive"
    peer.says("It saves 17.5% [1].")
    opened(model_settings, recordings=Recordings(folder)).ask(QUESTION)
    assistant.choose_model(MODEL)
    assert assistant.ask(QUESTION).text == "It saves 17.5% [1]."


# What a call is known by


def test_everything_that_decides_a_reply_makes_another_recording(
    model_settings: Settings, peer: Peer, folder: Path
) -> None:
    peer.by_default = lambda _: Script(text=f"Reply {len(peer.requests)}.")
    schema = {"title": "Reply", "type": "object"}
    other = [ASKED[0], Message(role="user", content="Does tea cool? ")]
    cases: list[tuple[Settings, dict[str, Any]]] = [
        (model_settings, {}),
        (model_settings.model_copy(update={"model": "another"}), {}),
        (model_settings.model_copy(update={"reply": 100}), {}),
        (model_settings, {"messages": other}),
        (model_settings, {"messages": [*ASKED, *ASKED]}),
        (model_settings, {"schema": schema}),
        (
            model_settings.model_copy(update={"openai_base_url": peer.url.replace("127.0.0.1", "localhost")}),
            {},
        ),
    ]
    for round_ in range(2):
        for number, (settings, more) in enumerate(cases, start=1):
            recordings = Recordings(folder, replay=round_ == 1)
            assert text(settings, recordings, **more) == f"Reply {number}."
    assert len(files(folder)) == len(peer.requests) == len(cases)


def test_a_repeat_is_a_call_of_its_own(model_settings: Settings, peer: Peer, folder: Path) -> None:
    peer.says("First.", "Second.", "Third.")
    recordings = Recordings(folder)
    assert text(model_settings, recordings) == "First."
    with repeating(1):
        assert text(model_settings, recordings) == "Second."
        with repeating(2):
            assert text(model_settings, recordings) == "Third."
        assert text(model_settings, recordings) == "Second."
    with repeating(0):
        assert text(model_settings, recordings) == "First."


def test_a_repeat_reaches_the_calls_of_an_assistant(
    opened: Open, model_settings: Settings, peer: Peer, folder: Path
) -> None:
    peer.by_default = lambda _: Script(text=f"It saves {len(peer.requests)}% [1].")
    assistant = opened(model_settings, recordings=Recordings(folder))

    def asked(number: int) -> str:
        with repeating(number):
            return assistant.ask(QUESTION).text

    async def aasked(number: int) -> str:
        with repeating(number):
            return (await assistant.aask(QUESTION)).text

    with ThreadPoolExecutor(3) as threads:
        came = list(threads.map(asked, range(3)))
    assert sorted(came) == ["It saves 1% [1].", "It saves 2% [1].", "It saves 3% [1]."]

    async def together() -> list[str]:
        return await asyncio.gather(*(aasked(number) for number in range(3)))

    assert asyncio.run(together()) == came
    assert len(peer.requests) == 3


# What is kept


def test_a_file_says_what_was_asked_and_never_the_key(
    opened: Open, model_settings: Settings, peer: Peer, folder: Path
) -> None:
    host = peer.url.removeprefix("http://")
    settings = model_settings.model_copy(
        update={"openai_base_url": f"http://ada:sesame-0@{host}?token={KEY}"}
    )
    model = Recordings(folder).of(OpenAIModel(settings))
    assert model.address == peer.url
    peer.says(Script(text="", pieces=["It is sk-loop", "back-0123456789, ", "they say."]))
    messages = [Message(role="user", content=f"Is my key {KEY}?")]
    came = "".join(
        delta.text for delta in deltas(model_settings, Recordings(folder), messages=messages, stream=True)
    )
    assert KEY in came
    (file,) = files(folder)
    kept = json.loads(file.read_text(encoding="utf-8"))
    assert kept == {
        "model": MODEL,
        "address": peer.url,
        "parameters": {"temperature": 0.0, "reply": 2048},
        "repeat": 0,
        "messages": [{"role": "user", "content": "Is my key (key removed)?"}],
        "text": "It is (key removed), they say.",
        "pieces": [30],
        "usage": {"input_tokens": 100, "output_tokens": 20},
        "finish": "stop",
    }
    assert file.parent.name == file.name[:2]
    assert len(file.stem) == 64
    assert KEY not in file.read_text()
    opened(model_settings, recordings=Recordings(folder)).ask(QUESTION)
    assert all(KEY not in file.read_text() for file in files(folder))
    again = deltas(
        model_settings.model_copy(update={"openai_api_key": SecretStr("another-key-altogether")}),
        Recordings(folder, replay=True),
        messages=messages,
        stream=True,
    )
    assert "".join(delta.text for delta in again) == "It is (key removed), they say."


def test_a_stream_that_is_stopped_is_not_kept(model_settings: Settings, peer: Peer, folder: Path) -> None:
    peer.says(Script(text="It cools all the time.", pause=0.05))
    model = Recordings(folder).of(OpenAIModel(model_settings))
    stream = model.send(ASKED, stream=True)
    assert next(stream).text == "It "
    stream.close()
    assert peer.gone.wait(5)
    model.close()
    assert files(folder) == []
    peer.says("It cools.")
    assert text(model_settings, Recordings(folder)) == "It cools."
    assert len(files(folder)) == 1


@pytest.mark.anyio
async def test_an_asynchronous_stream_that_is_stopped_is_not_kept(
    model_settings: Settings, peer: Peer, folder: Path
) -> None:
    peer.says(Script(text="It cools all the time.", pause=0.05))
    stream = Recordings(folder).of(OpenAIModel(model_settings)).asend(ASKED, stream=True)
    assert (await anext(stream)).text == "It "
    await stream.aclose()
    assert files(folder) == []


FAILING = {
    "empty": Script(text=""),
    "failing": failing(500, "Down"),
    "busy": failing(429, "Slow down"),
    "wrong key": failing(401, "No", "invalid_api_key"),
}
CUT = {"cut": Script(text="It co", cut=True), "without an end": Script(text="It co", finish=None)}


@pytest.mark.parametrize(
    ("script", "stream"),
    [(script, False) for script in FAILING.values()]
    + [(script, True) for script in (*FAILING.values(), *CUT.values())],
    ids=[f"{name}, whole" for name in FAILING] + [f"{name}, streaming" for name in (*FAILING, *CUT)],
)
def test_what_may_go_better_the_next_time_is_not_kept(
    opened: Open, model_settings: Settings, peer: Peer, folder: Path, script: Script, *, stream: bool
) -> None:
    peer.says(script, "It saves 17.5% [1].")
    assistant = opened(model_settings, recordings=Recordings(folder))
    with pytest.raises(ModelError):
        "".join(assistant.stream(QUESTION)) if stream else assistant.ask(QUESTION)
    assert files(folder) == []
    assert assistant.ask(QUESTION).text == "It saves 17.5% [1]."


def test_a_prompt_that_was_too_long_is_shortened_in_a_replay_too(
    opened: Open, model_settings: Settings, without_key: Settings, peer: Peer, folder: Path
) -> None:
    peer.says(
        failing(400, "maximum context length is 4096 tokens", "context_length_exceeded"),
        "It saves 17.5% [1].",
    )
    first = opened(model_settings, recordings=Recordings(folder)).ask(QUESTION)
    again = opened(without_key, recordings=Recordings(folder, replay=True)).ask(QUESTION)
    assert essence(again) == essence(first)
    assert len(files(folder)) == len(peer.requests) == 2


@pytest.mark.parametrize(
    "script",
    [
        failing(400, "Blocked by our content policy", "content_filter"),
        Script(text="", finish="content_filter"),
    ],
)
def test_what_a_filter_held_back_is_held_back_in_a_replay_too(
    opened: Open, model_settings: Settings, without_key: Settings, peer: Peer, folder: Path, script: Script
) -> None:
    peer.says(script)
    for settings, replay in ((model_settings, False), (without_key, True)):
        with pytest.raises(ModelError) as caught:
            opened(settings, recordings=Recordings(folder, replay=replay)).ask(QUESTION)
        assert caught.value.failure is Failure.FILTERED
    assert len(peer.requests) == 1


def test_what_the_server_does_not_take_is_no_part_of_the_call(
    model_settings: Settings, without_key: Settings, peer: Peer, folder: Path
) -> None:
    def without_temperature(request: Request) -> Script:
        if "temperature" in request.body:
            return failing(400, "Unsupported parameter: 'temperature'", param="temperature")
        return Script(text=f"Reply {len(peer.requests)}.")

    peer.by_default = without_temperature
    recorded = Recordings(folder).of(OpenAIModel(model_settings))
    for _ in range(2):
        assert [delta.text for delta in recorded.send(ASKED, stream=False)] == ["Reply 2."]
    recorded.close()
    assert text(without_key, Recordings(folder, replay=True)) == "Reply 2."


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
