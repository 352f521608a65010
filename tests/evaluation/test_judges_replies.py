"""Replies of a judging model that cannot be used."""

import json
import re
import time

import pytest
from judging import KEY, QUESTION, SAVES, TWO_CLAIMS, TWO_JUDGED, TWO_VERDICTS, claims, verdicts
from peer import MODEL, Peer, Script, failing

from assistant import Settings
from assistant.evaluation.judging.choosing import judge_for
from assistant.evaluation.judging.judge import Judge, JudgeError, Source, Statement
from assistant.evaluation.judging.structured import Claims, read_form

WRONG = {
    "too few": (verdicts(("supported", "")), "it gives 1 verdict for 2 claims"),
    "too many": (verdicts(*[("supported", "")] * 3), "it gives 3 verdicts for 2 claims"),
    "none": (verdicts(), "it gives 0 verdicts for 2 claims"),
    "one twice": (
        TWO_VERDICTS.replace('"claim": 2', '"claim": 1'),
        "it does not name each claim from 1 to 2 once",
    ),
    "from nought": (
        TWO_VERDICTS.replace('"claim": 1', '"claim": 0').replace('"claim": 2', '"claim": 1'),
        "it does not name each claim from 1 to 2 once",
    ),
    "another verdict": (
        TWO_VERDICTS.replace("not found", "probably"),
        "at verdicts.1.verdict: Input should be 'supported', 'contradicted' or 'not found'",
    ),
    "no verdict": (TWO_VERDICTS.replace('"verdict"', '"judgement"'), "at verdicts.0.verdict: Field required"),
    "broken JSON": (TWO_VERDICTS[:-5], "at verdicts: Field required"),
    "no JSON": ("All of it is supported.", "it holds no JSON object"),
    "nothing": ("", "it holds no JSON object"),
}


@pytest.mark.parametrize(("wrong", "flaw"), WRONG.values(), ids=WRONG)
def test_a_reply_that_cannot_be_used_is_asked_for_once_more(
    judge: Judge, peer: Peer, wrong: str, flaw: str
) -> None:
    peer.says(TWO_CLAIMS, wrong, TWO_VERDICTS)
    assert judge.judge(QUESTION, [SAVES])[0].claims == TWO_JUDGED
    first, second = (request.body["messages"] for request in peer.requests[1:])
    assert first[0] == second[0]
    assert second[1]["content"] == (
        f"{first[1]['content']}\n\nYour last reply could not be used: {flaw}. "
        "Return the whole JSON object once more, corrected."
    )


@pytest.mark.parametrize(("wrong", "flaw"), WRONG.values(), ids=WRONG)
def test_twice_is_an_error_that_says_why(judge: Judge, peer: Peer, wrong: str, flaw: str) -> None:
    peer.says(TWO_CLAIMS, verdicts(*[("supported", "")] * 5), wrong)
    with pytest.raises(JudgeError) as caught:
        judge.judge(QUESTION, [SAVES])
    assert str(caught.value) == (
        f"{MODEL} was asked 2 times and its reply cannot be used as a judge's: {flaw}. Name another model in "
        "ASSISTANT_JUDGE_MODEL, or raise ASSISTANT_REPLY if the reply ends early."
    )
    assert len(peer.requests) == 3


@pytest.mark.parametrize(
    ("wrong", "flaw"),
    [
        (claims((2, "It saves.")), "claim 1 names sentence 2, and the last is 1"),
        (claims((1, "It saves."), (0, "It saves.")), "claim 2 names sentence 0, and the last is 1"),
        (claims((1, " ")), "claim 1 is empty"),
        ("[]", "it holds no JSON object"),
        ('{"claims": "none"}', "at claims: Input should be a valid list"),
    ],
)
def test_claims_are_checked_too(judge: Judge, peer: Peer, wrong: str, flaw: str) -> None:
    peer.says(wrong, TWO_CLAIMS, TWO_VERDICTS)
    assert judge.judge(QUESTION, [SAVES])[0].claims == TWO_JUDGED
    assert f"could not be used: {flaw}." in peer.requests[1].text
    peer.says(wrong, wrong)
    with pytest.raises(JudgeError, match=re.escape(flaw)):
        judge.judge(QUESTION, [SAVES])


@pytest.mark.parametrize(
    "reply",
    [
        f"<think>Perhaps {TWO_VERDICTS.replace('supported', 'contradicted')}? No.</think>{TWO_VERDICTS}",
        TWO_VERDICTS.replace("not found", "Not_Found").replace('"supported"', '"SUPPORTED"'),
        TWO_VERDICTS.replace('{"claim"', '{"reason": "it says {so}", "claim"'),
        f"{{see below}} {TWO_VERDICTS} {{ }} {{",
        f"```json\n{json.dumps(json.loads(TWO_VERDICTS), indent=2)}\n```",
    ],
)
def test_what_stands_around_the_object_does_no_harm(judge: Judge, peer: Peer, reply: str) -> None:
    peer.says(TWO_CLAIMS, reply)
    assert judge.judge(QUESTION, [SAVES])[0].claims == TWO_JUDGED
    assert len(peer.requests) == 2


def test_reading_a_hostile_reply_ends() -> None:
    for reply in ('{"a":' * 20_000, "{" * 100_000, '{"' * 5_000, '{"claims": [' + "[" * 50_000):
        assert read_form(Claims, reply, 1)[0] is None


def test_a_form_behind_objects_that_break_off_is_found_in_time() -> None:
    broken = '{"a":' * 600 + "x "
    begun = time.thread_time()
    found, _ = read_form(Claims, broken * 25 + claims((1, "Tea cools.")), 1)
    # Trying each of 15,000 objects takes seconds.
    assert time.thread_time() - begun < 1
    assert found is not None
    assert [claim.text for claim in found.claims] == ["Tea cools."]


def test_so_many_objects_that_break_off_are_no_form() -> None:
    begun = time.thread_time()
    found, flaw = read_form(Claims, '{"' * 100_000 + claims((1, "Tea cools.")), 1)
    # Trying each of 50,000 objects takes ten seconds.
    assert time.thread_time() - begun < 1
    assert (found, flaw) == (None, "it holds no JSON object")


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (failing(401, f"Incorrect API key provided: {KEY}", "invalid_api_key"), "does not accept the key"),
        (failing(500, "Down"), "has failed"),
        (
            failing(400, "maximum context length is 4096", "context_length_exceeded"),
            "too long for peer-model",
        ),
    ],
)
def test_a_model_that_fails_is_a_judge_that_fails(
    judge: Judge, peer: Peer, script: Script, says: str
) -> None:
    peer.says(script)
    with pytest.raises(JudgeError, match=says) as caught:
        judge.judge(QUESTION, [SAVES])
    assert KEY not in str(caught.value)


def test_papers_that_do_not_fit_are_an_error_and_never_cut(model_settings: Settings, peer: Peer) -> None:
    small = judge_for("model", model_settings.model_copy(update={"context": 2_000, "reply": 500}))
    long = Source("Long", "Tea cools slowly in a pot of clay. " * 300)
    peer.says(claims((1, "Tea cools.")))
    with pytest.raises(JudgeError, match="set ASSISTANT_CONTEXT"):
        small.judge(QUESTION, [Statement("Tea cools.", (long,))])
    small.close()
    assert len(peer.requests) == 1
