"""Figures as Markdown for people, and as JSON for programs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bench.retrieval.measures import LEVEL, RESAMPLES, Estimate
from bench.retrieval.running import Figures, Row, Table
from bench.retrieval.systems import ASSISTANT

ONE_RIGHT = ("nDCG@10", "hit@1", "hit@5", "recall@100")
"""What is shown of queries that look for one paper, or for any that fits."""
SEVERAL_RIGHT = ("nDCG@10", "recall@5", "recall@10", "recall@100")
"""What is shown of questions whose answer needs every paper of a list."""
LISTS = ("multi", "topic")
"""The suites of such questions."""


def as_json(reported: Sequence[Figures], *, seed: int, sample: int | None) -> dict[str, Any]:
    """Give all figures, and what they depend on."""
    return {
        "level": LEVEL,
        "resamples": RESAMPLES,
        "seed": seed,
        "sample": sample,
        "collections": [asdict(figures) for figures in reported],
    }


def as_markdown(figures: Figures) -> str:
    """Lay out one collection's tables."""
    parts = [f"## {figures.name}: {figures.papers:,} papers"]
    parts.extend(_table(table) for table in figures.tables)
    if figures.stages:
        stages = " | ".join(figures.stages)
        times = " | ".join(_shown(each, 1) for each in figures.stages.values())
        parts.append(
            "Where the assistant's time goes, in milliseconds (median):\n\n"
            f"| {stages} |\n|{'---|' * len(figures.stages)}\n| {times} |"
        )
    return "\n\n".join(parts) + "\n"


def _table(table: Table) -> str:
    shown = SEVERAL_RIGHT if table.group.split(",")[0] in LISTS else ONE_RIGHT
    header = ["search", *shown, "assistant ahead by (nDCG@10)", "ms a query (median)", "bytes a paper"]
    lines = [header, ["---"] * len(header), *(_cells(row, shown) for row in table.rows)]
    title = f"**{table.group}**, {table.queries:,} queries" if table.group else f"{table.queries:,} queries"
    return f"{title}\n\n" + "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cells(row: Row, shown: Sequence[str]) -> list[str]:
    return [
        row.label,
        *(_shown(row.measures[name], 3) for name in shown),
        "–" if row.ahead is None or row.system == ASSISTANT else _shown(row.ahead, 3),
        _shown(row.milliseconds, 1),
        f"{row.bytes_per_paper:,.0f}",
    ]


def _shown(estimate: Estimate, digits: int) -> str:
    return f"{estimate.value:.{digits}f} [{estimate.low:.{digits}f}, {estimate.high:.{digits}f}]"
