"""Reports of synthetic runs about invented papers: the page, in a browser too, JUnit XML, and Markdown."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.corpus import paper_id
from assistant.evaluation.gate import Comparison, Flip, GateReport
from assistant.evaluation.judging.judge import Claim, Judgement, Verdict
from assistant.evaluation.questions import CuratedQuestion
from assistant.evaluation.reports import append_step_summary, markdown, write_html, write_junit
from assistant.evaluation.reports.marking import changes, stretches
from assistant.evaluation.results import JudgedSentence, Result
from assistant.evaluation.run import Run
from assistant.evaluation.scores import NOT_APPLICABLE, Score, failed

KETTLE = "KettleNet: Boiling Water with Fewer Joules"
TEAPOT = "TeapotFormer: Attention over Tea Leaves"
MINUS = "\N{MINUS SIGN}"
SAVES = "On a test bench of 40 kettles it saves 17.5% of the energy of a thermostat."
RUNS = "It runs on the kettle's own chip."
HOSTILE = (
    "</script></style><script>alert(1)</script><img src=x onerror=alert(2)> \"quoted\" 'single' "
    "{{ 7 * 7 }} & ]]> \x00\x07\x1b[31m \u202egnp.exe \ud800 \ufffe `code` | pipe @someone #1 ![x](http://a.example/b)"
)


# Synthetic runs


def judged(text: str, verdict: Verdict | None) -> JudgedSentence:
    if verdict is None:
        return JudgedSentence(text, (), None)
    probability = 0.9 if verdict is Verdict.SUPPORTED else 0.25
    return JudgedSentence(text, (1,), Judgement((Claim(text, verdict, probability, "Its own chip."),)))


def answered(text: str = f"{SAVES} [1] {RUNS} [1]", title: str = KETTLE, **changed: Any) -> dict[str, Any]:
    cited = {
        "number": 1,
        "title": title,
        "paper_id": paper_id(title),
        "published": "2021-03-04",
        "passages": [],
    }
    sources = [{"title": one, "paper_id": paper_id(one), "score": 1.0} for one in (title, TEAPOT)]
    return {
        "question": "",
        "answer": text,
        "refused": False,
        "reader": "extractive",
        "citations": [cited],
    } | {
        "sources": sources,
        "usage": None,
        "seconds": {},
        **changed,
    }


REFUSED = answered("The papers here do not answer this question.", refused=True, citations=[])


def result(name: str = "s001", **changed: Any) -> Result:
    """One that is right, but for what is changed."""
    scores = {"right to answer": 1.0, "all facts": 1.0, "citations valid": 1.0, "faithfulness": 0.5}
    question = CuratedQuestion(
        question_id=name,
        suite=changed.pop("suite", "single"),
        kind="named",
        question=changed.pop("question", "how much does KettleNet save?"),
        titles=changed.pop("titles", (KETTLE,)),
        facts=changed.pop("facts", (("17.5%",), ("three months", "a quarter"))),
        why=changed.pop("why", ""),
    )
    given = changed.pop("scores", {})
    return Result(
        question=question,
        cluster=changed.pop("cluster", KETTLE),
        answer=changed.pop("answer", answered()),
        sentences=changed.pop(
            "sentences", (judged(SAVES, Verdict.SUPPORTED), judged(RUNS, Verdict.CONTRADICTED))
        ),
        scores={name: Score(value) for name, value in scores.items()} | {"seconds": Score(0.25)} | given,
        seconds=0.25,
        **changed,
    )


RESULTS = (
    result("s001"),
    result("s002", question="which chip runs KettleNet?", scores={"all facts": Score(0.0)}),
    result(
        "s003", answer=REFUSED, sentences=(), scores={"right to answer": Score(0.0), "all facts": Score(0.0)}
    ),
    result("s004", answer=None, error="The model did not answer within 60 seconds.", sentences=(), scores={}),
    result("s005", scores={"faithfulness": failed("the judge gave 3 verdicts for 4 claims")}),
    result("s006", scores={"all facts": Score(0.0)}),
    result(
        "u001",
        suite="unanswerable",
        titles=(),
        facts=(),
        why="No paper tells the price.",
        answer=REFUSED,
        sentences=(),
        cluster="u001",
        scores={
            "all facts": NOT_APPLICABLE,
            "citations valid": NOT_APPLICABLE,
            "faithfulness": NOT_APPLICABLE,
        },
    ),
    result(
        "u002",
        suite="unanswerable",
        titles=(),
        facts=(),
        cluster="u002",
        scores={"right to answer": Score(0.0), "all facts": NOT_APPLICABLE},
    ),
)
RUN = Run(
    settings={
        "reader": "extractive",
        "judge": "offline",
        "started": "2026-01-02T03:04:05+00:00",
        "seconds": 8.0,
    },
    results=RESULTS,
)
FELL = "all facts: 0.200 was lost on 5 questions (by chance: p = 0.012), more than the 0.010 that may be."
BEFORE = answered(f"{SAVES} [1] It took a quarter. [1]")
GATE = GateReport(
    comparisons=(
        Comparison(
            "all", "right to answer", 0.75, 0.75, None, 0.0, -0.1, 0.1, 0.5, 1.0, failed=False, reason=""
        ),
        Comparison(
            "all", "all facts", 0.5, 0.7, 0.6, -0.2, -0.3, -0.1, 0.006, 0.012, failed=True, reason=FELL
        ),
    ),
    flips=(
        Flip("s002#0", "all facts", 1.0, 0.0, BEFORE, RESULTS[1].answer),
        Flip("s001#0", "all facts", 0.0, 1.0, REFUSED, RESULTS[0].answer),
    ),
    passed=False,
    notes=("1 question (s009) is not in the baseline: not compared.",),
)
PASSED = replace(GATE, comparisons=GATE.comparisons[:1], flips=(), passed=True, notes=())


# The page, read by a parser


@dataclass
class Node:
    tag: str
    attributes: dict[str, str]
    children: list["Node | str"] = field(default_factory=list)

    def all(self, tag: str = "", **attributes: str) -> Iterator["Node"]:
        """Find those below, by tag and by words of an attribute (`class_="failed"`)."""
        for child in self.children:
            if isinstance(child, Node):
                wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
                if tag in ("", child.tag) and all(
                    set(value.split()) <= set(child.attributes.get(name, "").split())
                    for name, value in wanted.items()
                ):
                    yield child
                yield from child.all(tag, **attributes)

    def one(self, tag: str = "", **attributes: str) -> "Node":
        return next(self.all(tag, **attributes))

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


class Page(HTMLParser):
    """Builds a tree, and takes no tag that is not closed in its place."""

    VOID = frozenset({"meta", "input", "br", "link", "img"})

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("", {})
        self._open = [self.root]
        self.feed(text)
        self.close()
        assert self._open == [self.root], f"left open: {self._open[-1].tag}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        assert len(node.attributes) == len(attrs)
        self._open[-1].children.append(node)
        if tag not in self.VOID:
            self._open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(Node(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def page(run: Run, gate: GateReport | None, folder: Path) -> Node:
    write_html(run, gate, folder / "report.html")
    return Page((folder / "report.html").read_text(encoding="utf-8")).root


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Node:
    return page(RUN, GATE, tmp_path_factory.mktemp("report"))


def questions(root: Node) -> dict[str, Node]:
    return {item.attributes["data-name"]: item for item in root.all("li") if "data-name" in item.attributes}


def question(root: Node, name: str) -> Node:
    return root.one("li", data_name=name)


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
    repeated = Run(settings={}, results=(result("s001"), result("s001", repeat=1)))
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


# Safety


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Node:
    bad = result(
        "s001",
        question=HOSTILE,
        titles=(HOSTILE,),
        facts=((HOSTILE,),),
        answer=answered(HOSTILE, title=HOSTILE),
        sentences=(
            JudgedSentence(HOSTILE, (1,), Judgement((Claim(HOSTILE, Verdict.NOT_FOUND, 0.1, HOSTILE),))),
        ),
        scores={"all facts": Score(0.0), "faithfulness": failed(HOSTILE)},
    )
    settings = {
        "reader": HOSTILE,
        "versions": {HOSTILE: HOSTILE},
        "started": HOSTILE,
        "questions": {HOSTILE: 1},
    }
    gate = replace(
        GATE,
        comparisons=(replace(GATE.comparisons[1], reason=HOSTILE),),
        flips=(Flip("s001#0", "all facts", 1.0, 0.0, answered(f"{HOSTILE} before"), None),),
        notes=(HOSTILE,),
    )
    folder = tmp_path_factory.mktemp("hostile")
    run = Run(settings=settings, results=(bad,))
    write_junit(run, gate, folder / "junit.xml")
    (folder / "summary.md").write_text(markdown(run, gate), encoding="utf-8")
    root = page(run, gate, folder)
    root.attributes["folder"] = str(folder)
    return root


def test_hostile_text_stays_text(hostile: Node) -> None:
    assert len(list(hostile.all("script"))) == 1
    assert len(list(hostile.all("style"))) == 1
    assert not list(hostile.all("img"))
    item = question(hostile, "s001")
    assert "<script>alert(1)</script><img src=x onerror=alert(2)>" in item.one("h3").text
    assert "{{ 7 * 7 }}" in item.one("h3").text
    assert item.words.count("<script>alert(1)</script>") > 6
    whole = Path(hostile.attributes["folder"], "report.html").read_text(encoding="utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe]", whole)


def test_page_has_nothing_from_outside_and_runs_no_other_script(report: Node, hostile: Node) -> None:
    for root in (report, hostile):
        for node in root.all():
            for name, value in node.attributes.items():
                assert not name.startswith("on")
                assert name not in {
                    "style",
                    "src",
                    "srcset",
                    "action",
                    "formaction",
                    "data",
                    "poster",
                    "xlink:href",
                }
                assert name != "href" or value.startswith("#")
        (policy,) = root.all("meta", http_equiv="Content-Security-Policy")
        script, style = root.one("script"), root.one("style")
        assert policy.attributes["content"] == (
            f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
            "base-uri 'none'; form-action 'none'"
        )
        assert "url(" not in style.text
        assert "@import" not in style.text


def _digest(node: Node) -> str:
    return "sha256-" + b64encode(hashlib.sha256(node.text.encode()).digest()).decode()


def test_page_is_accessible(report: Node) -> None:
    assert report.one("html").attributes["lang"] == "en"
    assert len(list(report.all("h1"))) == 1
    names = {node.attributes["id"] for node in report.all() if "id" in node.attributes}
    for node in report.all():
        reference = node.attributes.get("aria-labelledby") or node.attributes.get("href", "")[1:]
        assert not reference or "=" in reference or reference in names
        if node.tag in {"select", "button"} or node.attributes.get("type") == "search":
            label = node.words or next(label.words for label in report.all("label") if node in label.children)
            assert label
    for cell in report.all("th"):
        assert cell.attributes["scope"] in {"col", "row"}


@pytest.mark.parametrize("scheme", [0, 1])
def test_text_stands_out_from_what_is_behind_it(report: Node, scheme: int) -> None:
    colours = [
        dict(re.findall(r"--([\w-]+): (#\w+)", block))
        for block in re.findall(r":root \{(.*?)\}", report.one("style").text, re.DOTALL)
    ][scheme]
    pairs = [
        (text, behind)
        for text in ("ink", "quiet", "accent", "good", "bad", "warn")
        for behind in ("page", "card", "soft")
    ]
    pairs += [
        ("good", "good-soft"),
        ("bad", "bad-soft"),
        ("warn", "warn-soft"),
        ("ink", "fact"),
        ("ink", "bad-soft"),
    ]
    for text, behind in pairs:
        first, second = sorted((_luminance(colours[text]), _luminance(colours[behind])), reverse=True)
        assert (first + 0.05) / (second + 0.05) >= 4.5, (text, behind)


def _luminance(colour: str) -> float:
    """By WCAG 2.2, relative luminance."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# The page in a browser

