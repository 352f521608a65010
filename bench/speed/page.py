"""The page with the tables, docs/speed.md: what stands between its marks comes from the kept figures."""

import json
import re
from pathlib import Path

from bench.speed.processes import ROOT
from bench.speed.report import as_markdown, from_json

PAGE = ROOT / "docs" / "speed.md"
RESULTS = ROOT / "bench" / "results"
_MARKED = re.compile(r"(<!-- bench\.speed (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def renewed(page: str, results: Path = RESULTS) -> str:
    r"""Put the kept tables into a page, each between its marks.

    >>> renewed("<!-- bench.speed none -->\nOld.\n<!-- end -->")
    '<!-- bench.speed none -->\nNot measured yet.\n<!-- end -->'
    """

    def table(match: re.Match[str]) -> str:
        before, name, _, after = match.groups()
        kept = results / f"{name}.json"
        shown = (
            as_markdown(from_json(json.loads(kept.read_text()))) if kept.is_file() else "Not measured yet.\n"
        )
        return f"{before}{shown}{after}"

    return _MARKED.sub(table, page)
