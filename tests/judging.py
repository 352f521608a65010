"""A model as judge: statements, and the replies of a server about them."""

import json
from collections.abc import Iterator

import pytest

from assistant import Settings
from assistant.evaluation.judging.choosing import judge_for
from assistant.evaluation.judging.judge import Claim, Judge, Source, Statement, Verdict

KEY = "sk-loopback-0123456789"
QUESTION = "How much energy does KettleNet save?"
KETTLE = Source("KettleNet", "KettleNet predicts when water boils. It saves 17.5% of the energy.")
POOL = Source("Empty Pools", "An empty pool echoes for 5.1 seconds. Foam brings this down to 1.3 seconds.")
SAVES = Statement("KettleNet saves 17.5% of the energy and whistles.", (KETTLE,))
ECHOES = Statement("A pool echoes for 9 seconds.", (POOL,))
UNCITED = Statement("It is the best of kettles.", ())


def claims(*texts: tuple[int, str]) -> str:
    return json.dumps({"claims": [{"sentence": number, "text": text} for number, text in texts]})


def verdicts(*found: tuple[str, str]) -> str:
    listed = [
        {"claim": number, "evidence": evidence, "verdict": verdict}
        for number, (verdict, evidence) in enumerate(found, start=1)
    ]
    return json.dumps({"verdicts": listed})


TWO_CLAIMS = claims((1, "KettleNet saves 17.5% of the energy."), (1, "KettleNet whistles."))
TWO_VERDICTS = verdicts(("supported", "It saves 17.5% of the energy."), ("not found", ""))
TWO_JUDGED = (
    Claim("KettleNet saves 17.5% of the energy.", Verdict.SUPPORTED, 1.0, "It saves 17.5% of the energy."),
    Claim("KettleNet whistles.", Verdict.NOT_FOUND, 0.0, ""),
)


@pytest.fixture
def judge(model_settings: Settings) -> Iterator[Judge]:
    judge = judge_for("model", model_settings)
    yield judge
    judge.close()
