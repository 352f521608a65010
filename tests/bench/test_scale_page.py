"""The page about scale says what was measured."""

import json
import re
from pathlib import Path

from bench.growth import graphs
from bench.growth.report import as_markdown

ROOT = Path(__file__).parents[2]
TABLE = re.compile(r"(?:^\|.*\n)+", re.MULTILINE)


def test_the_tables_are_those_of_the_figures() -> None:
    report = json.loads((ROOT / "bench/results/growth.json").read_text())
    written = (ROOT / "bench/results/growth.md").read_text()
    assert written == as_markdown(report)
    page = (ROOT / "docs/scale.md").read_text()
    tables = TABLE.findall(page.partition("<!-- from")[2].partition("<!-- until here")[0])
    assert tables == TABLE.findall(written)
    assert len(tables) == 7


def test_the_graphs_are_those_that_were_tried() -> None:
    kept = ROOT / "bench/results/graphs.md"
    assert kept.read_text() == graphs.as_markdown(json.loads(kept.with_suffix(".json").read_text()))
    assert kept.read_text() in (ROOT / "docs/scale.md").read_text().partition("<!-- graphs -->")[2]
