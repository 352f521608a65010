"""Calls to a server of chat completions: what is sent, what comes back, and what goes wrong."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from peer import MODEL, Peer, Request, Script, failing

from assistant import Answer, Assistant, Failure, ModelError, Paper, Settings, Usage
from assistant.answering.budget import Turn
from assistant.answering.model import OpenAIModel
from assistant.answering.model_reader import ModelReader
from assistant.answering.reply import REFUSAL_SIGN

Titled = Callable[[str], Paper]
Open = Callable[..., Assistant]

QUESTION = "How much energy does KettleNet save?"
OFF_TOPIC = "Who won the football world cup in 1998?"
KEY = "sk-loopback-0123456789"


# Answers


def test_a_model_answers_from_the_papers_it_is_shown(
    answering: Assistant, peer: Peer, titled: Titled
) -> None:
    peer.says("KettleNet saves 17.5% of the energy [1]. Tea is graded too [9, 11].")
    answer = answering.ask(QUESTION)
    assert answer.text == "KettleNet saves 17.5% of the energy [1]. Tea is graded too [2]."
    assert answer.reader == MODEL
    assert not answer.refused
    assert answer.complete
    assert not answer.uncited
    assert [citation.number for citation in answer.citations] == [1, 2]
    assert answer.citations[0].paper == titled("KettleNet")
    assert answer.citations[1].paper == answer.sources[8].paper
    assert answer.citations[0].passages == ()
    assert (answer.removed, answer.unsupported) == (1, ())
    assert answer.usage == Usage(100, 20)
    assert len(answer.sources) == 10
    assert answer.seconds["waiting"] > 0


def test_the_request_carries_question_papers_and_nothing_to_doubt(
    answering: Assistant, peer: Peer, titled: Titled
) -> None:
    answering.ask(QUESTION)
    (request,) = peer.requests
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.body.keys() == {"model", "messages", "temperature", "max_tokens"}
    assert [message["role"] for message in request.body["messages"]] == ["system", "user"]
    user = request.body["messages"][1]["content"]
    assert user.startswith(f'<paper number="1">\nTitle: {titled("KettleNet").title}')
    assert titled("KettleNet").text in user
    assert user.endswith(f"Question: {QUESTION}")
    assert REFUSAL_SIGN in request.body["messages"][0]["content"]


def test_the_sign_of_a_refusal_is_a_refusal(answering: Assistant, peer: Peer) -> None:
    peer.says(f"**{REFUSAL_SIGN}**: paper [1] is on tea.")
    answer = answering.ask(QUESTION)
    assert answer.refused
    assert answer.text == "The papers here do not answer this question."
    assert (answer.citations, answer.unsupported, answer.uncited) == ((), (), False)
    assert answer.usage == Usage(100, 20)


def test_no_model_is_asked_when_nothing_relevant_was_found(answering: Assistant, peer: Peer) -> None:
    answer = answering.ask(OFF_TOPIC)
    assert answer.refused
    assert answer.usage is None
    assert answer.reader == MODEL
    assert answer.sources
    assert peer.requests == []
    stream = answering.stream(OFF_TOPIC)
    assert "".join(stream) == stream.answer.text == answer.text
    assert peer.requests == []


def test_an_answer_without_any_citation_is_marked(answering: Assistant, peer: Peer) -> None:
    peer.says("KettleNet saves a lot. It was shown in 'Kettles at Large' [99].")
    answer = answering.ask(QUESTION)
    assert answer.uncited
    assert answer.unsupported == ("KettleNet saves a lot.", "It was shown in 'Kettles at Large'.")
    assert answer.citations == ()
    assert answer.removed == 1


def test_a_reply_that_reaches_its_limit_is_not_complete(answering: Assistant, peer: Peer) -> None:
    peer.says(Script(text="KettleNet saves [1", finish="length"))
    answer = answering.ask(QUESTION)
    assert not answer.complete


def test_tokens_are_counted_here_where_the_server_does_not_say(answering: Assistant, peer: Peer) -> None:
    peer.says(Script(text="It saves 17.5% [1].", usage=None))
    usage = answering.ask(QUESTION).usage
    assert usage is not None
    assert usage.estimated
    assert 1_000 < usage.input_tokens < 3_000
    assert 5 < usage.output_tokens < 15


def test_costs_come_from_the_users_own_prices(opened: Open, model_settings: Settings, peer: Peer) -> None:
    peer.says("It saves 17.5% [1].")
    settings = model_settings.model_copy(update={"prices": {MODEL: (2.0, 10.0)}})
    assert opened(settings).ask(QUESTION).usage == Usage(100, 20, cost=0.0004)
    peer.says("It saves 17.5% [1].")
    settings = model_settings.model_copy(update={"prices": {"another": (2.0, 10.0)}})
    assert opened(settings).ask(QUESTION).usage == Usage(100, 20)


def test_usage_adds_up() -> None:
    both = Usage(1, 2, cost=0.5) + Usage(3, 4, cost=0.25, estimated=True)
    assert both == Usage(4, 6, cost=0.75, estimated=True)
    assert (Usage(1, 2, cost=0.5) + Usage(3, 4)).cost is None


# Context and conversation


def reader_of(assistant: Assistant) -> ModelReader:
    reader = assistant._reader
    assert isinstance(reader, ModelReader)
    return reader


def test_papers_that_do_not_fit_are_left_out_and_still_sources(
    opened: Open, model_settings: Settings, peer: Peer
) -> None:
    peer.says("It saves 17.5% [1]. And more [10].")
    settings = model_settings.model_copy(update={"context": 1_000, "reply": 100})
    answer = opened(settings).ask(QUESTION)
    shown = peer.requests[0].text.count("<paper number=") - 1  # the prompt speaks of the fence once
    assert 1 <= shown < 10
    assert len(answer.sources) == 10
    assert len(answer.citations) == 1
    assert answer.removed == 1


def test_no_room_for_a_paper_is_said(opened: Open, model_settings: Settings, peer: Peer) -> None:
    settings = model_settings.model_copy(update={"context": 512, "reply": 256})
    with pytest.raises(ModelError, match="ASSISTANT_CONTEXT") as caught:
        opened(settings).ask(QUESTION)
    assert caught.value.failure is Failure.CONTEXT
    assert peer.requests == []


def test_earlier_turns_reach_the_model(answering: Assistant, peer: Peer) -> None:
    peer.says("It saves 17.5% [1].")
    turns = [Turn("What is KettleNet?", "A controller [1].")]
    reader_of(answering).answer(answering._search_for(QUESTION, None, None), turns)
    assert "What is KettleNet?" in peer.requests[0].text
    assert "A controller [1]." in peer.requests[0].text


@pytest.mark.parametrize(
    ("reply", "question"),
    [
        ('"How much energy does\nKettleNet save?"', "How much energy does KettleNet save?"),
        ("<think>it is KettleNet</think>What of KettleNet?", "What of KettleNet?"),
        ("…", "And how much?"),
        ("x" * 9_000, "And how much?"),
    ],
)
def test_a_follow_up_is_rewritten(answering: Assistant, peer: Peer, reply: str, question: str) -> None:
    peer.says(reply)
    turns = [Turn("What is KettleNet?", "A controller [1].")]
    assert reader_of(answering).standalone("And how much?", turns)[0] == question
    assert "What is KettleNet?" in peer.requests[0].text
    assert "And how much?" in peer.requests[0].text


# What a model rejects


def picky(*rejected: str, limit: str = "") -> Callable[[Request], Script]:
    """A server that rejects parameters in OpenAI's words."""

    def script(request: Request) -> Script:
        for name in rejected:
            if name in request.body:
                return failing(
                    400,
                    f"Unsupported parameter: '{name}' is not supported with this model.",
                    "unsupported_parameter",
                    param=name,
                )
        if limit and limit not in request.body:
            return failing(400, f"Missing {limit}")
        return Script(text="It saves 17.5% [1].")

    return script


