"""Calls to a server of chat completions: what is sent, and what comes back."""

from collections.abc import Callable

import pytest
from peer import MODEL, Peer, Script

from assistant import Assistant, Failure, ModelError, Paper, Settings, Usage
from assistant.answering.budget import Turn
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
