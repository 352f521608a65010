"""Draw nDCG@10 with its intervals, by search and collection, from what `bench.retrieval --json` wrote.

    python -m bench.plots FIGURES.json... --out docs/retrieval.svg

One panel for each suite of each collection, in the order of the files; all have one scale.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

MEASURE = "nDCG@10"
PANEL_INCHES, ROW_INCHES = 2.1, 0.3
OURS, OTHERS = "#b3401f", "#4a5a6a"

STYLE: dict[Any, Any] = {
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.family": "sans-serif",
    "font.size": 9,
    # Text stays text, and the same figures give the same file.
    "svg.fonttype": "none",
    "svg.hashsalt": "retrieval",
}


@dataclass(frozen=True, slots=True)
class Point:
    """One search in one panel."""

    label: str
    value: float
    low: float
    high: float
    is_ours: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """One suite of one collection."""

    title: str
    points: tuple[Point, ...]
    """In the order of the table."""


def panels(report: dict[str, Any]) -> Iterator[Panel]:
    """Take the panels out of a report; the kinds within a suite are left to the table."""
    for collection in report["collections"]:
        for table in collection["tables"]:
            if "," in table["group"]:
                continue
            name = collection["name"].partition(" (")[0]
            title = f"{name}: {table['group']}" if table["group"] else name
            points = tuple(
                Point(row["label"], **row["measures"][MEASURE], is_ours=row["system"] == "assistant")
                for row in table["rows"]
            )
            yield Panel(f"{title}\n{table['queries']:,} queries", points)


def draw(drawn: Sequence[Panel], path: Path) -> None:
    """Write the plot as SVG."""
    labels = list(dict.fromkeys(point.label for panel in drawn for point in panel.points))
    # The first search stands at the top.
    heights = {label: -position for position, label in enumerate(labels)}
    with rc_context(STYLE):
        figure = Figure(
            figsize=(1.4 + PANEL_INCHES * len(drawn), 1.1 + ROW_INCHES * len(labels)), layout="constrained"
        )
        all_axes = figure.subplots(1, len(drawn), sharex=True, sharey=True, squeeze=False)[0]
        for axes, panel in zip(all_axes, drawn, strict=True):
            axes.set_title(panel.title, fontsize=9)
            axes.set_yticks(list(heights.values()), labels)
            axes.tick_params(axis="y", length=0)
            axes.grid(axis="x", color="#dddddd", linewidth=0.6)
            axes.set_axisbelow(True)
            for point in panel.points:
                axes.errorbar(
                    point.value,
                    heights[point.label],
                    xerr=[[point.value - point.low], [point.high - point.value]],
                    fmt="o",
                    markersize=4,
                    color=OURS if point.is_ours else OTHERS,
                )
        figure.supxlabel(f"{MEASURE}, with 95 % intervals", fontsize=9)
        figure.savefig(path, format="svg", metadata={"Date": None})


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, draw, write."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.plots", description=f"Draw {MEASURE} by search and collection, as SVG."
    )
    parser.add_argument("reports", nargs="+", type=Path, metavar="FIGURES.json")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.svg")
    given = parser.parse_args(arguments)
    draw([panel for report in given.reports for panel in panels(json.loads(report.read_text()))], given.out)


if __name__ == "__main__":
    main()
