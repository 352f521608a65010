"""Print how often the gate errs, as shipped: how often noise fails it, and how often a loss of 5 points does.

    python -m bench.gate [--trials N]

300 questions on 240 papers are made up, with the gated measures of `eval/gate.toml`. Either run of a trial
sees the same truth through noise of its own: in each measure a share of the questions, as many up as down on
average, goes otherwise than it should. Where something is lost, 15 of the questions that were right in every
measure are wrong in those named. The extractive reader has no noise at all; what a model has is seen by
comparing two runs of it.
"""

import argparse
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation.losses import ALPHA, loss_tests
from assistant.evaluation.thresholds import Gate

QUESTIONS = 300
LOST = 15
PAPERS = 240
CLUSTERS = {f"q{place}": f"p{place % PAPERS}" for place in range(QUESTIONS)}
SHIPPED = Gate.read().without_floors()
MEASURES = [gated.measure for gated in SHIPPED.gated]
LOSSES = [
    ["all facts"],
    ["right to answer"],
    ["faithfulness"],
    ["ndcg@10"],
    ["all facts", "right to answer"],
    ["all facts", "ndcg@10"],
]
"""What may be lost: facts alone, by a wrong refusal, by a paper that is not found, and so on."""

Values = NDArray[np.float64]
"""One row a question and one column a gated measure."""


def truth(random: np.random.Generator) -> Values:
    """Draw how an assistant does."""
    right = random.random(QUESTIONS) < 0.95  # noqa: PLR2004 - about as the extractive reader
    facts = right & (random.random(QUESTIONS) < 0.8)  # noqa: PLR2004 - as above
    ranked = np.where(random.random(QUESTIONS) < 0.82, 1.0, random.choice([0.63, 0.5, 0.0], QUESTIONS))  # noqa: PLR2004 - as above
    faithful = np.where(random.random(QUESTIONS) < 0.9, 1.0, random.choice([0.5, 0.75], QUESTIONS))  # noqa: PLR2004 - as above
    by_name = {"ndcg@10": ranked, "all facts": facts, "right to answer": right, "faithfulness": faithful}
    return np.stack([by_name[measure].astype(float) for measure in MEASURES], axis=1)


def noisy(values: Values, share: float, random: np.random.Generator) -> Values:
    """Let a share of the questions go otherwise by chance, in each measure as many up as down on average."""
    seen = values.copy()
    for column in range(values.shape[1]):
        top = values[:, column] == 1
        for places, value in ((np.flatnonzero(top), 0.0), (np.flatnonzero(~top), 1.0)):
            count = min(len(places), random.poisson(share * QUESTIONS / 2))
            seen[random.choice(places, count, replace=False), column] = value
    return seen


def worse(values: Values, lost: Sequence[str], random: np.random.Generator) -> Values:
    """Lose 5 points in some measures, on the same questions."""
    now = values.copy()
    places = random.choice(np.flatnonzero((values == 1).all(axis=1)), LOST, replace=False)
    for measure in lost:
        now[places, MEASURES.index(measure)] = 0.0
    return now


def fails(before: Values, now: Values) -> bool:
    """Tell whether the gate fails one run against another."""
    pairs = [
        {f"q{row}": (before[row, column], now[row, column]) for row in range(QUESTIONS)}
        for column in range(len(MEASURES))
    ]
    return any(
        test.adjusted <= ALPHA and -test.difference > gated.loss
        for test, gated in zip(loss_tests(pairs, CLUSTERS), SHIPPED.gated, strict=True)
    )


def failing_share(lost: Sequence[str], *, noise: float, trials: int, seed: int) -> float:
    """Give the share of the trials that the gate fails."""
    random = np.random.default_rng(seed)
    failing = 0
    for _ in range(trials):
        before = truth(random)
        now = worse(before, lost, random) if lost else before
        failing += fails(noisy(before, noise, random), noisy(now, noise, random))
    return failing / trials


def main() -> None:
    """Try and print, in Markdown."""
    parser = argparse.ArgumentParser(description="Print how often the gate errs.")
    parser.add_argument("--trials", type=int, default=500)
    trials = parser.parse_args().trials
    levels = (0.0, 0.01, 0.02, 0.03)
    print(f"| lost | {' | '.join(f'{level:.0%} noise a run' for level in levels)} |")
    print(f"|---|{'---:|' * len(levels)}")
    for lost in ([], *LOSSES):
        shares = [failing_share(lost, noise=level, trials=trials, seed=1) for level in levels]
        name = f"5 points of {' and '.join(lost)}" if lost else "nothing"
        print(f"| {name} | {' | '.join(f'{share:.1%}' for share in shares)} |", flush=True)


if __name__ == "__main__":
    main()
