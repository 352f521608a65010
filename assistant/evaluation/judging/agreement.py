"""How well a judge agrees with people: pure measures, and cross-validation by question.

A wrong answer is what a judge looks for: it is the positive class of every measure, as in RAGTruth.
"""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation.judging.judge import Judgement
from assistant.evaluation.judging.labelled import LabelledAnswer

Labels = NDArray[np.bool_]
Floats = NDArray[np.float64]

FOLDS = 10
REPEATS = 3
"""Times that the questions are dealt into folds anew; what is given is the mean."""
BINS = 10
SMOOTH = 0.05
"""The share of the answers over which F1 is averaged when a threshold is chosen: its single highest value is
an accident of the sample."""


def auroc(labels: Labels, scores: Floats) -> float:
    """Give the area under the receiver operating characteristic: that a positive scores above a negative.

    The Mann-Whitney statistic (Hanley and McNeil 1982); ties count half.

    >>> auroc(np.array([True, False, True]), np.array([0.9, 0.1, 0.1]))
    0.75
    """
    positive, negative = np.sort(scores[labels]), np.sort(scores[~labels])
    if not len(positive) or not len(negative):
        raise ValueError("AUROC is not defined without both kinds of answers")
    below = np.searchsorted(negative, positive, side="left")
    not_above = np.searchsorted(negative, positive, side="right")
    return float((below + not_above).sum() / (2 * len(positive) * len(negative)))


def f1(labels: Labels, flagged: Labels) -> float:
    """Give the harmonic mean of precision and recall (van Rijsbergen 1979): 2 TP / (2 TP + FP + FN)."""
    found = int(labels.sum() + flagged.sum())
    return 2.0 * int((labels & flagged).sum()) / found if found else 0.0


def balanced_accuracy(labels: Labels, flagged: Labels) -> float:
    """Give the mean of the shares of positives flagged and negatives not flagged (Brodersen et al. 2010)."""
    return float((flagged[labels].mean() + (~flagged[~labels]).mean()) / 2.0)


def kappa(labels: Labels, flagged: Labels) -> float:
    """Give Cohen's κ (Cohen 1960): agreement beyond what two who guess at their own rates would reach."""
    agreed = float((labels == flagged).mean())
    chance = float(labels.mean() * flagged.mean() + (1 - labels.mean()) * (1 - flagged.mean()))
    return (agreed - chance) / (1.0 - chance) if chance < 1.0 else 0.0


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of about the same probability of being wrong."""

    said: float
    """The mean of what the judge said."""
    found: float
    """The share that are wrong."""
    count: int


def calibration(labels: Labels, probabilities: Floats, bins: int = BINS) -> list[Bin]:
    """Cut the answers, in the order of their probability, into bins of equal size."""
    order = np.argsort(probabilities, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return [Bin(float(probabilities[part].mean()), float(labels[part].mean()), len(part)) for part in parts]


def calibration_error(bins: Sequence[Bin]) -> float:
    """Give the expected calibration error (Naeini et al. 2015), over bins of equal size."""
    return sum(each.count * abs(each.said - each.found) for each in bins) / sum(each.count for each in bins)


def best_threshold(labels: Labels, scores: Floats) -> float:
    """Give the score from which to flag, for the highest F1, averaged over neighbouring thresholds."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(labels[order])
    curve = 2.0 * hits / (np.arange(1, len(labels) + 1) + labels.sum())
    width = 2 * math.floor(SMOOTH * len(labels) / 2.0) + 1
    smooth = np.convolve(np.pad(curve, width // 2, mode="edge"), np.full(width, 1.0 / width), mode="valid")
    last = int(smooth.argmax())
    following = scores[order[last + 1]] if last + 1 < len(order) else scores[order[last]]
    return float((scores[order[last]] + following) / 2.0)


def suspicion(judgements: Sequence[Judgement]) -> float:
    """Give the probability that an answer is wrong: that not all of its claims are borne out.

    Claims are taken to be independent, as in noisy-or: a long answer has more chances of being wrong.
    """
    return 1.0 - math.prod(claim.probability for judgement in judgements for claim in judgement.claims)


def folds(groups: Sequence[str], seed: int, count: int = FOLDS) -> NDArray[np.int64]:
    """Deal answers into folds so that those of a group are in one; shape `(answers,)`."""
    names = sorted(set(groups))
    random.Random(seed).shuffle(names)  # noqa: S311 - nothing here is a secret
    dealt = {name: number % count for number, name in enumerate(names)}
    return np.array([dealt[group] for group in groups])


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How a judge agrees with people, each figure cross-validated by question."""

    name: str
    auroc: float
    f1: float
    balanced_accuracy: float
    kappa: float
    bins: tuple[Bin, ...]
    """Of the first dealing into folds; none where the scores are no probabilities."""

    @property
    def calibration_error(self) -> float | None:
        """Give the expected calibration error, where the scores are probabilities."""
        return calibration_error(self.bins) if self.bins else None


Scorer = Callable[[NDArray[np.int64]], Floats]
"""Scores every answer, having learnt from those with the given places alone."""


def cross_validate(
    name: str, labels: Labels, groups: Sequence[str], scorer: Scorer, repeats: int = REPEATS
) -> Agreement:
    """Measure scores: each fold by what was learnt, and by the threshold that was best, on the others.

    Args:
        name: of the judge.
        labels: whether each answer is wrong.
        groups: the question of each.
        scorer: gives scores; one that learns nothing gives the same ones always.
        repeats: how often the questions are dealt into folds anew.
    """
    if not labels.any() or labels.all() or len(set(groups)) < 2:  # noqa: PLR2004 - folds take two
        raise ValueError("agreement takes right and wrong answers, to two questions at the least")
    rounds = [_round(labels, folds(groups, seed), scorer) for seed in range(repeats)]
    return Agreement(
        name=name,
        auroc=fmean(auroc(labels, scores) for scores, _ in rounds),
        f1=fmean(f1(labels, flagged) for _, flagged in rounds),
        balanced_accuracy=fmean(balanced_accuracy(labels, flagged) for _, flagged in rounds),
        kappa=fmean(kappa(labels, flagged) for _, flagged in rounds),
        bins=tuple(calibration(labels, rounds[0][0])),
    )


def _round(labels: Labels, dealt: NDArray[np.int64], scorer: Scorer) -> tuple[Floats, Labels]:
    scores, flagged = np.zeros(len(labels)), np.zeros(len(labels), bool)
    for fold in np.unique(dealt):
        test = dealt == fold
        given = scorer(np.flatnonzero(~test))
        scores[test] = given[test]
        flagged[test] = given[test] >= best_threshold(labels[~test], given[~test])
    return scores, flagged


def wrong_labels(answers: Sequence[LabelledAnswer]) -> Labels:
    """Give whether each answer is wrong."""
    return np.array([not answer.right for answer in answers])


def told_apart(
    originals: Sequence[float], changed: Mapping[str, Sequence[float | None]]
) -> dict[str, tuple[int, int]]:
    """Count the changed sentences that are more suspicious than their originals, by kind.

    Args:
        originals: the suspicion of each original.
        changed: by kind, that of each original's change; None where it has none of the kind.

    Returns:
        By kind, how many are told apart and how many there are.
    """
    counts = {}
    for kind, scores in changed.items():
        pairs = [
            (after, before) for after, before in zip(scores, originals, strict=True) if after is not None
        ]
        counts[kind] = (sum(after > before for after, before in pairs), len(pairs))
    return counts
