"""LlamaIndex's FaithfulnessEvaluator as a judge, over real sockets."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from peer import Peer, Script, failing

from assistant import RecordingError, Recordings, Settings
from assistant.answering.recorded import repeating
from assistant.evaluation.judging.choosing import judge_for
from assistant.evaluation.judging.judge import Claim, Judge, JudgeError, Judgement, Source, Statement, Verdict

QUESTION = "How much energy does KettleNet save?"
KETTLE = Source("KettleNet", "KettleNet predicts when water boils. It saves 17.5% of the energy.")
POOL = Source("Empty Pools", "An empty pool echoes for 5.1 seconds.")
SAVES = Statement("KettleNet saves 17.5% of the energy.", (KETTLE,))
BOTH = Statement("Kettles echo in pools.", (KETTLE, POOL))
UNCITED = Statement("It is the best of kettles.", ())


@pytest.fixture
def judge(model_settings: Settings) -> Iterator[Judge]:
    judge = judge_for("llamaindex", model_settings)
    yield judge
    judge.close()


def test_the_verdict_is_whether_llamaindex_lets_it_pass(judge: Judge, peer: Peer) -> None:
    peer.says("YES", "NO, they do not.")
    judged = judge.judge(QUESTION, [SAVES, UNCITED, BOTH])
    assert judged == [
        Judgement((Claim(SAVES.text, Verdict.SUPPORTED, 1.0),)),
        Judgement((Claim(UNCITED.text, Verdict.NOT_FOUND, 0.0, "The sentence cites nothing."),)),
        Judgement((Claim(BOTH.text, Verdict.NOT_FOUND, 0.0),)),
    ]
    first, second = (request.body for request in peer.requests)
    assert first["temperature"] == 0.0
    assert [message["role"] for message in first["messages"]] == ["user"]
    prompt = first["messages"][0]["content"]
    assert "Please tell if a given piece of information is supported by the context." in prompt
    assert f"Information: {SAVES.text}" in prompt
    assert f"KettleNet\n{KETTLE.text}" in prompt
    assert POOL.text not in prompt
    assert POOL.text in second["messages"][0]["content"]
    assert KETTLE.text in second["messages"][0]["content"]


def test_a_model_that_llamaindex_has_a_template_for_is_asked_with_the_sentence(
    model_settings: Settings, peer: Peer
) -> None:
    judge = judge_for("llamaindex", model_settings.model_copy(update={"model": "llama3:8b"}))
    judge.judge(QUESTION, [SAVES])
    judge.close()
    assert SAVES.text in peer.requests[0].text
    assert KETTLE.text in peer.requests[0].text


def test_it_judges_where_an_event_loop_runs_and_in_threads(judge: Judge, peer: Peer) -> None:
    peer.by_default = lambda request: Script(text="YES" if SAVES.text in request.text else "NO")

    async def in_a_loop() -> list[Judgement]:
        return judge.judge(QUESTION, [SAVES])

    assert asyncio.run(in_a_loop())[0].supported
    with ThreadPoolExecutor(4) as threads:
        judged = threads.map(lambda one: judge.judge(QUESTION, [one])[0].supported, [SAVES, BOTH] * 4)
    assert list(judged) == [True, False] * 4


def test_it_is_recorded_and_replayed_without_a_key(
    model_settings: Settings, peer: Peer, tmp_path: Path
) -> None:
    peer.says("YES", "NO")
    recording = judge_for("llamaindex", model_settings, recordings=Recordings(tmp_path))
    with repeating(0):
        first = recording.judge(QUESTION, [SAVES])
    with repeating(1):
        second = recording.judge(QUESTION, [SAVES])
    recording.close()
    assert [first[0].supported, second[0].supported] == [True, False]
    without_key = model_settings.model_copy(update={"openai_api_key": None})
    replaying = judge_for("llamaindex", without_key, recordings=Recordings(tmp_path, replay=True))
    assert replaying.judge(QUESTION, [SAVES]) == first
    with repeating(1):
        assert replaying.judge(QUESTION, [SAVES]) == second
    with pytest.raises(RecordingError, match="No reply of peer-model"):
        replaying.judge(QUESTION, [BOTH])
    assert len(peer.requests) == 2


def test_a_model_that_fails_is_a_judge_that_fails(judge: Judge, peer: Peer) -> None:
    peer.says(failing(401, "No", "invalid_api_key"))
    with pytest.raises(JudgeError, match="does not accept the key in OPENAI_API_KEY"):
        judge.judge(QUESTION, [SAVES])


def test_llamaindex_is_loaded_for_its_own_judge_alone() -> None:
    code = (
        "import sys\nfrom assistant import Settings\n"
        "from assistant.evaluation.judging.choosing import judge_for\n"
        "settings = Settings(openai_base_url='http://127.0.0.1:1/v1')\n"
        "for name in ('model', 'llamaindex'):\n"
        "    judge_for(name, settings)\n"
        "    print('llama_index' in sys.modules, 'openai' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[0] == "False False"
    assert done.stdout.splitlines()[1].startswith("True")