@pytest.mark.parametrize(
    ("rejected", "limit", "first", "then"),
    [
        (("temperature",), "", {"temperature", "max_tokens"}, {"max_tokens"}),
        (
            ("max_tokens",),
            "max_completion_tokens",
            {"temperature", "max_tokens"},
            {"temperature", "max_completion_tokens"},
        ),
        (
            ("temperature", "max_tokens", "max_completion_tokens"),
            "",
            {"temperature", "max_tokens"},
            set(),
        ),
    ],
)
def test_what_is_rejected_is_adapted_once_and_remembered(
    answering: Assistant, peer: Peer, rejected: tuple[str, ...], limit: str, first: set[str], then: set[str]
) -> None:
    peer.by_default = picky(*rejected, limit=limit)
    assert answering.ask(QUESTION).citations
    sent = [set(request.body) - {"model", "messages"} for request in peer.requests]
    assert (sent[0], sent[-1], len(sent)) == (first, then, 1 + len(rejected))
    peer.requests.clear()
    assert answering.ask(QUESTION).citations
    assert asyncio.run(answering.aask(QUESTION)).citations
    assert [set(request.body) - {"model", "messages"} for request in peer.requests] == [then, then]


def test_a_stream_without_usage_is_asked_for_where_that_is_rejected(answering: Assistant, peer: Peer) -> None:
    peer.by_default = picky("stream_options")
    stream = answering.stream(QUESTION)
    assert "".join(stream) == "It saves 17.5% [1]."
    assert stream.answer.usage is not None
    assert stream.answer.usage.estimated


