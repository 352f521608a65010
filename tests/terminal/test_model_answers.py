"""The command when a model answers: piece by piece at a terminal, whole in a pipe."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest
from peer import MODEL, Peer, Script, failing

Run = Callable[..., subprocess.CompletedProcess[str]]

QUESTION = "How much energy does KettleNet save?"
KEY = "sk-loopback-0123456789"
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def variables(small_home: Path, peer: Peer) -> dict[str, str]:
    return {
        "ASSISTANT_HOME": str(small_home),
        "ASSISTANT_MODEL": MODEL,
        "ASSISTANT_RETRIES": "0",
        "OPENAI_BASE_URL": peer.url,
        "OPENAI_API_KEY": KEY,
    }


def test_an_answer_in_a_pipe_and_what_it_took(run: Run, peer: Peer, variables: dict[str, str]) -> None:
    peer.says("KettleNet saves 17.5% of the energy [1]. That is much [77].")
    prices = json.dumps({MODEL: [2, 10]})
    done = run("ask", "-v", QUESTION, **variables, ASSISTANT_PRICES=prices)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "KettleNet saves 17.5% of the energy [1]. That is much.",
        "",
        "Sources (peer-model reader)",
        "[1] KettleNet: Boiling Water with Fewer Joules (4 March 2021)",
    ]
    told = done.stderr.splitlines()
    assert told[:3] == [
        "peer-model: 100 tokens in, 20 out, cost 0.0004",
        "1 number that named no paper removed",
        "Without a citation: That is much.",
    ]
    assert re.match(r"encode \d\.\d{3} s, .*waiting \d\.\d{3} s, writing ", told[3])


def test_an_answer_without_a_citation_comes_with_a_warning(
    run: Run, peer: Peer, variables: dict[str, str]
) -> None:
    peer.says("KettleNet saves a lot.")
    done = run("ask", "--json", QUESTION, **variables)
    assert done.returncode == 0
    warning = "Nothing in this answer names a paper: peer-model wrote it, and no paper here bears it out."
    assert done.stderr == f"assistant: {warning}\n"
    answer = json.loads(done.stdout)
    assert answer["reader"] == MODEL
    assert answer["usage"] == {"input_tokens": 100, "output_tokens": 20}
    assert answer["unsupported"] == ["KettleNet saves a lot."]
    assert answer["complete"] is True
    assert answer["citations"] == []


def test_a_failure_is_one_sentence_without_the_key(run: Run, peer: Peer, variables: dict[str, str]) -> None:
    peer.says(failing(401, f"Incorrect API key provided: {KEY}", "invalid_api_key"))
    done = run("ask", QUESTION, **variables)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("assistant: The server at http://127.0.0.1:")
    assert line.endswith("does not accept the key in OPENAI_API_KEY: check it, or make a new one.")
    assert KEY not in done.stderr


def test_status_names_the_model(run: Run, peer: Peer, variables: dict[str, str]) -> None:
    assert run("status", **variables).stdout.splitlines()[-1] == "Reader   peer-model"
    extractive = {**variables, "ASSISTANT_MODEL": "extractive"}
    assert run("status", **extractive).stdout.splitlines()[-1] == "Reader   extractive"
    assert peer.requests == []


def spawned(environment: dict[str, str], variables: dict[str, str], columns: int) -> "pexpect.spawn[str]":
    return pexpect.spawn(
        "assistant",
        ["ask", QUESTION],
        env={**environment, **variables, "TERM": "xterm-256color", "NO_COLOR": "1"},
        dimensions=(24, columns),
        encoding="utf-8",
        timeout=60,
    )


def test_a_terminal_shows_words_as_they_come_and_wraps_them(
    environment: dict[str, str], peer: Peer, variables: dict[str, str]
) -> None:
    pieces = ["KettleNet saves 17.5% of the en", "ergy of a thermostat [", "1", "] on its", " bench.\n\nSo."]
    peer.says(Script(pieces=pieces, pause=0.4))
    process = spawned(environment, variables, 30)
    process.expect("KettleNet saves 17.5% of the")
    assert peer.requests
    process.expect(pexpect.EOF)
    process.close()
    assert process.exitstatus == 0
    output = "KettleNet saves 17.5% of the" + str(process.before).replace("\r\n", "\n")
    assert ESCAPE.sub("", output).splitlines() == [
        "KettleNet saves 17.5% of the",
        "energy of a thermostat [1] on",
        "its bench.",
        "",
        "So.",
        "",
        "Sources (peer-model reader)",
        "[1] KettleNet: Boiling Water",
        "    with Fewer Joules (4 March",
        "    2021)",
    ]


def test_an_interrupt_keeps_what_came_and_names_its_papers(
    environment: dict[str, str], peer: Peer, variables: dict[str, str]
) -> None:
    peer.says(Script(pieces=["KettleNet saves 17.5% [1]. ", *["More is to come. "] * 500], pause=0.1))
    process = spawned(environment, variables, 80)
    process.expect("More is")
    process.sendintr()
    process.expect(pexpect.EOF)
    process.close()
    assert process.exitstatus == 130
    assert "[1] KettleNet: Boiling Water" in str(process.before)
    assert "ASSISTANT_REPLY" not in str(process.before)
    assert "Traceback" not in str(process.before)
    assert peer.gone.wait(5)
