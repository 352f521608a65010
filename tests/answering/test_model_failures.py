"""Calls that go wrong: how they are told apart, and how long they are waited for."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from asked import last
from peer import Peer, Script, failing

from assistant import Answer, Assistant, Failure, ModelError, Settings
from assistant.answering.model import OpenAIModel

Open = Callable[..., Assistant]

QUESTION = "How much energy does KettleNet save?"
KEY = "sk-loopback-0123456789"


# Failures


@dataclass(frozen=True)
class Case:
    script: Script
    failure: Failure
    says: str


HTML = "<html><body>It works!</body></html>"
CASES = {
    "wrong key": Case(
        failing(401, f"Incorrect API key provided: {KEY}. You can find your key at …", "invalid_api_key"),
        Failure.WRONG_KEY,
        "does not accept the key in OPENAI_API_KEY: check it",
    ),
    "no such model": Case(
        failing(
            404, "The model `peer-model` does not exist or you do not have access to it.", "model_not_found"
        ),
        Failure.NO_MODEL,
        "has no model peer-model for you: set ASSISTANT_MODEL",
    ),
    "no such model, Ollama": Case(
        failing(404, 'model "peer-model" not found, try pulling it first', type="api_error"),
        Failure.NO_MODEL,
        "set ASSISTANT_MODEL",
    ),
    "no such model, LiteLLM": Case(
        failing(400, "Invalid model name passed in model=peer-model. Call `/v1/models`", "400"),
        Failure.NO_MODEL,
        "set ASSISTANT_MODEL",
    ),
    "wrong address": Case(
        failing(404, "Invalid URL (POST /chat/completions)"), Failure.WRONG_ADDRESS, "check OPENAI_BASE_URL"
    ),
    "a page": Case(Script(raw=HTML), Failure.WRONG_ADDRESS, "check OPENAI_BASE_URL"),
    "quota": Case(
        failing(
            429,
            "You exceeded your current quota, please check your plan and billing details.",
            "insufficient_quota",
            type="insufficient_quota",
        ),
        Failure.QUOTA,
        "the quota is used up",
    ),
    "no credit": Case(failing(402, "Insufficient Balance"), Failure.QUOTA, "the quota is used up"),
    "rate limit": Case(
        failing(429, "Rate limit reached for requests", "rate_limit_exceeded", type="requests"),
        Failure.RATE_LIMIT,
        "too many requests: wait a little",
    ),
    "content filter": Case(
        failing(
            400,
            "The response was filtered due to the prompt triggering our content management policy.",
            "content_filter",
        ),
        Failure.FILTERED,
        "content filter",
    ),
    "failing server": Case(
        failing(503, "The engine is overloaded.", type="server_error"),
        Failure.SERVER,
        "has failed (status 503: The engine is overloaded): ask again later",
    ),
    "filtered reply": Case(
        Script(text="It saves", finish="content_filter"), Failure.FILTERED, "content filter"
    ),
    "empty reply": Case(Script(text=""), Failure.EMPTY, "gave an empty reply"),
    "nothing but reasoning": Case(
        Script(text="<think>Hm. [1]", finish="length"), Failure.EMPTY, "raise ASSISTANT_REPLY"
    ),
}


@pytest.mark.parametrize("name", list(CASES))
@pytest.mark.parametrize("how", ["whole", "stream", "async"])
def test_failures_are_told_apart_in_one_sentence(
    answering: Assistant, peer: Peer, name: str, how: str
) -> None:
    case = CASES[name]
    peer.by_default = lambda _: case.script

    def ask() -> Answer:
        if how == "async":
            return asyncio.run(answering.aask(QUESTION))
        return last(answering, stream=how == "stream")

    with pytest.raises(ModelError) as caught:
        ask()
    said = str(caught.value)
    assert caught.value.failure is case.failure
    assert case.says in said
    assert KEY not in said
    assert KEY[3:] not in repr(caught.value)
    assert said.endswith(".")
    assert "\n" not in said


def test_a_server_that_wants_a_key_and_got_none(opened: Open, model_settings: Settings, peer: Peer) -> None:
    peer.says(failing(401, "You didn't provide an API key."))
    settings = model_settings.model_copy(update={"openai_api_key": None})
    with pytest.raises(ModelError, match="none is set: put it into OPENAI_API_KEY") as caught:
        opened(settings).ask(QUESTION)
    assert caught.value.failure is Failure.NO_KEY


def test_a_server_that_is_not_there(opened: Open, model_settings: Settings) -> None:
    settings = model_settings.model_copy(update={"openai_base_url": "http://user:pass-word@127.0.0.1:9/v1"})
    with pytest.raises(ModelError, match=r"The server at http://127.0.0.1:9 cannot be reached") as caught:
        opened(settings).ask(QUESTION)
    assert caught.value.failure is Failure.UNREACHABLE
    assert "pass-word" not in str(caught.value)


def test_a_server_that_gives_no_sign(opened: Open, model_settings: Settings, peer: Peer) -> None:
    peer.says(Script(text="late", wait=60.0))
    settings = model_settings.model_copy(update={"timeout": 0.2})
    start = time.perf_counter()
    with pytest.raises(ModelError, match=r"no sign for 0\.2 seconds") as caught:
        opened(settings).ask(QUESTION)
    assert caught.value.failure is Failure.TIMEOUT
    assert time.perf_counter() - start < 20


def test_an_error_inside_a_stream_keeps_what_came(answering: Assistant, peer: Peer) -> None:
    event = {
        "error": {"message": f"The server had an error with {KEY}", "type": "server_error", "code": None}
    }
    peer.says(Script(text="It saves 17.5% [1]", event=event))
    stream = answering.stream(QUESTION)
    came: list[str] = []
    with pytest.raises(ModelError, match="cut off on its way") as caught:
        came.extend(stream)
    assert caught.value.failure is Failure.CUT
    assert KEY not in str(caught.value)
    assert stream.answer.text.startswith("It saves 17.5%")


# Waiting


def test_a_rate_limit_is_waited_for_as_the_server_says(
    opened: Open, model_settings: Settings, peer: Peer
) -> None:
    peer.says(failing(429, "slow down", headers={"Retry-After": "0.3"}), "It saves 17.5% [1].")
    settings = model_settings.model_copy(update={"retries": 1})
    start = time.perf_counter()
    assert opened(settings).ask(QUESTION).citations
    assert 0.3 <= time.perf_counter() - start < 20
    assert len(peer.requests) == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "30"},
        {"retry-after-ms": "30000"},
        {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)},
    ],
)
@pytest.mark.parametrize("asynchronous", [False, True])
def test_no_longer_than_our_patience(
    opened: Open, model_settings: Settings, peer: Peer, headers: dict[str, str], *, asynchronous: bool
) -> None:
    peer.by_default = lambda _: failing(429, "slow down", headers=headers)
    assistant = opened(model_settings.model_copy(update={"retries": 2, "patience": 1.0}))
    start = time.perf_counter()
    with pytest.raises(ModelError) as caught:
        asyncio.run(assistant.aask(QUESTION)) if asynchronous else assistant.ask(QUESTION)
    assert caught.value.failure is Failure.RATE_LIMIT
    assert time.perf_counter() - start < 20
    assert len(peer.requests) == 1


def test_attempts_share_one_patience(opened: Open, model_settings: Settings, peer: Peer) -> None:
    peer.by_default = lambda _: Script(text="late", wait=60.0)
    assistant = opened(model_settings.model_copy(update={"retries": 3, "patience": 1.5}))
    start = time.perf_counter()
    with pytest.raises(ModelError) as caught:
        assistant.ask(QUESTION)
    assert caught.value.failure is Failure.TIMEOUT
    # Four of 1.5 seconds each would be 6, and the pauses between them more.
    assert time.perf_counter() - start < 5


def test_openai_itself_is_asked_for_completion_tokens(model_settings: Settings) -> None:
    model = OpenAIModel(model_settings.model_copy(update={"openai_base_url": None}))
    assert model._habits.parameters(7, stream=False) == {"temperature": 0.0, "max_completion_tokens": 7}
