"""Making every store anew: with what the encoder made before, and with it at work again."""

import sqlite3
from typing import TYPE_CHECKING

from bench.speed.report import Row, Table, usage
from bench.speed.setting import Setting

if TYPE_CHECKING:
    from bench.speed.processes import Ended


def measure(setting: Setting, runs: int) -> Table:
    """Rebuild one home in whole processes, with what is kept and without it in turn."""
    setting.command("ingest", "--rebuild")
    kept: list[Ended] = []
    encoded: list[Ended] = []
    for _ in range(runs):
        kept.append(setting.command("ingest", "--rebuild"))
        with sqlite3.connect(setting.home / "ledger.sqlite3") as ledger:
            ledger.execute("DELETE FROM chunk_vectors")
        ledger.close()
        encoded.append(setting.command("ingest", "--rebuild"))
    return Table(
        name="rebuild",
        title=f"`assistant ingest --rebuild` of {setting.count} papers",
        other="the same, with nothing kept",
        rows=(
            Row(
                what="the whole process",
                unit="s",
                ours=tuple(each.seconds for each in kept),
                other=tuple(each.seconds for each in encoded),
            ),
            *usage(kept, encoded),
        ),
    )
