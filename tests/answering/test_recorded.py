"""Replies of a model, kept and given again: over real sockets, with real files, and without a key."""

import asyncio
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from peer import MODEL, Peer, Script
from recording import ASKED, QUESTION, Open, deltas, essence, files, text

from assistant import Answer, Recordings, Settings, Usage
from assistant.answering.model import Delta, OpenAIModel
from assistant.answering.prompts import Message
from assistant.answering.recorded import repeating

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
