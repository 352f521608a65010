"""LlamaIndex, both ways: its query engine over the assistant, and its models as readers."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from peer import MODEL, Peer, Script, failing

from assistant import Assistant, Failure, ModelError, Paper, Settings

Open = Callable[..., Assistant]
Titled = Callable[[str], Paper]

QUESTION = "How much energy does KettleNet save?"
KEY = "sk-loopback-0123456789"


def openai_llm(peer: Peer) -> Any:
    """LlamaIndex's own OpenAI model, at the peer."""
    from llama_index.llms.openai import OpenAI

    return OpenAI(model="gpt-4o-mini", api_base=peer.url, api_key=KEY, max_retries=0)


def test_a_response_carries_the_papers_with_their_titles(
    answering: Assistant, peer: Peer, titled: Titled
) -> None:
    from llama_index.core.base.base_query_engine import BaseQueryEngine

    peer.says("KettleNet saves 17.5% [1]. So it is.")
    engine = answering.as_query_engine()
    assert isinstance(engine, BaseQueryEngine)
    response: Any = engine.query(QUESTION)
    assert str(response) == "KettleNet saves 17.5% [1]. So it is."
    assert response.source_nodes[0].node.metadata["title"] == titled("KettleNet").title
    assert [node.node.metadata.get("citation") for node in response.source_nodes] == [1, *[None] * 9]
    assert response.metadata == {"refused": False, "reader": MODEL, "unsupported": ["So it is."]}
    assert engine.get_prompts() == {}


@pytest.mark.anyio
async def test_the_query_engine_works_in_an_event_loop(answering: Assistant, peer: Peer) -> None:
    peer.says("NO_ANSWER_IN_PAPERS")
    response: Any = await answering.as_query_engine().aquery(QUESTION)
    assert response.metadata["refused"] is True
    assert len(response.source_nodes) == 10


@pytest.mark.parametrize("how", ["ask", "stream", "aask", "astream"])
def test_a_llamaindex_model_answers_in_place_of_openai(
    opened: Open, small_home: Path, peer: Peer, titled: Titled, how: str
) -> None:
    peer.by_default = lambda _: Script(text="<think>[2]</think>KettleNet saves 17.5% [1][44].")
    llm = openai_llm(peer)
    assistant = opened(Settings(home=small_home), llm=llm)

    async def asked() -> Any:
        try:
            if how == "aask":
                return await assistant.aask(QUESTION)
            stream = assistant.astream(QUESTION)
            assert "".join([piece async for piece in stream]) == stream.answer.text
            return stream.answer
        finally:
            await llm._get_aclient().close()  # the model's connections are its owner's to close

    if how == "ask":
        answer = assistant.ask(QUESTION)
        assert answer.usage is not None
        assert (answer.usage.input_tokens, answer.usage.estimated) == (100, False)
    elif how == "stream":
        stream = assistant.stream(QUESTION)
        assert "".join(stream) == stream.answer.text
        answer = stream.answer
    else:
        answer = asyncio.run(asked())
    assert answer.text == "KettleNet saves 17.5% [1]."
    assert answer.reader == "gpt-4o-mini"
    assert [citation.paper for citation in answer.citations] == [titled("KettleNet")]
    assert answer.removed == 1
    assert titled("KettleNet").text in peer.requests[0].text


def test_failures_of_a_llamaindex_model_are_told_apart(opened: Open, small_home: Path, peer: Peer) -> None:
    peer.by_default = lambda _: failing(401, f"Incorrect API key provided: {KEY}", "invalid_api_key")
    assistant = opened(Settings(home=small_home), llm=openai_llm(peer))
    with pytest.raises(ModelError) as caught:
        assistant.ask(QUESTION)
    assert caught.value.failure is Failure.WRONG_KEY
    assert KEY not in str(caught.value)


def test_an_assistant_of_a_model_alone_opens_the_home_of_the_settings(
    small_home: Path, monkeypatch: pytest.MonkeyPatch, peer: Peer
) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", str(small_home))
    peer.says("KettleNet saves 17.5% [1].")
    with Assistant(llm=openai_llm(peer)) as assistant:
        assert assistant.status().reader == "gpt-4o-mini"
        assert len(assistant.papers()) == 12


def test_the_integration_is_what_loads_llamaindex() -> None:
    code = (
        "import sys, assistant.answering.reader; print('llama_index' in sys.modules, 'openai' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "False False\n"
