"""A run as Markdown, for pull requests."""

import re
from dataclasses import replace
from pathlib import Path

from markup import Node
from synthetic import BEFORE, FELL, GATE, MINUS, RUN, RUNS, SAVES, right

from assistant.evaluation.gate import Flip
from assistant.evaluation.reports import append_step_summary, markdown


def test_markdown_has_the_verdict_the_table_and_the_flips() -> None:
    text = markdown(RUN, GATE)
    lines = text.splitlines()
    assert lines[0] == "## ❌ Evaluation"
    assert f"- {FELL}" in lines
    total = RUN.totals()["all"]["all facts"]
    interval = f"{total.low:.3f} to {total.high:.3f}"
    assert f"| all | all facts | 0.500 | {interval} | 0.700 | {MINUS}0.200 | ❌ failed |" in lines
    assert "<summary>1 question got worse</summary>" in lines
    assert "<summary>1 question got better</summary>" in lines
    assert "<summary>2 questions ended in an error</summary>" in lines
    assert f"- {SAVES} [1] It took a quarter. [1]" in lines
    assert f"+ {SAVES} [1] {RUNS} [1]" in lines
    assert text.count("<details>") == text.count("</details>") == 3


def test_markdown_without_a_gate_shows_the_headlines() -> None:
    text = markdown(RUN, None)
    assert text.startswith("## ⚪ Evaluation")
    assert re.search(r"^\| single \| all facts \| 0\.\d+ \| .* \| – \| – \|  \|$", text, re.MULTILINE)


def test_markdown_counts_what_it_has_no_room_for() -> None:
    flips = tuple(Flip(f"s{number:03}#0", "all facts", 1.0, 0.0, BEFORE, BEFORE) for number in range(400))
    run = replace(RUN, results=tuple(right(f"s{number:03}") for number in range(400)))
    for limit in (65_536, 5_000, 2_000):
        text = markdown(run, replace(GATE, flips=flips), limit=limit)
        assert limit - 1_000 < len(text) <= limit
        assert re.search(r"^… and \d+ questions more", text, re.MULTILINE)
        assert text.count("<details>") == text.count("</details>") == 1
    assert len(markdown(run, replace(GATE, flips=flips), limit=100)) <= 100


def test_markdown_keeps_hostile_text_in_fences(hostile: Node) -> None:
    text = Path(hostile.attributes["folder"], "summary.md").read_text(encoding="utf-8")
    outside = re.sub(r"^(`{3,})\w+\n.*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert "<script>alert(1)</script>" in text
    assert not re.search(r"(?<!\\)<(?!/?(details|summary)>)", outside)
    assert not re.search(r"(?<!\w)[@#]\w", outside)
    assert "://" not in outside
    assert "\u202e" not in text


def test_a_fence_is_longer_than_what_it_holds() -> None:
    breaking = "```\n</details> <b>out</b>"
    run = replace(RUN, results=(right("s002", question=breaking),))
    text = markdown(run, GATE)
    assert f"````text\n{breaking}\n````" in text


def test_step_summary_is_written_where_github_names_a_file(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    environ = {"GITHUB_STEP_SUMMARY": str(path)}
    assert append_step_summary("one", environ)
    assert append_step_summary("zwei ✓", environ)
    assert path.read_text(encoding="utf-8") == "one\nzwei ✓\n"
    assert not append_step_summary("x" * 1024 * 1024, environ)
    assert path.read_text(encoding="utf-8") == "one\nzwei ✓\n"
    assert not append_step_summary("one", {})
    assert not append_step_summary("one", {"GITHUB_STEP_SUMMARY": ""})
