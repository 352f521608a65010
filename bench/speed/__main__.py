"""The command: `python -m bench.speed`."""

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.speed import batches, cold, ingest, rebuild, throughput, warm
from bench.speed.page import PAGE, RESULTS, renewed
from bench.speed.report import Table, as_json, as_markdown, machine
from bench.speed.setting import Setting

TABLES: dict[str, Callable[[Setting, int], Table]] = {
    "cold": cold.measure,
    "ingest": ingest.measure,
    "batches": batches.measure,
    "rebuild": rebuild.measure,
    "warm": warm.measure,
    "throughput": throughput.measure,
}
LEAST = 5
"""Runs from which on figures are kept: fewer say nothing of their spread."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and keep."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.speed",
        description="Measure what a person waits for, beside LlamaIndex with Chroma in the same runs.",
        epilog=f"Figures are kept as JSON and as Markdown in bench/results, and shown in docs/speed.md, "
        f"from {LEAST} runs on.",
    )
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"of {', '.join(TABLES)} (default: all)")
    parser.add_argument("--runs", type=int, default=LEAST, help=f"of each side, in turn (default: {LEAST})")
    parser.add_argument("--pages", action="append", default=[], metavar="GLOB", help="papers to take instead")
    parser.add_argument(
        "--papers", type=int, metavar="N", help="so many of the papers, evenly from all of them"
    )
    parser.add_argument(
        "--home", type=Path, metavar="FOLDER", help="keep both indexes here, or use those that are kept"
    )
    given = parser.parse_args(arguments)
    for name in given.tables:
        if name not in TABLES:
            parser.error(f"{name} is none of {', '.join(TABLES)}")
    for name in given.tables or TABLES:
        about = machine()
        with tempfile.TemporaryDirectory() as folder:
            table = TABLES[name](Setting(given.home or Path(folder), given.pages, given.papers), given.runs)
        table.machine.update(about)
        print(as_markdown(table), flush=True)
        if given.runs >= LEAST and not given.pages:
            keep(table)


def keep(table: Table) -> None:
    """Write the figures down, and show them on the page."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{table.name}.json").write_text(
        json.dumps(as_json(table), indent=1, ensure_ascii=False) + "\n"
    )
    (RESULTS / f"{table.name}.md").write_text(as_markdown(table))
    PAGE.write_text(renewed(PAGE.read_text()))


if __name__ == "__main__":
    main()
