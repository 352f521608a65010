"""Measuring a judge against labelled answers, the answer-length baseline always beside it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation.judging.agreement import (
    Agreement,
    Floats,
    Scorer,
    cross_validate,
    suspicion,
    told_apart,
    wrong_labels,
)
from assistant.evaluation.judging.fitting import fit_model
from assistant.evaluation.judging.judge import Judge, Statement
from assistant.evaluation.judging.labelled import LabelledAnswer, Perturbed
from assistant.evaluation.judging.offline import Held, OfflineJudge

Progress = Callable[[int, int], None]


def measure(
    judge: Judge, answers: Sequence[LabelledAnswer], progress: Progress | None = None
) -> list[Agreement]:
    """Measure a judge: as it is, fitted anew in each fold where it can be, and the baseline, in this order.

    Raises:
        JudgeError: the judge failed on an answer.
    """
    labels, groups = wrong_labels(answers), [answer.group for answer in answers]
    found: list[Agreement] = []
    given = np.zeros(len(answers))
    held: list[list[list[Held]]] = []
    if isinstance(judge, OfflineJudge):
        judge.read_ahead((answer.question, answer.statements) for answer in answers)
    for number, answer in enumerate(answers):
        if isinstance(judge, OfflineJudge):
            claims = judge.hold(answer.question, answer.statements)
            given[number] = suspicion(judge.conclude(answer.statements, claims))
            # What they were held against takes much memory, and is done with.
            held.append([[replace(claim, reading=None) for claim in each] for each in claims])
        else:
            given[number] = suspicion(judge.judge(answer.question, answer.statements))
        if progress:
            progress(number + 1, len(answers))
    found.append(cross_validate(judge.name, labels, groups, lambda _: given))
    if held:
        found.insert(0, cross_validate(f"{judge.name}, refitted", labels, groups, refitting(answers, held)))
    lengths = np.array([len(answer.answer) for answer in answers], float)
    found.append(replace(cross_validate("answer length", labels, groups, lambda _: lengths), bins=()))
    return found


def refitting(answers: Sequence[LabelledAnswer], held: Sequence[list[list[Held]]]) -> Scorer:
    """Score by the offline judge's model, fitted anew to the answers that it may learn from."""
    claims = [[claim for statement in statements for claim in statement] for statements in held]
    rows = np.stack([claim.features for one in claims for claim in one])
    bags = np.repeat(np.arange(len(claims)), [len(one) for one in claims])

    def scores(train: NDArray[np.int64]) -> Floats:
        model = fit_model([answers[at] for at in train], [held[at] for at in train])
        logs = np.log(np.maximum(model.probability(rows), 1e-300))
        return np.asarray(1.0 - np.exp(np.bincount(bags, logs, len(claims))))

    return scores


def measure_perturbations(judge: Judge, perturbed: Sequence[Perturbed]) -> dict[str, tuple[int, int]]:
    """Count, by kind of change, how many changed sentences a judge trusts less than their originals."""
    kinds = list(dict.fromkeys(kind for one in perturbed for kind in one.changed))
    originals: list[float] = []
    changed: dict[str, list[float | None]] = {kind: [] for kind in kinds}
    statements = [
        [one.statement, *(Statement(text, one.statement.sources) for text in one.changed.values())]
        for one in perturbed
    ]
    if isinstance(judge, OfflineJudge):
        judge.read_ahead(("", each) for each in statements)
    for one, each in zip(perturbed, statements, strict=True):
        first, *others = [suspicion([judgement]) for judgement in judge.judge("", each)]
        originals.append(first)
        scores = dict(zip(one.changed, others, strict=True))
        for kind in kinds:
            changed[kind].append(scores.get(kind))
    return told_apart(originals, changed)
