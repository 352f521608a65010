"""Answers that stream: the same as whole ones, checked before they show, and stopped at any time."""

import asyncio
import random
import threading
import time
from collections.abc import Callable

import pytest
from peer import MODEL, Peer, Script

from assistant import Answer, AnswerStream, Assistant, Failure, InputError, ModelError, Settings

Open = Callable[..., Assistant]

QUESTION = "How much energy does KettleNet save?"
LONG = "KettleNet saves 17.5% of the energy [1]. " * 200


def same(one: Answer, other: Answer) -> bool:
    """Whether two answers are the same but for the time they took."""
    parts = "question text refused reader citations sources unsupported removed complete usage"
    return all(getattr(one, name) == getattr(other, name) for name in parts.split())


REPLIES = [
    "KettleNet saves 17.5% [1]. Tea is graded [2, 99].",
    "<think>Paper 3 [3]?</think>\n\nKettleNet saves 17.5% 【1】. See [this](http://example.org/x).",
    "**NO_ANSWER_IN_PAPERS**",
    "Nothing is cited here. \x1b[31mRed\x1b[0m.",
    "It saves [1",
    "  Spaces  stay [3] [1]\n\n- a [2]\n- b  ",
]


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("size", [1, 2, 7, 1_000])
@pytest.mark.anyio
async def test_a_streamed_answer_is_the_whole_answer(
    answering: Assistant, peer: Peer, reply: str, size: int
) -> None:
    pieces = [reply[start : start + size] for start in range(0, len(reply), size)]
    peer.by_default = lambda _: Script(text=reply, pieces=pieces)
    whole = answering.ask(QUESTION)
    stream = answering.stream(QUESTION)
    assert "".join(stream) == whole.text
    assert same(stream.answer, whole)
    assert same(await answering.aask(QUESTION), whole)
    astream = answering.astream(QUESTION)
    assert "".join([piece async for piece in astream]) == whole.text
    assert same(astream.answer, whole)


def test_hostile_replies_cite_nothing_that_was_not_shown(
    opened: Open, model_settings: Settings, peer: Peer
) -> None:
    chance = random.Random(5)  # noqa: S311 - no secrets are made of it
    bits = [
        "[1]",
        "[11]",
        "[0]",
        "[3-99]",
        "【2】",
        "[1",
        "]",
        "[[9]]",
        "(http://x.y)",
        "<think>",
        "</think>",
        "[^4]",
    ]
    bits += [
        "KettleNet ",
        "saves. ",
        "\n",
        "(1).",
        "\x1b[2J",
        "[Kettles at Large](http://x.y/z)",
        "NO_ANSWER_IN_",
        " ",
    ]
    assistant = opened(model_settings)
    reader = assistant._reader
    retrieval = assistant._search_for(QUESTION, None, None)()
    shown = {hit.paper.paper_id for hit in retrieval.hits}
    for _ in range(100):
        reply = "".join(chance.choice(bits) for _ in range(chance.randrange(1, 30)))
        peer.says(reply, reply)
        whole = outcome(lambda: reader.answer(lambda: retrieval))
        streamed = outcome(lambda: read(reader.stream(lambda: retrieval)))
        if isinstance(whole, Answer) and isinstance(streamed, Answer):
            assert same(whole, streamed)
            assert {citation.paper_id for citation in whole.citations} <= shown
            assert "\x1b" not in whole.text
            assert "://" not in whole.text
        else:
            assert whole == streamed == Failure.EMPTY
    assert len(peer.requests) == 200


def outcome(ask: Callable[[], Answer]) -> Answer | Failure:
    try:
        return ask()
    except ModelError as error:
        return error.failure


def read(stream: AnswerStream) -> Answer:
    text = "".join(stream)
    assert text == stream.answer.text
    return stream.answer


def test_no_piece_ever_holds_part_of_a_marker(answering: Assistant, peer: Peer) -> None:
    reply = "Tea cools [1][99] and [2, 3] breaks【4】."
    peer.says(Script(text=reply, pieces=list(reply)))
    shown = ""
    for piece in answering.stream(QUESTION):
        shown += piece
        assert shown.count("[") == shown.count("]")
        assert "9" not in shown
    assert shown == "Tea cools [1] and [2][3] breaks[4]."


def test_text_is_shown_while_the_rest_is_still_to_come(answering: Assistant, peer: Peer) -> None:
    seen = threading.Event()
    peer.says(Script(pieces=["KettleNet ", "saves ", "17.5% [1]."], hold=seen))
    stream = answering.stream(QUESTION)
    assert next(stream) == "KettleNet"
    with pytest.raises(RuntimeError, match="has not ended"):
        _ = stream.answer
    seen.set()
    assert "".join(stream) == " saves 17.5% [1]."


