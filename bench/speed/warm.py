"""A question to an assistant that is open: how long it takes, by stage."""

import json
import statistics
from collections.abc import Sequence

from bench.speed.report import Row, Table
from bench.speed.setting import Setting

STAGES = {
    "encode": "encode",
    "dense": "dense",
    "words": "words",
    "late": "late interaction",
    "fusion": "fusion",
    "papers": "looking the papers up",
    "reading": "reading",
}


def measure(setting: Setting, runs: int) -> Table:
    """Ask every question once a run, ours and the peer in turn, each in a process of its own."""
    ours: list[dict[str, list[float]]] = []
    others: list[list[float]] = []
    for _ in range(runs):
        ours.append(json.loads(setting.ours("warm", setting.questions).output))
        others.append(json.loads(setting.peer("warm", setting.questions).output)["whole"])
    whole = [each["whole"] for each in ours]
    return Table(
        name="warm",
        title=f"One of {len(whole[0])} questions to {setting.count} papers, in a process that is ready",
        other="LlamaIndex + Chroma",
        rows=(
            Row(what="p50", unit="ms", ours=_of(whole, 0.5), target="<= 40"),
            Row(
                what="p50, beside the peer's search alone",
                unit="ms",
                ours=_of(whole, 0.5),
                other=_of(others, 0.5),
            ),
            Row(
                what="p95, beside its own p50",
                unit="ms",
                ours=_of(whole, 0.95),
                other=_of(whole, 0.5),
                target="<= 2",
            ),
            *(
                Row(what=f"{name}, {share}", unit="ms", ours=_of([each[stage] for each in ours], at))
                for stage, name in STAGES.items()
                for share, at in (("p50", 0.5), ("p95", 0.95))
            ),
        ),
        notes="The peer retrieves five texts and does not answer.",
    )


def _of(runs: Sequence[Sequence[float]], share: float) -> tuple[float, ...]:
    """Give a quantile of each run, in milliseconds."""
    cut = round(share * 100) - 1
    return tuple(1000 * statistics.quantiles(seconds, n=100, method="inclusive")[cut] for seconds in runs)
