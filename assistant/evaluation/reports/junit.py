"""A run as JUnit XML, which GitHub, GitLab and Jenkins read: one case a question.

What CI shows as failed is what got worse: a question that lost a measure of the gate since the baseline.
A question that is wrong and was so before is skipped, as a test is that is known to fail. A suite called
`gate` has one case for each measure gated. The build itself is failed by the command's exit status.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from assistant.evaluation.gate import Comparison, GateReport
from assistant.evaluation.reports.outcomes import Outcome, State, flipped, has_baseline, outcomes
from assistant.evaluation.reports.text import legible
from assistant.evaluation.reports.wording import change, figure
from assistant.evaluation.run import Run

ELEMENTS = {State.ERROR: "error", State.WORSE: "failure", State.WRONG: "skipped"}
COUNTS = {"error": "errors", "failure": "failures", "skipped": "skipped"}


def write_junit(run: Run, gate: GateReport | None, path: Path | str) -> None:
    """Write the run as JUnit XML."""
    Path(path).write_bytes(junit(run, gate))


def junit(run: Run, gate: GateReport | None) -> bytes:
    """Give the run as JUnit XML, in UTF-8."""
    root = ET.Element("testsuites", name="assistant eval")
    of_suite: dict[str, list[Outcome]] = {}
    for outcome in sorted(outcomes(run, gate), key=lambda outcome: outcome.result.key):
        of_suite.setdefault(outcome.result.question.suite, []).append(outcome)
    for suite in run.suites:
        cases = [_case(outcome, compared=has_baseline(gate)) for outcome in of_suite[suite]]
        root.append(_suite(suite, cases, str(run.settings.get("started", ""))))
    if gate is not None:
        root.append(_suite("gate", [_gated(found) for found in gate.comparisons], ""))
    for name in ("tests", *COUNTS.values()):
        root.set(name, str(sum(int(suite.get(name, 0)) for suite in root)))
    root.set("time", f"{sum(float(suite.get('time', 0)) for suite in root):.3f}")
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _suite(name: str, cases: Sequence[ET.Element], started: str) -> ET.Element:
    counted = Counter(element.tag for case in cases for element in case)
    suite = ET.Element("testsuite", name=legible(name), tests=str(len(cases)))
    for tag, count in COUNTS.items():
        suite.set(count, str(counted[tag]))
    suite.set("time", f"{sum(float(case.get('time', 0)) for case in cases):.3f}")
    if started:
        suite.set("timestamp", legible(started))
    suite.extend(cases)
    return suite


def _case(outcome: Outcome, *, compared: bool) -> ET.Element:
    result = outcome.result
    case = ET.Element(
        "testcase",
        classname=legible(result.question.suite),
        name=legible(" ".join(f"{outcome.name}: {result.question.question}".split())),
        time=f"{result.seconds:.3f}",
    )
    tag = ELEMENTS.get(outcome.state)
    if tag is not None:
        message, body = _told(outcome, compared=compared)
        # Jenkins and GitLab show a skipped case's message alone.
        element = ET.SubElement(case, tag, message=legible(message))
        if tag != "skipped":
            element.set("type", outcome.state.value)
            element.text = legible(body)
    said = ET.SubElement(case, "system-out")
    said.text = legible("\n".join(_out(outcome)))
    return case


def _told(outcome: Outcome, *, compared: bool) -> tuple[str, str]:
    """Say in a line what is amiss, and at length what to see."""
    if outcome.state is State.ERROR:
        return outcome.errors[0], "\n".join(outcome.errors)
    if outcome.state is State.WRONG:
        since = "lost nothing since the baseline" if compared else "there is no baseline"
        return f"{outcome.reason}; {since}", ""
    lost = "; ".join(flipped(flip) for flip in outcome.worse)
    before = "(not known)" if outcome.before is None else outcome.before
    return lost, f"{lost}\n\nIn the baseline:\n{before}\n\nNow:\n{outcome.text}"


def _out(outcome: Outcome) -> list[str]:
    answer = outcome.result.answer or {}
    cited = [f"[{cited['number']}] {cited['title']}" for cited in answer.get("citations", ())]
    scores = [
        f"{measure}: {figure(score.value, measure)}"
        for measure, score in outcome.result.scores.items()
        if score.value is not None
    ]
    return [str(answer.get("answer", "")), *cited, "", *scores]


def _gated(found: Comparison) -> ET.Element:
    case = ET.Element(
        "testcase",
        classname="gate",
        name=legible(f"{found.suite}: {found.measure}"),
        time="0",
    )
    if found.failed:
        element = ET.SubElement(case, "failure", message=legible(found.reason), type="gate")
        element.text = legible(found.reason)
    said = ET.SubElement(case, "system-out")
    said.text = (
        f"now {figure(found.now, found.measure)}, baseline {figure(found.before, found.measure)}, "
        f"difference {change(found.difference, found.measure)}, floor {figure(found.floor, found.measure)}"
    )
    return case
