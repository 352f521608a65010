"""A run as JUnit XML."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from markup import Node
from synthetic import FELL, GATE, RUN, RUNS

from assistant.evaluation.gate import GateReport
from assistant.evaluation.reports import write_junit
from assistant.evaluation.run import Run


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
