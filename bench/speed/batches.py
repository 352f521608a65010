"""Taking papers up in batches of other sizes than the one that is used."""

import json

from assistant.index.settling import BATCH
from bench.speed.report import Row, Table
from bench.speed.setting import Setting

SIZES = (BATCH // 4, BATCH * 4)


def measure(setting: Setting, runs: int) -> Table:
    """Index the same papers anew with each size in turn."""
    rates: dict[int, list[float]] = {size: [] for size in (BATCH, *SIZES)}
    for _ in range(runs):
        for size, found in rates.items():
            ended = setting.ours("ingest", setting.papers, str(size), home=setting.fresh("new home"))
            found.append(setting.count / json.loads(ended.output)["work"])
    return Table(
        name="batches",
        title=f"Taking up {setting.count} papers, without start and imports",
        other=f"{BATCH} a batch, as it is",
        rows=tuple(
            Row(
                what=f"{size} a batch",
                unit="papers a second",
                ours=tuple(rates[size]),
                other=tuple(rates[BATCH]),
            )
            for size in SIZES
        ),
    )
