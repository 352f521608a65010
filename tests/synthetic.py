"""Runs that nobody asked, for tests of what comes after asking."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from assistant.corpus import paper_id
from assistant.evaluation.gate import Comparison, Flip, GateReport
from assistant.evaluation.judging.judge import Claim, Judgement, Verdict
from assistant.evaluation.questions import CuratedQuestion
from assistant.evaluation.results import JudgedSentence, Result
from assistant.evaluation.run import Run
from assistant.evaluation.scores import NOT_APPLICABLE, Score, failed

SETTINGS: Mapping[str, Any] = {
    "suites": ["single"],
    "sample": None,
    "since": None,
    "repeat": 1,
    "reader": "extractive",
    "model": None,
    "judge": "offline",
}


def result(
    name: str,
    scores: Mapping[str, float | Score | None],
    *,
    suite: str = "single",
    cluster: str = "",
    repeat: int = 0,
    text: str = "Tea. [1]",
    error: str | None = None,
) -> Result:
    """Make a result; None stands for a measure that does not apply."""
    answer = {"answer": text, "refused": text == "", "citations": [], "sources": [], "usage": None}
    return Result(
        question=CuratedQuestion(
            question_id=name,
            suite=suite,
            question=f"What of {name}?",
            titles=() if suite == "unanswerable" else (f"On {name}",),
        ),
        repeat=repeat,
        cluster=cluster or name,
        answer=None if error else answer,
        error=error,
        scores={
            measure: value if isinstance(value, Score) else NOT_APPLICABLE if value is None else Score(value)
            for measure, value in scores.items()
        },
    )


def run(results: Sequence[Result], **settings: Any) -> Run:
    """Make a run of them."""
    return Run(settings={**SETTINGS, **settings}, results=tuple(results))


# What reports show

KETTLE = "KettleNet: Boiling Water with Fewer Joules"
TEAPOT = "TeapotFormer: Attention over Tea Leaves"
MINUS = "\N{MINUS SIGN}"
SAVES = "On a test bench of 40 kettles it saves 17.5% of the energy of a thermostat."
RUNS = "It runs on the kettle's own chip."
HOSTILE = (
    "</script></style><script>alert(1)</script><img src=x onerror=alert(2)> \"quoted\" 'single' "
    "{{ 7 * 7 }} & ]]> \x00\x07\x1b[31m \u202egnp.exe \ud800 \ufffe `code` | pipe @someone #1 ![x](http://a.example/b)"
)


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


def right(name: str = "s001", **changed: Any) -> Result:
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
    right("s001"),
    right("s002", question="which chip runs KettleNet?", scores={"all facts": Score(0.0)}),
    right(
        "s003", answer=REFUSED, sentences=(), scores={"right to answer": Score(0.0), "all facts": Score(0.0)}
    ),
    right("s004", answer=None, error="The model did not answer within 60 seconds.", sentences=(), scores={}),
    right("s005", scores={"faithfulness": failed("the judge gave 3 verdicts for 4 claims")}),
    right("s006", scores={"all facts": Score(0.0)}),
    right(
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
    right(
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
