"""What a model's server rejects: parameters it does not know, and contexts that are too long."""

import asyncio
from collections.abc import Callable

import pytest
from asked import last
from peer import Peer, Request, Script, failing

from assistant import Assistant, Failure, ModelError

QUESTION = "How much energy does KettleNet save?"


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
