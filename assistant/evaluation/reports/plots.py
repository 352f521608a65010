"""Plots by suite: Vega-Lite drawn to SVG when the report is written, so that no script draws it later.

A report is then small, prints as it looks, and needs no code but its own filter. The colours are the
report's own (CSS variables), light or dark.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.evaluation.gate import Comparison, GateReport
from assistant.evaluation.reports.wording import AMOUNTS, MEANINGS, figure, ordered
from assistant.evaluation.run import ALL, Run, Total

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
"""Names the version of the language; nothing is fetched from it."""
WIDTH, ROW = 230, 26
SPREADS = ("seconds", "words")

CONFIG = {
    "font": "system-ui, sans-serif",
    "axis": {
        "labelColor": "currentColor",
        "labelFontSize": 11,
        "labelLimit": 120,
        "gridColor": "var(--line)",
        "domain": False,
        "ticks": False,
        "labelPadding": 6,
        "title": None,
    },
    # Room for the longest name in whatever font the browser has.
    "axisY": {"minExtent": 100, "grid": False},
    "view": {"stroke": None},
}


@dataclass(frozen=True, slots=True)
class Panel:
    """One measure, with a row a suite."""

    measure: str
    meaning: str
    svg: str


def panels(
    run: Run, totals: Mapping[str, Mapping[str, Total]], gate: GateReport | None
) -> list[Panel] | None:
    """Draw the measures that are shares with their intervals, and the spread of time and length.

    Returns:
        None where the package that draws is not installed.
    """
    try:
        import vl_convert
    except ImportError:
        return None
    suites = [suite for suite in totals if suite != ALL]
    gated = {(found.suite, found.measure): found for found in gate.comparisons} if gate else {}
    specs = []
    for measure in ordered(run.measures):
        if measure not in AMOUNTS:
            rows = _shares(measure, suites, totals, gated)
            specs += [(measure, interval_plot(rows, suites))] if rows else []
        elif measure in SPREADS:
            rows = _amounts(measure, run)
            specs += [(measure, spread_plot(rows, suites))] if rows else []
    return [
        Panel(measure, MEANINGS.get(measure, ""), vl_convert.vegalite_to_svg(json.dumps(spec)))
        for measure, spec in specs
    ]


Row = dict[str, Any]


def _shares(
    measure: str,
    suites: Sequence[str],
    totals: Mapping[str, Mapping[str, Total]],
    gated: Mapping[tuple[str, str], Comparison],
) -> list[Row]:
    rows = []
    for suite in suites:
        total = totals[suite].get(measure)
        if total is None or total.mean is None:
            continue
        compared = gated.get((suite, measure))
        before = compared.before if compared else None
        told = f"{suite}: {figure(total.mean)}, 95 % interval {figure(total.low)} to {figure(total.high)}"
        rows.append(
            {
                "suite": suite,
                "mean": total.mean,
                "low": total.low,
                "high": total.high,
                "before": before,
                "failed": bool(compared and compared.failed),
                "told": told if before is None else f"{told}; baseline {figure(before)}",
            }
        )
    return rows


def _amounts(measure: str, run: Run) -> list[Row]:
    return [
        {"suite": result.question.suite, "amount": score.value}
        for result in run.results
        if (score := result.scores.get(measure)) is not None and score.value is not None
    ]


def _plot(rows: Sequence[Row], layers: Sequence[Row]) -> Row:
    return {
        "$schema": SCHEMA,
        "background": None,
        "padding": 2,
        "width": WIDTH,
        "height": {"step": ROW},
        "data": {"values": list(rows)},
        "layer": list(layers),
        "config": CONFIG,
    }


def _suite(rows: Sequence[Row], suites: Sequence[str]) -> Row:
    present = {row["suite"] for row in rows}
    return {"field": "suite", "type": "nominal", "sort": [suite for suite in suites if suite in present]}


def interval_plot(rows: Sequence[Row], suites: Sequence[str]) -> Row:
    """Specify a plot of means from 0 to 1 with their intervals, and the baseline's means where known.

    What failed the gate is a square, what did not a circle, the baseline a hollow diamond.
    """
    scale = {"scale": {"domain": [0, 1]}, "axis": {"values": [0, 0.25, 0.5, 0.75, 1], "format": ".2~f"}}
    suite = _suite(rows, suites)
    description = {"field": "told", "type": "nominal"}
    colour = {"condition": {"test": "datum.failed", "value": "var(--bad)"}, "value": "var(--accent)"}
    layers: list[Row] = [
        {
            "mark": {"type": "rule", "strokeWidth": 5, "strokeCap": "round", "opacity": 0.35},
            "encoding": {
                "y": suite,
                "x": {"field": "low", "type": "quantitative", **scale},
                "x2": {"field": "high"},
                "color": colour,
                "description": description,
            },
        },
        {
            "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
            "encoding": {
                "y": suite,
                "x": {"field": "mean", "type": "quantitative", **scale},
                "fill": colour,
                "shape": {"condition": {"test": "datum.failed", "value": "square"}, "value": "circle"},
                "description": description,
            },
        },
        {
            "transform": [{"filter": "isValid(datum.before)"}],
            "mark": {"type": "point", "shape": "diamond", "size": 110, "strokeWidth": 1.5, "opacity": 1},
            "encoding": {
                "y": suite,
                "x": {"field": "before", "type": "quantitative", **scale},
                "stroke": {"value": "currentColor"},
                "description": description,
            },
        },
    ]
    return _plot(rows, layers)


def spread_plot(rows: Sequence[Row], suites: Sequence[str]) -> Row:
    """Specify a plot of an amount: least, quartiles, median and most, by suite."""
    ink = {"color": "var(--accent)"}
    box = {
        "mark": {
            "type": "boxplot",
            "extent": "min-max",
            "size": 12,
            "box": {**ink, "opacity": 0.35},
            "rule": ink,
            "ticks": False,
            "median": {"color": "currentColor", "thickness": 2},
        },
        "encoding": {
            "y": _suite(rows, suites),
            "x": {"field": "amount", "type": "quantitative", "title": None, "axis": {"tickCount": 5}},
        },
    }
    return _plot(rows, [box])
