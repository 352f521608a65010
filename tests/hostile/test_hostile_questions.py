"""Questions and papers that are code to somebody: SQL, query syntax, templates, shells. To us, words."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peer import Peer, Script

from assistant import Assistant, AssistantError, InputError
from bench.fuzz.pieces import texts

Run = Callable[..., subprocess.CompletedProcess[str]]

SQL = "'; DROP TABLE papers; DELETE FROM papers WHERE ''='"
ATTACKS = (
    SQL,
    '" OR 1=1 UNION SELECT text FROM papers --',
    "words:kettle AND (number:[0 TO 9]) OR *:* ^9 ~2",
    'title:"KettleNet"~10 -kettle +(tea',
    "published:>2020 IN [a b] /.*/",
    "kettle {{ 7 * 7 }} {% for x in cycler.__init__.__globals__ %}x{% endfor %}",
    "${jndi:ldap://127.0.0.1/a} kettle #{7*7} <%= 7*7 %> {0.__class__} %s%n",
    "$(touch pwned) `touch pwned` kettle; touch pwned | touch pwned && touch pwned",
    "../../../etc/passwd kettle file:///etc/passwd C:\\con",
    "<script>alert(1)</script> kettle <img src=x onerror=alert(1)>",
    "kettle \x1b]0;PWNED\x07\x1b[2J\x9b31m",
    "كم توفر KettleNet من الطاقة؟",
    "\u202eteltteK\u202c \u2066kettle\u2069 \u200bkettle",
    "👩‍👩‍👧‍👦 🫖 kettle " + "🫖" * 2_000,
    "kettle\x00kettle",
    "\uff2b\uff45\uff54\uff54\uff4c\uff45 \ufdfa" + "́" * 2_000,
    "kettle " * 1_100,
)


@pytest.mark.parametrize("place", range(len(ATTACKS)))
def test_a_question_is_words_and_nothing_else(assistant: Assistant, place: int) -> None:
    papers = assistant.papers()
    begun = time.monotonic()
    answer = assistant.ask(ATTACKS[place])
    hits = assistant.search(ATTACKS[place])
    talk = assistant.conversation()
    talk.ask("How much energy does KettleNet save?")
    talk.ask(ATTACKS[place])
    assert time.monotonic() - begun < 20
    assert assistant.papers() == papers
    if "kettle" in ATTACKS[place]:
        assert any("Kettle" in hit.paper.title for hit in hits[:3])
    assert "49" not in answer.text
    assert {citation.paper_id for citation in answer.citations} <= {paper.paper_id for paper in papers}


@pytest.mark.parametrize("question", ["tea " * 25_600, "." * 100_000, "🫖" * 100_000, " " * 100_000])
def test_a_question_of_a_hundred_kilobytes_is_refused_at_once(assistant: Assistant, question: str) -> None:
    begun = time.process_time()
    for ask in (assistant.ask, assistant.search, assistant.conversation().ask):
        with pytest.raises(InputError, match=r"characters: shorten it|The question is empty"):
            ask(question)
    assert time.process_time() - begun < 1


def test_made_up_questions_are_answered_or_refused(assistant: Assistant) -> None:
    @settings(max_examples=25, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(texts().map(lambda text: text[:8_000]) | st.text(min_size=1))
    def once(text: str) -> None:
        try:
            answer = assistant.ask(text)
        except AssistantError:
            return
        assert answer.text

    once()


def test_a_paper_is_no_template_no_query_no_path_and_no_command(run: Run, peer: Peer, tmp_path: Path) -> None:
    body = f"{SQL} {{{{ 7 * 7 }}}} {{% include '/etc/passwd' %}} $(touch pwned) `touch pwned` [{'1' * 5_000}]"
    titles = ("../../pwned", "{{ config }}", "$(touch pwned)", "-rf", "\\x1b[2J", SQL, "a" * 10_000)
    records = [
        f'{{"title": {_quoted(title)}, "abstract": {_quoted(f"A gadget. {body}")}}}' for title in titles
    ]
    variables: dict[str, Any] = {"ASSISTANT_EMBEDDING": "words", "ASSISTANT_HOME": tmp_path / "home"}
    done = run("ingest", "-", stdin="\n".join(records), **variables)
    assert done.returncode == 0, done.stderr
    assert "7 papers added" in done.stdout
    for arguments in (("ask", "gadget"), ("search", "gadget"), ("papers", "list"), ("papers", "show", SQL)):
        shown = run(*arguments, **variables)
        assert shown.returncode == 0, shown.stderr
        assert "root:" not in shown.stdout
        assert "\x1b" not in shown.stdout + shown.stderr
    peer.by_default = lambda request: Script(text=f"{request.text[-3_000:]} It is so [1].")
    asked = run("ask", "gadget", OPENAI_BASE_URL=peer.url, **variables)
    assert asked.returncode == 0, asked.stderr
    (request,) = peer.requests
    assert "{{ 7 * 7 }}" in request.text
    assert "root:" not in request.text
    removed = run("papers", "remove", "--", *titles, **variables)
    assert removed.returncode == 0, removed.stderr
    assert list(tmp_path.rglob("pwned")) == []


def _quoted(text: str) -> str:
    return f'"{text.replace(chr(92), chr(92) * 2)}"'