def test_a_rejection_that_nothing_cures_is_an_error(answering: Assistant, peer: Peer) -> None:
    peer.by_default = lambda _: failing(
        400, "Invalid value for 'messages'.", "invalid_value", param="messages"
    )
    with pytest.raises(ModelError, match=r"rejects the request .status 400: Invalid value") as caught:
        answering.ask(QUESTION)
    assert caught.value.failure is Failure.REJECTED
    assert len(peer.requests) == 1


TOO_LONG = [
    failing(
        400,
        "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens.",
        "context_length_exceeded",
        param="messages",
    ),
    failing(
        400,
        "'max_tokens' or 'max_completion_tokens' is too large: 2048. This model's maximum context length is "
        "4096 tokens and your request has 3000 input tokens.",
        type="BadRequestError",
    ),
    failing(
        400,
        "the request exceeds the available context size, try increasing it",
        type="exceed_context_size_error",
    ),
    Script(status=413, body={"error": {"message": "Request Entity Too Large"}}),
]


@pytest.mark.parametrize("script", TOO_LONG)
@pytest.mark.parametrize("stream", [False, True])
def test_a_context_too_long_means_fewer_papers_once(
    answering: Assistant, peer: Peer, script: Script, *, stream: bool
) -> None:
    peer.says(script, "It saves 17.5% [1].")
    answer = last(answering, stream=stream)
    assert answer.text == "It saves 17.5% [1]."
    first, second = (request.text.count("<paper number=") for request in peer.requests)
    assert 1 < second < first
    peer.says(script, script)
    with pytest.raises(ModelError) as caught:
        last(answering, stream=stream)
    assert caught.value.failure is Failure.CONTEXT
    assert len(peer.requests) == 4


def last(assistant: Assistant, *, stream: bool) -> Answer:
    """The answer of one of the two ways to ask."""
    if not stream:
        return assistant.ask(QUESTION)
    pieces = assistant.stream(QUESTION)
    for _ in pieces:
        pass
    return pieces.answer


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
    peer.says(Script(text="late", wait=1.0))
    settings = model_settings.model_copy(update={"timeout": 0.2})
    start = time.perf_counter()
    with pytest.raises(ModelError, match=r"no sign for 0\.2 seconds") as caught:
        opened(settings).ask(QUESTION)
    assert caught.value.failure is Failure.TIMEOUT
    assert time.perf_counter() - start < 0.9


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
    assert 0.3 <= time.perf_counter() - start < 5
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
    assert time.perf_counter() - start < 5
    assert len(peer.requests) == 1


def test_attempts_share_one_patience(opened: Open, model_settings: Settings, peer: Peer) -> None:
    peer.by_default = lambda _: Script(text="late", wait=1.0)
    assistant = opened(model_settings.model_copy(update={"retries": 3, "patience": 0.3}))
    start = time.perf_counter()
    with pytest.raises(ModelError) as caught:
        assistant.ask(QUESTION)
    assert caught.value.failure is Failure.TIMEOUT
    assert time.perf_counter() - start < 2


def test_openai_itself_is_asked_for_completion_tokens(model_settings: Settings) -> None:
    model = OpenAIModel(model_settings.model_copy(update={"openai_base_url": None}))
    assert model._habits.parameters(7, stream=False) == {"temperature": 0.0, "max_completion_tokens": 7}
