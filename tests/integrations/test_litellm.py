"""LiteLLM's proxy as a server that nobody here wrote.

Its pins cannot be met beside our own, so `make setup` gives it an environment of its own inside ours. The
tests are skipped where that is missing, as in an environment made by other means.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from assistant import Assistant, Failure, ModelError, Settings
from assistant.answering.model import OpenAIModel
from assistant.answering.prompts import Prompts
from assistant.evaluation.judging.judge import Claim, Source, Statement, Verdict
from assistant.evaluation.judging.model_judge import ModelJudge
from assistant.evaluation.judging.structured import Verdicts

LITELLM = Path(sys.prefix) / "litellm" / "bin" / "litellm"
QUESTION = "How much energy does KettleNet save?"
KEY = "sk-loopback-0123456789"
CONFIG = f"""
model_list:
  - model_name: mocked
    litellm_params:
      model: openai/mocked
      api_key: none
      mock_response: "KettleNet saves 17.5% of the energy [1]. Nobody knows more [99]."
  - model_name: judging
    litellm_params:
      model: openai/judging
      api_key: none
      mock_response: >
        {{"claims": [{{"sentence": 1, "text": "It saves energy."}}]}}
        {{"verdicts": [{{"claim": 1, "evidence": "It saves energy.", "verdict": "supported"}}]}}
general_settings:
  master_key: {KEY}
"""

# Nothing of whoever runs the tests (a database, keys), and nothing from the network: by default the proxy
# fetches lists of models and headers when it starts, though it ships both.
ENVIRONMENT = {
    "PATH": os.defpath,
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
}

pytestmark = pytest.mark.skipif(not LITELLM.exists(), reason=f"there is no {LITELLM}: make setup installs it")


@pytest.fixture(scope="session")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The proxy on a free port, with a model that always says the same."""
    folder = tmp_path_factory.mktemp("litellm")
    (folder / "config.yaml").write_text(CONFIG)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                LITELLM,
                *("--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)),
                *("--num_workers", "1"),
            ],
            cwd=folder,
            env=ENVIRONMENT | {"HOME": str(folder)},
            stdout=log,
            stderr=log,
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/health/liveliness", process)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
            process.wait(20)


def wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert process.poll() is None
        try:
            with urllib.request.urlopen(address, timeout=2):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail("LiteLLM's proxy did not start")


@pytest.fixture
def settings(small_home: Path, proxy: str) -> Settings:
    return Settings(
        home=small_home, openai_base_url=proxy, openai_api_key=SecretStr(KEY), model="mocked", retries=0
    )


def test_it_answers_whole_and_piece_by_piece(opened: Callable[..., Assistant], settings: Settings) -> None:
    assistant = opened(settings)
    answer = assistant.ask(QUESTION)
    assert answer.text == "KettleNet saves 17.5% of the energy [1]. Nobody knows more."
    assert answer.citations[0].title.startswith("KettleNet")
    assert (answer.removed, answer.unsupported) == (1, ("Nobody knows more.",))
    assert answer.usage is not None
    assert answer.usage.output_tokens > 0
    stream = assistant.stream(QUESTION)
    assert "".join(stream) == answer.text
    assert stream.answer.citations == answer.citations


def test_its_error_about_a_model_it_does_not_have_is_understood(
    opened: Callable[..., Assistant], settings: Settings
) -> None:
    with pytest.raises(ModelError, match="has no model unheard-of for you") as caught:
        opened(settings.model_copy(update={"model": "unheard-of"})).ask(QUESTION)
    assert caught.value.failure is Failure.NO_MODEL


def test_it_takes_the_form_that_a_judge_asks_for(settings: Settings) -> None:
    model = OpenAIModel(settings.model_copy(update={"model": "judging"}))
    said = Statement("It saves energy.", (Source("Kettles", "It saves energy."),))
    (judgement,) = ModelJudge(model, Prompts()).judge(QUESTION, [said])
    assert judgement.claims == (Claim("It saves energy.", Verdict.SUPPORTED, 1.0, "It saves energy."),)
    kept = model._habits.parameters(100, stream=False, schema=Verdicts.schema_sent)
    assert kept.keys() == {"temperature", "max_tokens", "response_format"}
    model.close()
