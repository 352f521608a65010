"""A table of figures: kept as JSON, shown as Markdown."""

import os
import platform
import re
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.speed.processes import Ended

PACKAGES = ("chromadb", "llama-index-core", "numpy", "onnxruntime", "tokenizers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure of everything that is compared, over all runs."""

    what: str
    unit: str
    ours: tuple[float, ...] = ()
    """One a run."""
    other: tuple[float, ...] = ()
    """Of what ours is compared with, in the same runs; empty where there is nothing."""
    target: str = ""
    """What the ratio of ours to the other, or our figure where there is no other, is to be: `<= 0.65`."""

    @property
    def ratios(self) -> list[float]:
        """Ours to the other, run by run: what slows the machine down for a while slows both."""
        return [own / other for own, other in zip(self.ours, self.other, strict=True)] if self.other else []

    @property
    def met(self) -> bool | None:
        """Whether the median is what it is to be; None where nothing was set."""
        if not self.target:
            return None
        sign, bound = self.target.split()
        middle = statistics.median(self.ratios or self.ours)
        return middle <= float(bound) if sign == "<=" else middle >= float(bound)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What one command measured."""

    name: str
    title: str
    other: str
    """What ours is compared with."""
    rows: tuple[Row, ...]
    machine: dict[str, Any] = field(default_factory=dict)
    notes: str = ""


def machine() -> dict[str, Any]:
    """Describe the machine, and how busy it is with other things."""
    known = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = re.search(r"^model name\s*: (.*)$", known, re.MULTILINE)
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {
        "day": datetime.now(UTC).date().isoformat(),
        "processor": model[1] if model else platform.processor(),
        "processors": os.cpu_count(),
        "memory_gb": round(pages * size / 1e9),
        "system": platform.system(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 1),
        "packages": {name: version(name) for name in PACKAGES},
    }


def as_json(table: Table) -> dict[str, Any]:
    """Give a table as JSON can have it."""
    return asdict(table)


def from_json(value: dict[str, Any]) -> Table:
    """Give the table that was kept."""
    rows = tuple(
        Row(**{**row, "ours": tuple(row["ours"]), "other": tuple(row["other"])}) for row in value["rows"]
    )
    return Table(**{**value, "rows": rows})


def usage(ours: Sequence[Ended], other: Sequence[Ended], *, memory_target: str = "") -> tuple[Row, Row]:
    """Say what whole processes took of the processor and of the memory."""
    return (
        Row(
            what="processor time",
            unit="s",
            ours=tuple(each.processor for each in ours),
            other=tuple(each.processor for each in other),
        ),
        Row(
            what="most memory",
            unit="MB",
            ours=tuple(each.peak for each in ours),
            other=tuple(each.peak for each in other),
            target=memory_target,
        ),
    )


def as_markdown(table: Table) -> str:
    """Lay a table out."""
    header = ["", "assistant", table.other, "ratio", "target"]
    lines = [header, ["---"] * len(header), *(_cells(row) for row in table.rows)]
    shown = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    about = table.machine
    runs = len(table.rows[0].ours)
    return (
        f"{table.title}\n\n{shown}\n\n"
        f"Median of {runs} runs, and the least and the most. {about['processors']} processors "
        f"({about['processor']}), {about['memory_gb']} GB, {about['system']}, Python {about['python']}, "
        f"{about['day']}; other work on the machine before the first run: load {about['load_before']}."
        + (f" {table.notes}" if table.notes else "")
        + "\n"
    )


def _cells(row: Row) -> list[str]:
    verdict = "" if row.met is None else (" ✓" if row.met else " ✗")
    target = row.target.replace("<=", "≤").replace(">=", "≥")
    return [
        f"{row.what}, {row.unit}",
        _spread(row.ours),
        _spread(row.other),
        _spread(row.ratios),
        f"{target}{verdict}" or "–",
    ]


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "–"
    middle = statistics.median(values)
    return f"{_short(middle)} ({_short(min(values))}–{_short(max(values))})"


def _short(value: float) -> str:
    """Give three digits."""
    size = abs(value)
    return f"{value:.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"  # noqa: PLR2004
