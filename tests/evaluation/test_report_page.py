"""The page of a report: what it says of a run, and in what order."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from markup import Node, page, question, questions
from synthetic import FELL, GATE, KETTLE, MINUS, PASSED, RUN, RUNS, SAVES, right

from assistant.evaluation.run import Run


def test_page_says_first_that_the_gate_failed_and_why(report: Node) -> None:
    assert "The gate failed: 1 of the 2 measures it watches is too low." in report.one("h1").words
    header = report.one("header")
    assert header.one("p", class_="reason").words == FELL
    assert GATE.notes[0] in header.words
    assert "8 answers in 8 seconds" in header.words
    assert "1 for the worse" in header.words
    assert "2 with errors" in header.words


def test_page_says_that_the_gate_passed_or_had_nothing_to_compare(tmp_path: Path) -> None:
    passed = page(RUN, PASSED, tmp_path)
    assert "The gate passed" in passed.one("h1").words
    assert not list(passed.all(class_="reason"))
    assert "compared with nothing" in page(RUN, None, tmp_path).one("h1").words
    floors = tuple(replace(one, before=None, difference=None) for one in PASSED.comparisons)
    alone = page(RUN, replace(PASSED, comparisons=floors), tmp_path)
    assert "no baseline" in alone.one("h1").words


def test_headline_has_interval_and_baseline(report: Node) -> None:
    (card,) = (card for card in report.all("div", class_="card") if card.one("h3").words == "all facts")
    total = RUN.totals()["all"]["all facts"]
    assert card.one(class_="big").words == f"{total.mean:.3f}"
    assert f"{total.low:.3f} to {total.high:.3f}" in card.words
    assert f"✗ {MINUS}0.200 from 0.700" in card.words
    assert "failed" in card.attributes["class"]


def test_every_measure_of_every_suite_is_in_a_table(report: Node) -> None:
    table = report.one("table", class_="matrix")
    head = [cell.words for cell in table.one("thead").all("th")]
    assert head == ["Measure", "all", "single", "unanswerable"]
    rows = {
        row.one("th").words: [cell.words for cell in row.all("td")] for row in table.one("tbody").all("tr")
    }
    assert set(rows) == set(RUN.measures)
    assert rows["all facts"][2] == "–"
    assert "1 error" in rows["faithfulness"][0]


def test_answers_and_refusals_are_counted(report: Node) -> None:
    (table,) = (table for table in report.all("table") if "Refusal rate" in table.words)
    counted = {
        row.one("th").words: [cell.words for cell in row.all("td")] for row in table.one("tbody").all("tr")
    }
    assert counted["all"] == ["4", "1", "1", "1", "0.800", "0.500"]


def test_questions_are_tagged_and_those_to_look_at_come_first(report: Node) -> None:
    tags = {name: item.attributes["data-tags"] for name, item in questions(report).items()}
    assert tags == {
        "s002": "flipped worse failed",
        "s004": "error",
        "s005": "error",
        "s003": "failed refused",
        "s006": "failed",
        "u002": "failed",
        "s001": "flipped better right",
        "u001": "refused right",
    }
    assert {name: list(tags).index(name) for name in ("s002", "s001", "u001")} == {
        "s002": 0,
        "s001": 6,
        "u001": 7,
    }
    shown = {
        label.one("input").attributes["value"]: label.one(class_="count").words
        for label in report.all("label", class_="chip")
    }
    assert shown == {
        "all": "8",
        "flipped": "2",
        "worse": "1",
        "better": "1",
        "failed": "4",
        "refused": "2",
    } | {
        "error": "2",
        "right": "2",
    }


def test_sentences_show_their_verdicts_in_words_too(report: Node) -> None:
    answer = question(report, "s001").one("p", class_="answer")
    sentences = [(node.attributes["class"], node.words) for node in answer.all("span", class_="sentence")]
    assert sentences == [
        ("sentence supported", f"✓supported: {SAVES} [1]"),
        ("sentence contradicted", f"✗contradicted: {RUNS} [1]"),
    ]
    assert [node.words for node in answer.all("b", class_="marker")] == ["[1]", "[1]"]
    claims = question(report, "s001").one("ul", class_="claims").words
    assert "contradicted, 25 % likely to be borne out: Its own chip." in claims


def test_facts_and_papers_are_marked_as_found_or_missed(report: Node) -> None:
    item = question(report, "s001")
    assert [node.text for node in item.one("p", class_="answer").all("mark")] == ["17.5%"]
    expected = [(node.attributes["class"], node.words) for node in item.all("li", class_="had")]
    expected += [(node.attributes["class"], node.words) for node in item.all("li", class_="missed")]
    assert expected == [
        ("had", f"{KETTLE} ✓ cited as [1], found at rank 1"),
        ("had", "17.5% ✓ given"),
        ("missed", "three months / a quarter ✗ missed"),
    ]
    refused = [node.words for node in question(report, "s003").all("li", class_="missed")]
    assert refused[0] == f"{KETTLE} ✗ not cited, found at rank 1"
    assert "A refusal: No paper tells the price." in question(report, "u001").words


def test_a_flip_shows_what_changed_in_the_answer(report: Node) -> None:
    item = question(report, "s002")
    assert "all facts 1 → 0" in item.one("summary").words
    diff = item.one("p", class_="diff")
    assert [node.words for node in diff.all("del")] == ["took a quarter."]
    assert [node.words for node in diff.all("ins")] == ["runs on the kettle's own chip."]
    assert not list(question(report, "s006").all(class_="diff"))


def test_an_error_is_told_in_its_place(report: Node) -> None:
    assert "did not answer within 60 seconds" in question(report, "s004").one(class_="problem").words
    assert "3 verdicts for 4 claims" in question(report, "s005").one(class_="problem").words


def test_repeats_of_a_question_are_told_apart(tmp_path: Path) -> None:
    repeated = Run(settings={}, results=(right("s001"), right("s001", repeat=1)))
    assert list(questions(page(repeated, None, tmp_path))) == ["s001#0", "s001#1"]


def test_plots_tell_their_figures_and_the_baseline(report: Node) -> None:
    figures = {node.one("strong").words: node for node in report.all("figure")}
    assert set(figures) == {*RUN.measures}
    told = [node.attributes.get("aria-label", "") for node in figures["all facts"].all("path")]
    total = RUN.totals()["single"]["all facts"]
    assert f"single: {total.mean:.3f}, 95 % interval {total.low:.3f} to {total.high:.3f}" in told
    by_suite = replace(GATE.comparisons[1], suite="single", now=0.5, before=0.7)
    gate = replace(GATE, comparisons=(by_suite,))
    from assistant.evaluation.reports.plots import panels

    drawn = panels(RUN, RUN.totals(), gate)
    assert drawn is not None
    (facts,) = (panel.svg for panel in drawn if panel.measure == "all facts")
    assert "baseline 0.700" in facts
    assert "var(--bad)" in facts


def test_without_what_draws_plots_the_page_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    root = page(RUN, GATE, tmp_path)
    assert not list(root.all("figure"))
    assert "pip install vl-convert-python" in root.words


def test_settings_are_told_as_people_read_them(tmp_path: Path) -> None:
    settings = {
        "suites": ["single", "chat"],
        "questions": {"files": [], "count": 8},
        "model": None,
        "seed": 0,
    }
    facts = page(replace(RUN, settings=settings), None, tmp_path).one("dl", class_="facts")
    told = {node.one("dt").words: node.one("dd").words for node in facts.all("div")}
    assert told == {"Suites": "single, chat", "Questions": "count 8", "Seed": "0"}


def test_an_empty_run_is_a_page_too(tmp_path: Path) -> None:
    root = page(Run(settings={}, results=()), None, tmp_path)
    assert "0 answers" in root.words