BROWSER = next(
    filter(
        None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))
    ),
    None,
)
in_browser = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of 700 questions, and the folder it is in."""
    filler = tuple(result(f"s{number:03}", suite=("multi", "topic")[number % 2]) for number in range(10, 702))
    path = tmp_path_factory.mktemp("many") / "report.html"
    write_html(replace(RUN, results=(*RESULTS, *filler)), GATE, path)
    return path


def browse(path: Path, fragment: str, folder: Path) -> Node:
    """Open a page, and give what it has become; nothing may be complained about or called for."""
    log = folder / "net.json"
    done = subprocess.run(
        [
            str(BROWSER),
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-first-run",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={folder / 'profile'}",
            f"--log-net-log={log}",
            "--enable-logging=stderr",
            "--virtual-time-budget=2000",
            "--dump-dom",
            f"{path.as_uri()}{fragment}",
        ],
        check=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )

    assert not requests(log)
    assert "CONSOLE" not in done.stderr
    return Page(done.stdout).root


def requests(log: Path) -> list[str]:
    """Give what pages asked of the network; what the browser asks for itself has no origin."""
    told = [event.get("params", {}) for event in json.loads(log.read_text(encoding="utf-8"))["events"]]
    origins = [(event.get("initiator", "not an origin"), event.get("url", "")) for event in told]
    return [url for origin, url in origins if origin != "not an origin" and not url.startswith("file:")]


def visible(root: Node) -> list[str]:
    return [name for name, item in questions(root).items() if "hidden" not in item.attributes]


@in_browser
def test_a_page_that_asks_something_of_the_network_would_be_noticed(tmp_path: Path) -> None:
    path = tmp_path / "calls.html"
    path.write_text('<html><body><img src="http://kettle.invalid/x.png" alt=""></body></html>')
    with pytest.raises(AssertionError, match=r"kettle\.invalid"):
        browse(path, "", tmp_path)


@in_browser
def test_the_address_filters_by_suite_and_outcome(many: Path, tmp_path: Path) -> None:
    assert many.stat().st_size < 5_000_000
    root = browse(many, "#suite=single&outcome=flipped", tmp_path)
    assert visible(root) == ["s002", "s001"]
    assert root.one(id="shown").words == "2 of 700 shown"
    assert "hidden" not in root.one("form").attributes
    assert "hidden" in root.one(id="none").attributes


@in_browser
def test_the_address_filters_by_text_and_opens_a_question(many: Path, tmp_path: Path) -> None:
    root = browse(many, "#text=WHICH%20chip&question=s002", tmp_path)
    assert visible(root) == ["s002"]
    opened = [name for name, item in questions(root).items() if "open" in item.one("details").attributes]
    assert opened == ["s002"]


@in_browser
def test_hostile_text_does_nothing_in_a_browser(hostile: Node, tmp_path: Path) -> None:
    root = browse(
        Path(hostile.attributes["folder"], "report.html"), "#outcome=%3Cscript%3E&suite=x&text=s001", tmp_path
    )
    assert visible(root) == ["s001"]
    assert len(list(root.all("script"))) == 1
    # The page's own script ran: it put titles on the marks of the plots.
    assert list(root.one(class_="plot").all("title"))


# JUnit XML


def cases(run: Run, gate: GateReport | None, folder: Path) -> tuple[ET.Element, dict[str, ET.Element]]:
    write_junit(run, gate, folder / "junit.xml")
    root = ET.parse(folder / "junit.xml").getroot()  # noqa: S314 - our own
    for parent in (root, *root.iter("testsuite")):
        found = list(parent.iter("testcase"))
        assert int(parent.attrib["tests"]) == len(found)
        for attribute, tag in (("errors", "error"), ("failures", "failure"), ("skipped", "skipped")):
            assert int(parent.attrib[attribute]) == sum(case.find(tag) is not None for case in found)
        assert float(parent.attrib["time"]) == pytest.approx(
            sum(float(case.attrib["time"]) for case in found)
        )
    names = [(case.attrib["classname"], case.attrib["name"]) for case in root.iter("testcase")]
    assert len(set(names)) == len(names)
    return root, {
        case.attrib["name"].partition(":")[0]: case
        for case in root.iter("testcase")
        if case.attrib["classname"] != "gate"
    }


def ends(found: dict[str, ET.Element]) -> dict[str, str]:
    tags = ("failure", "error", "skipped")
    return {
        name: next((tag for tag in tags if case.find(tag) is not None), "") for name, case in found.items()
    }


def test_junit_has_a_case_a_question_and_fails_what_got_worse(tmp_path: Path) -> None:
    root, found = cases(RUN, GATE, tmp_path)
    assert root.tag == "testsuites"
    assert [suite.attrib["name"] for suite in root] == ["single", "unanswerable", "gate"]
    assert ends(found) == {
        "s001": "",
        "s002": "failure",
        "s003": "skipped",
        "s004": "error",
        "s005": "error",
        "s006": "skipped",
        "u001": "",
        "u002": "skipped",
    }
    assert found["s002"].attrib == {
        "classname": "single",
        "name": "s002: which chip runs KettleNet?",
        "time": "0.250",
    }
    failure = found["s002"].find("failure")
    assert failure is not None
    assert failure.attrib == {"message": "all facts 1 → 0", "type": "worse"}
    assert "It took a quarter." in str(failure.text)
    assert RUNS in str(failure.text)
    skipped = found["s003"].find("skipped")
    assert skipped is not None
    assert (
        skipped.attrib["message"] == "refused, though the papers answer it; lost nothing since the baseline"
    )
    answered_wrongly = found["u002"].find("skipped")
    assert answered_wrongly is not None
    assert answered_wrongly.attrib["message"].startswith("answered, though the papers do not answer it")
    error = found["s004"].find("error")
    assert error is not None
    assert error.attrib["message"] == "The model did not answer within 60 seconds."


def test_junit_shows_the_measures_that_fell(tmp_path: Path) -> None:
    root, _ = cases(RUN, GATE, tmp_path)
    gated = {case.attrib["name"]: case.find("failure") for case in root[-1]}
    assert gated["all: right to answer"] is None
    fell = gated["all: all facts"]
    assert fell is not None
    assert fell.attrib["message"] == FELL


def test_junit_without_a_baseline_fails_nothing(tmp_path: Path) -> None:
    root, found = cases(RUN, None, tmp_path)
    assert [suite.attrib["name"] for suite in root] == ["single", "unanswerable"]
    assert root.attrib["failures"] == "0"
    skipped = found["s002"].find("skipped")
    assert skipped is not None
    assert skipped.attrib["message"] == "lacks a fact; there is no baseline"


def test_junit_holds_hostile_text(hostile: Node) -> None:
    root = ET.parse(Path(hostile.attributes["folder"], "junit.xml")).getroot()  # noqa: S314 - our own
    (case,) = root[0]
    assert "<script>alert(1)</script>" in case.attrib["name"]
    assert "\ufffd" in case.attrib["name"]


# Markdown


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
    run = replace(RUN, results=tuple(result(f"s{number:03}") for number in range(400)))
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
    run = replace(RUN, results=(result("s002", question=breaking),))
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


# What is marked in an answer

PIECES = st.lists(
    st.sampled_from([SAVES, RUNS, "[1]", "[12]", " ", "\n- ", "17.5%", "kettle", "é"]), max_size=12
)


@given(PIECES, st.lists(st.sampled_from([SAVES, RUNS, "kettle", "absent", ""]), max_size=4))
def test_marking_leaves_nothing_of_an_answer_out(pieces: list[str], sentences: list[str]) -> None:
    text = "".join(pieces)
    cut = stretches(text, [judged(sentence, None) for sentence in sentences], [["17.5%"], ["kettle", "[1]"]])
    assert "".join(part.text for stretch in cut for part in stretch.parts) == text


def test_marking_finds_a_sentence_whatever_stands_between_its_words() -> None:
    first, second = judged("Tea cools quickly.", None), judged("Cups break.", None)
    cut = stretches("- Tea cools [2]\n  quickly. [1]\n- Cups break. [3]", [first, second], [])
    assert [stretch.sentence for stretch in cut] == [None, first, second]
    assert [part.text for part in cut[1].parts] == ["Tea cools ", "[2]", "\n  quickly. ", "[1]", "\n- "]


def test_a_fact_inside_a_longer_number_or_word_is_not_marked() -> None:
    cut = stretches("From 117.5% to 17.5% of a kettle.", [], [["17.5%"], ["ettle"]])
    assert [(part.text, part.kind) for stretch in cut for part in stretch.parts] == [
        ("From 117.5% to ", "text"),
        ("17.5%", "fact"),
        (" of a kettle.", "text"),
    ]


@given(PIECES, PIECES)
def test_changes_hold_both_texts(before: list[str], now: list[str]) -> None:
    pieces = changes(" ".join(before), " ".join(now))
    assert "".join(piece.text for piece in pieces if piece.kind != "new") == " ".join(before)
    assert "".join(piece.text for piece in pieces if piece.kind != "gone") == " ".join(now)


def test_a_text_of_which_the_beginning_was_kept_is_compared_so_far() -> None:
    assert [piece.kind for piece in changes("Tea cools…", "Tea cools quickly in a cup.")] == ["same"]
    assert [piece.text for piece in changes("Tea cools…", "Tea")] == ["Tea cools…", "Tea"]
