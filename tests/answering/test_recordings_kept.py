"""What a recording holds, and what is not recorded."""

import json
from pathlib import Path

import pytest
from peer import MODEL, Peer, Request, Script, failing
from pydantic import SecretStr
from recording import ASKED, KEY, QUESTION, Open, deltas, essence, files, text

from assistant import Failure, ModelError, Recordings, Settings
from assistant.answering.model import OpenAIModel
from assistant.answering.prompts import Message


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
