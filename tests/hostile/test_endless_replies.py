"""A server that never ends its reply is left, and what came is an answer that says it was cut."""

import asyncio
import time
from collections.abc import Callable

import pytest
from peer import Peer, Script

from assistant import Assistant, ModelError, Settings
from assistant.answering.endless import LONGEST_TOKEN

QUESTION = "How much energy does KettleNet save?"
REPLY = 16
MANY = 2_000_000
"""Pieces that nobody waits for."""


@pytest.fixture
def brief(opened: Callable[..., Assistant], model_settings: Settings) -> Assistant:
    """An assistant whose model may write sixteen tokens."""
    return opened(model_settings.model_copy(update={"reply": REPLY}))


@pytest.mark.parametrize("how", ["ask", "aask", "stream"])
def test_a_reply_without_an_end_is_cut(brief: Assistant, peer: Peer, how: str) -> None:
    peer.says(Script(text="It saves [1]. " * 100_000, pieces=["It saves 17.5% [1]. ", *["More. "] * MANY]))
    begun = time.monotonic()
    if how == "ask":
        with brief.stream(QUESTION) as stream:
            assert len("".join(stream)) <= REPLY * LONGEST_TOKEN
        answer = stream.answer
    else:
        answer = asyncio.run(brief.aask(QUESTION)) if how == "aask" else brief.conversation().ask(QUESTION)
    assert time.monotonic() - begun < 20
    assert answer.citations
    assert not answer.complete
    assert len(answer.text) <= REPLY * LONGEST_TOKEN


def test_one_piece_of_megabytes_is_cut_too(brief: Assistant, peer: Peer) -> None:
    peer.says(Script(text="It saves [1]. " * 200_000, pieces=["It saves [1]. " * 200_000]))
    answer = brief.ask(QUESTION)
    assert len(answer.text) <= REPLY * LONGEST_TOKEN
    assert not answer.complete


def test_pieces_without_text_end_too(brief: Assistant, peer: Peer) -> None:
    peer.says(Script(pieces=[""] * MANY))
    begun = time.monotonic()
    with pytest.raises(ModelError), brief.stream(QUESTION) as stream:
        list(stream)
    assert time.monotonic() - begun < 20
