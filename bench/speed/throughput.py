"""Answers a second when several ask at once, from asynchronous code."""

import json

from bench.speed.report import Row, Table
from bench.speed.setting import Setting

CALLERS = ("1", "8", "32")


def measure(setting: Setting, runs: int) -> Table:
    """Have so many callers put the questions between them, ours and the peer in turn."""
    ours: list[dict[str, float]] = []
    others: list[dict[str, float]] = []
    for _ in range(runs):
        ours.append(json.loads(setting.ours("throughput", setting.questions, *CALLERS).output))
        others.append(json.loads(setting.peer("throughput", setting.questions, *CALLERS).output))
    return Table(
        name="throughput",
        title=f"Questions to {setting.count} papers, by callers at once",
        other="LlamaIndex + Chroma",
        rows=tuple(
            Row(
                what=f"`aask`, {count} caller{'' if count == '1' else 's'}",
                unit="a second",
                ours=tuple(each[count] for each in ours),
                other=tuple(each[count] for each in others),
            )
            for count in CALLERS
        ),
        notes="The peer's `aretrieve` retrieves five texts and does not answer.",
    )
