"""Taking papers up: how many a second, and how much memory it takes."""

import json

from bench.speed.processes import Ended
from bench.speed.report import Row, Table, usage
from bench.speed.setting import Setting


def measure(setting: Setting, runs: int) -> Table:
    """Index the same papers anew, ours, the peer and the encoder alone in turn."""
    setting.ours("encode", setting.papers)  # what is on disk is in memory from here on
    ours: list[Ended] = []
    others: list[Ended] = []
    floors: list[Ended] = []
    for _ in range(runs):
        ours.append(setting.ours("ingest", setting.papers, home=setting.fresh("new home")))
        others.append(setting.peer("ingest", setting.papers, index=setting.fresh("new index")))
        floors.append(setting.ours("encode", setting.papers))

    def working(ended: list[Ended]) -> tuple[float, ...]:
        return tuple(setting.count / json.loads(each.output)["work"] for each in ended)

    def whole(ended: list[Ended]) -> tuple[float, ...]:
        return tuple(setting.count / each.seconds for each in ended)

    return Table(
        name="ingest",
        title=f"Taking up {setting.count} papers",
        other="LlamaIndex + Chroma, or the encoder alone",
        rows=(
            Row(
                what="the whole process",
                unit="papers a second",
                ours=whole(ours),
                other=whole(others),
                target=">= 1.3",
            ),
            Row(
                what="without start and imports",
                unit="papers a second",
                ours=working(ours),
                other=working(others),
            ),
            Row(
                what="the whole process, beside the encoder alone",
                unit="papers a second",
                ours=whole(ours),
                other=whole(floors),
            ),
            Row(
                what="without start and imports, beside the encoder alone",
                unit="papers a second",
                ours=working(ours),
                other=working(floors),
                target=">= 0.85",
            ),
            *usage(ours, others),
        ),
    )
