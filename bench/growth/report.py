"""The figures of all sizes as Markdown: each the median of the runs, with the lowest and the highest."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

Run = Mapping[str, Any]
Size = Mapping[str, Any]

MEGA = 1e6

DATED = """\
The same questions of papers since 2023 alone, which a sixth of them are.
"""
MEMORY = """\
## Memory and opening

Of a process that asks, and of one that only has Chroma's collection open and queries it, in MB. Anonymous
memory is what no file backs.
"""
RECALL = """\
## The approximate search

Recall@100 of Chroma's graph against all cosines, over the curated questions, and of those that look for one
paper the share that found it among the sources, and first.
"""


def as_markdown(report: Mapping[str, Any]) -> str:
    """Lay out every table, and what they are of."""
    sizes: Sequence[Size] = report["sizes"]
    parts = [
        "# Growth\n",
        _machine(report),
        "## What one machine holds\n\nMedians of the figures below.\n",
        sizing(sizes),
        "## Asking\n\nOne question end to end, warm, by the extractive reader, in milliseconds.\n",
        _asking(sizes, "ask"),
        DATED,
        _asking(sizes, "dated"),
        "Where the time goes: the median milliseconds of each stage.\n",
        _stages(sizes),
        MEMORY,
        _memory(sizes),
        RECALL,
        _recall(sizes),
        "## Building and disk\n\nWithout the encoder. Seconds by the clock; bytes a paper.\n",
        _building(sizes),
    ]
    return "\n".join(parts) + "\n"


def _machine(report: Mapping[str, Any]) -> str:
    machine = report["machine"]
    loads = [load for size in report["sizes"] for run in size["ask"] for load in run["load"]]
    return (
        f"`python -m bench.growth --seed {report['seed']}`: {report['runs']} processes a size, "
        f"{report['questions']} curated questions each. {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory'] / 1e9:.0f} GB; Python {machine['python']}, chromadb {machine['chromadb']}, "
        f"tantivy {machine['tantivy']}, SQLite {machine['sqlite']}. The load of the machine was "
        f"{min(loads):.1f} to {max(loads):.1f}, this bench in it. Times by the clock hold what other "
        "programs took; those by the processor do not, but threads that wait for each other "
        "spin, and raise them too.\n"
    )


def spread(runs: Sequence[Run], of: Callable[[Run], float], digits: int = 1) -> str:
    """Write the median over runs, and the lowest and the highest.

    >>> spread([{"p50": 2.0}, {"p50": 3.0}, {"p50": 7.0}], lambda run: run["p50"])
    '3.0 [2.0, 7.0]'
    """
    values = [of(run) for run in runs]
    low, high = min(values), max(values)
    return f"{statistics.median(values):,.{digits}f} [{low:,.{digits}f}, {high:,.{digits}f}]"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay rows out under their head."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def sizing(sizes: Sequence[Size]) -> str:
    """Say what a collection of each size takes: medians."""
    head = ["papers", "a question, ms", "of the processor, ms", "memory, MB", "disk, GB", "opening, s"]
    rows = []
    for size in sizes:
        middle = {
            key: statistics.median(run[key] for run in size["ask"])
            for key in ("p50", "processor_p50", "resident", "opening")
        }
        rows.append(
            [
                f"{size['papers']:,}",
                f"{middle['p50']:.0f}",
                f"{middle['processor_p50']:.0f}",
                f"{middle['resident'] / MEGA:,.0f}",
                f"{sum(size['disk'].values()) / 1e9:.2f}",
                f"{middle['opening']:.1f}",
            ]
        )
    return table(head, rows)


def _asking(sizes: Sequence[Size], asked: str) -> str:
    head = ["papers", "p50", "p95", "p95 / p50", "processor p50", "processor p95", "times the smallest's"]
    first = statistics.median(run["processor_p50"] for run in sizes[0][asked])
    rows = [
        [
            f"{size['papers']:,}",
            *(spread(size[asked], itemgetter(key)) for key in ("p50", "p95")),
            spread(size[asked], lambda run: run["p95"] / run["p50"]),
            *(spread(size[asked], itemgetter(key)) for key in ("processor_p50", "processor_p95")),
            spread(size[asked], lambda run: run["processor_p50"] / first, 2),
        ]
        for size in sizes
    ]
    return table(head, rows)


def _stages(sizes: Sequence[Size]) -> str:
    stages = list(sizes[0]["ask"][0]["stages"])
    rows = [
        [
            f"{size['papers']:,}",
            *(spread(size["ask"], partial(_stage, stage)) for stage in stages),
        ]
        for size in sizes
    ]
    return table(["papers", *stages], rows)


def _stage(stage: str, run: Run) -> float:
    return float(run["stages"][stage])


def _megabytes(key: str, run: Run) -> float:
    return float(run[key]) / MEGA


def _beside(alone: float, run: Run) -> float:
    return float(run["resident"]) / alone


def _memory(sizes: Sequence[Size]) -> str:
    head = [
        "papers",
        "asking",
        "of it anonymous",
        "Chroma alone",
        "of it anonymous",
        "ratio",
        "opening, s",
        "Chroma's, s",
    ]
    rows = []
    for size in sizes:
        alone = statistics.median(run["resident"] for run in size["query"])
        rows.append(
            [
                f"{size['papers']:,}",
                *(
                    spread(size[who], partial(_megabytes, key), 0)
                    for who in ("ask", "query")
                    for key in ("resident", "anonymous")
                ),
                spread(size["ask"], partial(_beside, alone), 2),
                *(spread(size[who], lambda run: run["opening"]) for who in ("ask", "query")),
            ]
        )
    return table(head, rows)


def _recall(sizes: Sequence[Size]) -> str:
    head = [
        "papers",
        "ef_search",
        "recall@100",
        "lowest",
        "Chroma's query, ms",
        "exact, ms",
        "right paper among the sources",
        "first",
    ]
    rows = []
    for size in sizes:
        recall = size["recall"]
        for effort, found in recall["tried"].items():
            own = str(effort) == str(recall["ef_search"])
            rows.append(
                [
                    f"{size['papers']:,}",
                    f"**{effort}**" if own else str(effort),
                    f"{found['recall']:.4f}",
                    f"{found['lowest']:.2f}",
                    f"{found['processor'] * 1e3:.1f}",
                    f"{recall['exact_seconds'] * 1e3:.1f}",
                    spread(size["ask"], lambda run: run["found"], 3) if own else "",
                    spread(size["ask"], lambda run: run["first"], 3) if own else "",
                ]
            )
    return table(head, rows)


def _building(sizes: Sequence[Size]) -> str:
    head = ["papers", "whole", "vectors", "words", "ledger and tokens", "papers a second"]
    head += ["vectors", "words", "ledger and tokens", "GB in all", "sentences at the most"]
    rows = []
    for size in sizes:
        built, disk, count = size["build"], size["disk"], size["papers"]
        rows.append(
            [
                f"{count:,}",
                *(f"{built[store]:,.0f}" for store in ("whole", "vectors", "words", "ledger")),
                f"{count / built['whole']:,.0f}",
                *(f"{disk[store] / count:,.0f}" for store in ("vectors", "words", "ledger")),
                f"{sum(disk.values()) / 1e9:.2f}",
                "–" if size["sentences"] is None else f"{size['sentences']}, no text in Chroma",
            ]
        )
    return table(head, rows)
