"""Questions that lean on a conversation: numbers, bearing, dates, and the conversation itself."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from peer import Peer, Script

from assistant import Assistant, Paper, Usage
from assistant.answering.followups import (
    Bearing,
    Before,
    arranged,
    asks_only_for_dates,
    bearing,
    dates_in_words,
    referred,
)

Titled = Callable[[str], Paper]


@pytest.fixture
def before(titled: Titled) -> Before:
    """A conversation about a kettle and sheep, in which an answer about bridges came first."""
    kettle, sheep, bridge = titled("KettleNet"), titled("Counting Sheep"), titled("BridgeGPT")
    return Before(
        shown=(kettle, sheep),
        focus=(kettle,),
        spoken_of=(bridge, kettle, sheep),
        said="What does KettleNet do?",
    )


@pytest.mark.parametrize(
    ("question", "titles"),
    [
        ("how does the second one compare?", ["Counting"]),
        ("What does [2] say, and what [1]?", ["Counting", "KettleNet"]),
        ("And paper 2?", ["Counting"]),
        ("which of these is older?", ["KettleNet", "Counting"]),
        ("is the latter cheaper?", ["Counting"]),
        ("Back to the first one: who used it?", ["BridgeGPT"]),
        ("does the second layer matter?", []),
        ("what is in [7]?", []),
        ("and on ImageNet?", []),
    ],
)
def test_numbers_mean_the_sources_last_shown(question: str, titles: list[str], before: Before) -> None:
    assert [paper.title.split()[0].rstrip(":") for paper in referred(question, before)] == titles


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("and on ImageNet?", Bearing.STAYS),
        ("power draw?", Bearing.STAYS),
        ("how many parameters does it have?", Bearing.STAYS),
        ("is there another controller like that?", Bearing.BESIDE),
        ("any transformer alternative for the same task?", Bearing.BESIDE),
        ("Something else now: what grades tea leaves, and how?", Bearing.ALONE),
        ("How does SnowCast forecast avalanches in its valleys?", Bearing.ALONE),
        ("How long do sailors need to recognise a lighthouse at night?", Bearing.ALONE),
    ],
)
def test_a_question_stays_asks_for_others_or_stands_alone(
    question: str, expected: Bearing, before: Before
) -> None:
    assert bearing(question, before) is expected
    assert bearing(question, Before()) is Bearing.ALONE


def test_papers_spoken_of_come_first_or_after_the_others(titled: Titled) -> None:
    kettle, sheep, pool = titled("KettleNet"), titled("Counting Sheep"), titled("The Acoustics")
    alone, with_title = [(sheep, 1.0), (pool, 0.5)], [(kettle, 1.0), (pool, 0.2)]
    stays = arranged(Bearing.STAYS, alone, with_title, [kettle])
    assert [paper for paper, _ in stays] == [kettle, sheep, pool]
    assert [score for _, score in stays] == [1.0, 0.5, 0.0]
    beside = arranged(Bearing.BESIDE, alone, with_title, [kettle])
    assert [paper for paper, _ in beside] == [sheep, pool, kettle]


def test_dates_in_words(titled: Titled) -> None:
    kettle, sheep, carrots = titled("KettleNet"), titled("Counting Sheep"), titled("RootRank")
    assert dates_in_words([sheep, kettle]) == (
        "Published, oldest first: 4 March 2021 [2], then 5 January 2023 [1]."
    )
    assert dates_in_words([kettle, carrots]) == (
        "Published on 4 March 2021 [1]. The date of this one is not known: [2]."
    )
    assert asks_only_for_dates("and when was it published?")
    assert not asks_only_for_dates("which of these is the first to boil water?")


def test_a_conversation_carries_papers_over_and_drops_them(assistant: Assistant) -> None:
    talk = assistant.conversation()
    assert talk.ask("How much energy does KettleNet save?").citations[0].title.startswith("KettleNet")
    later = talk.ask("how long was it trained?")
    assert "trained for 3 hours" in later.text
    assert later.question == "how long was it trained? (KettleNet: Boiling Water with Fewer Joules)"
    changed = talk.ask("Something else: how long does an empty swimming pool echo?")
    assert "5.1 seconds" in changed.text
    assert [citation.title for citation in changed.citations] == ["The Acoustics of Empty Swimming Pools"]
    assert [exchange.bearing for exchange in talk.exchanges] == ["alone", "stays", "alone"]
    dated = talk.ask("when was it published?")
    assert dated.text == "Published on 6 May 2019 [1]."


def test_a_follow_up_that_the_paper_does_not_answer_is_refused(assistant: Assistant) -> None:
    talk = assistant.conversation()
    talk.ask("How long does an empty swimming pool echo?")
    assert talk.ask("and on ImageNet?").refused


def test_a_model_rewrites_the_question_and_sees_the_papers_named(answering: Assistant, peer: Peer) -> None:
    peer.says("KettleNet saves 17.5% [1].", "What does KettleNet cost?", "It says nothing of it [1].")
    talk = answering.conversation()
    talk.ask("How much energy does KettleNet save?")
    answer = talk.ask("what does [1] cost?")
    condensing, asking = (request.body["messages"][-1]["content"] for request in peer.requests[1:])
    assert "Last question: what does [1] cost?" in condensing
    assert "Answer: KettleNet saves 17.5% [1]." in condensing
    assert "Question: What does KettleNet cost?" in asking
    assert '<paper number="1">\nTitle: KettleNet' in asking
    assert answer.question == "What does KettleNet cost?"


def test_a_conversation_adds_up_what_its_calls_used(answering: Assistant, peer: Peer) -> None:
    talk = answering.conversation()
    assert talk.usage is None
    peer.says(
        Script(text="KettleNet saves 17.5% [1].", usage=(900, 12)),
        Script(text="What does KettleNet cost?", usage=(80, 6)),
        Script(text="It says nothing of it [1].", usage=(1000, 9)),
    )
    talk.ask("How much energy does KettleNet save?")
    assert talk.ask("what does it cost?").usage == Usage(1080, 15)
    assert talk.usage == Usage(1980, 27)


def test_what_came_of_an_answer_that_was_stopped_is_part_of_the_conversation(
    answering: Assistant, peer: Peer
) -> None:
    peer.says(Script(pieces=["KettleNet saves 17.5% [1]. ", *["More. "] * 200], pause=0.02))
    talk = answering.conversation()
    stream = talk.stream("How much energy does KettleNet save?")
    next(stream)
    stream.close()
    (exchange,) = talk.exchanges
    assert not exchange.answer.complete
    assert exchange.answer.text.startswith("KettleNet saves")
    assert talk.forget_last() == exchange
    assert talk.exchanges == []
    assert talk.shown == ()


@pytest.mark.anyio
async def test_a_conversation_from_asynchronous_code(assistant: Assistant) -> None:
    talk = assistant.conversation()
    answer = await talk.aask("How long does an empty swimming pool echo?")
    assert json.dumps(answer.text) == json.dumps(replace(talk.exchanges[0].answer).text)