def test_the_first_word_comes_at_once(answering: Assistant, peer: Peer) -> None:
    """What our code adds to the search and to the openai package's own call stays under 50 ms."""
    import openai

    answering.ask(QUESTION)
    messages = peer.requests[-1].body["messages"]
    bare, ours = [], []
    with openai.OpenAI(base_url=peer.url, api_key="sk-loopback") as client:
        for _ in range(9):
            peer.says(*[Script(pieces=["KettleNet", " saves [1]."])] * 2)
            start = time.perf_counter()
            with client.chat.completions.create(model=MODEL, messages=messages, stream=True) as chunks:
                next(iter(chunks))
                bare.append(time.perf_counter() - start)
            start = time.perf_counter()
            stream = answering.stream(QUESTION)
            next(stream)
            elapsed = time.perf_counter() - start
            assert "".join(stream)
            seconds = stream.answer.seconds
            search = sum(seconds[stage] for stage in ("encode", "dense", "words", "late", "fusion"))
            ours.append(elapsed - search)
    # The quickest of each: the machine may be busy with something else at times.
    assert min(ours) - min(bare) < 0.05


def test_an_unusable_question_is_refused_before_any_piece(answering: Assistant) -> None:
    with pytest.raises(InputError, match="empty"):
        answering.stream("  ")
    with pytest.raises(InputError, match="no date"):
        answering.astream(QUESTION, since="soon")


def test_the_extractive_reader_streams_too(assistant: Assistant) -> None:
    stream = assistant.stream(QUESTION)
    assert "".join(stream) == assistant.ask(QUESTION).text == stream.answer.text
    astream = assistant.astream(QUESTION)

    async def text() -> str:
        return "".join([piece async for piece in astream])

    assert asyncio.run(text()) == astream.answer.text == stream.answer.text


# Ending early


def slow(peer: Peer) -> None:
    peer.says(Script(text=LONG, pause=0.005))


def test_closing_a_stream_closes_the_connection_and_keeps_what_came(answering: Assistant, peer: Peer) -> None:
    slow(peer)
    stream = answering.stream(QUESTION)
    came = "".join(next(stream) for _ in range(20))
    stream.close()
    assert peer.gone.wait(5)
    assert stream.answer.text == came
    assert not stream.answer.complete
    assert [citation.number for citation in stream.answer.citations] == [1]
    assert list(stream) == []


def test_leaving_a_stream_in_the_middle_closes_it(answering: Assistant, peer: Peer) -> None:
    slow(peer)
    with answering.stream(QUESTION) as stream:
        for _ in stream:
            break
    assert peer.gone.wait(5)
    assert LONG.startswith(stream.answer.text)


def test_an_interrupt_closes_the_connection_and_keeps_what_came(answering: Assistant, peer: Peer) -> None:
    import signal

    slow(peer)
    stream = answering.stream(QUESTION)
    came = ""

    def interrupted() -> None:
        nonlocal came
        for piece in stream:
            came += piece
            if len(came) > 100:
                signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    stream.close()
    assert peer.gone.wait(5)
    assert stream.answer.text == came


@pytest.mark.anyio
async def test_cancelling_a_task_closes_the_connection_and_keeps_what_came(
    answering: Assistant, peer: Peer
) -> None:
    slow(peer)
    stream = answering.astream(QUESTION)
    came = ""
    enough = asyncio.Event()

    async def reading() -> None:
        nonlocal came
        async for piece in stream:
            came += piece
            if len(came) > 100:
                enough.set()

    task = asyncio.create_task(reading())
    await enough.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(peer.gone.wait, 5)
    assert stream.answer.text == came
    assert not stream.answer.complete


@pytest.mark.anyio
async def test_leaving_an_asynchronous_stream_closes_it(answering: Assistant, peer: Peer) -> None:
    slow(peer)
    async with answering.astream(QUESTION) as stream:
        first = await anext(stream)
    assert await asyncio.to_thread(peer.gone.wait, 5)
    assert stream.answer.text == first
    assert [piece async for piece in stream] == []


@pytest.mark.anyio
async def test_a_cut_stream_is_an_error_that_keeps_what_came(answering: Assistant, peer: Peer) -> None:
    for script in (
        Script(text="KettleNet saves 17.5% [1]. And [2", cut=True),
        Script(text="KettleNet saves 17.5% [1]. And [2", finish=None),
    ):
        peer.says(script, script)
        stream = answering.stream(QUESTION)
        shown: list[str] = []
        with pytest.raises(ModelError, match="cut off on its way") as caught:
            shown.extend(stream)
        assert caught.value.failure is Failure.CUT
        assert "".join(shown) == stream.answer.text == "KettleNet saves 17.5% [1]. And [2]"
        assert not stream.answer.complete
        astream = answering.astream(QUESTION)
        with pytest.raises(ModelError, match="cut off on its way"):
            [piece async for piece in astream]
        assert astream.answer.text == stream.answer.text


@pytest.mark.anyio
async def test_answers_at_once_leave_the_event_loop_free(answering: Assistant, peer: Peer) -> None:
    peer.by_default = lambda _: Script(text="KettleNet saves 17.5% [1].", wait=1.0)
    await answering.aask(QUESTION)
    start = time.perf_counter()
    answers = await asyncio.gather(*(answering.aask(QUESTION) for _ in range(6)))
    assert {answer.text for answer in answers} == {"KettleNet saves 17.5% [1]."}
    assert time.perf_counter() - start < 6 * 1.0
