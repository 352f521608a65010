"""Fitting the claims' model: a logistic regression that also learns from labels of several claims at once.

Labels are often of whole answers: one claim that is not borne out makes the answer wrong, and nobody says
which. The likelihood is that of noisy-or (Pearl 1988, section 4.3.2): an answer is right with the product of
its claims' probabilities. A claim that is labelled itself is an answer of one claim.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation.judging.features import FEATURES
from assistant.evaluation.judging.labelled import LabelledAnswer
from assistant.evaluation.judging.offline import ClaimModel, Held
from assistant.evaluation.judging.reading import Floats

STEPS = 600
STRENGTH = 50.0
"""Of the pull of the coefficients towards 0. What cross-validation says changes little from 10 to 100."""
LEAST = {
    "number_missing": 0.15,
    "unit_mismatch": 0.15,
    "denial_unmet": 0.15,
    "opposed": 0.15,
    "anchor_gap": 0.15,
    "name_missing": 0.1,
    "direction_mismatch": 0.1,
}
"""What a feature counts at the least, by its deviation. People who write make few such errors on purpose, so
labelled answers hold too few of them to learn from; what they mean is known all the same."""
MOST = 0.5
"""The share of a claim, or of a marked stretch, that the other covers for the claim to be wrong."""
_SMALLEST_DEVIATION = 0.05
_TINY = 1e-9


def claim_labels(answer: LabelledAnswer, held: Sequence[Sequence[Held]]) -> list[bool]:
    """Tell of each claim of an answer whether it is right, by the stretches that people marked as wrong."""
    labels = []
    for offset, claims in zip(answer.starts, held, strict=True):
        for claim in claims:
            start, end = offset + claim.stretch.start, offset + claim.stretch.end
            shared = [(min(end, wrong.end) - max(start, wrong.start), wrong) for wrong in answer.wrong or ()]
            labels.append(
                not any(
                    common > MOST * (end - start) or common > MOST * (wrong.end - wrong.start)
                    for common, wrong in shared
                )
            )
    return labels


def fit_model(
    answers: Sequence[LabelledAnswer], held: Sequence[Sequence[Sequence[Held]]], threshold: float = 0.5
) -> ClaimModel:
    """Fit the claims' model to labelled answers: claim by claim where people marked what is wrong.

    Args:
        answers: the answers.
        held: of each answer, the claims of each statement, held against its sources.
        threshold: the model's own.
    """
    rows: list[Floats] = []
    bags: list[int] = []
    right: list[bool] = []
    weights: list[float] = []
    for answer, statements in zip(answers, held, strict=True):
        claims = [claim for statement in statements for claim in statement]
        rows += [claim.features for claim in claims]
        if answer.wrong is None:
            bags += [len(right)] * len(claims)
            right.append(answer.right)
            weights.append(1.0)
        else:
            labels = claim_labels(answer, statements)
            # One bad turn spoils several claims at once: an answer's wrong claims count as one together, so
            # that the product of the claims' probabilities is that of the answer.
            wrong = 1.0 / max(1, labels.count(False))
            bags += range(len(right), len(right) + len(claims))
            right += labels
            weights += [1.0 if label else wrong for label in labels]
    matrix = np.stack(rows)
    scale = np.maximum(matrix.std(axis=0), _SMALLEST_DEVIATION)
    coefficients, intercept = fit(
        matrix / scale,
        np.array(bags),
        np.array(right),
        np.array(weights),
        least=np.array([LEAST.get(name, 0.0) for name in FEATURES]),
        strength=STRENGTH,
    )
    return ClaimModel(coefficients / scale, intercept, threshold)


def fit(  # noqa: PLR0913 - a fit takes all of these
    rows: Floats,
    bags: NDArray[np.int64],
    right: NDArray[np.bool_],
    weights: Floats,
    *,
    strength: float,
    least: Floats | float = 0.0,
) -> tuple[Floats, float]:
    """Fit coefficients of which none is positive: no feature may speak for what it is evidence against.

    Args:
        rows: shape `(claims, features)`, scaled to a deviation of about 1.
        bags: shape `(claims,)`: the answer of each claim, from 0 up.
        right: shape `(answers,)`: whether all of its claims are borne out.
        weights: shape `(answers,)`.
        least: how much each feature must count at the least, shape `(features,)` or one for all.
        strength: of the pull of the coefficients towards 0, as against one answer.

    Returns:
        The coefficients, shape `(features,)`, and the intercept.
    """
    design = np.column_stack([rows, np.ones(len(rows))])
    penalty = np.append(np.full(rows.shape[1], strength), 0.0)
    solution = ahead = np.append(np.zeros(rows.shape[1]), 2.0)
    # The curvature of a logistic loss is at most a quarter of that of the squares.
    heaviest = np.linalg.eigvalsh(design.T @ (design * weights[bags][:, None]))[-1]
    step = 1.0 / (0.25 * heaviest + strength)
    momentum = 1.0
    for _ in range(STEPS):
        gradient = design.T @ _pulls(design @ ahead, bags, right, weights) + penalty * ahead
        moved = ahead - step * gradient
        moved[:-1] = np.minimum(moved[:-1], -least)
        following = (1.0 + np.sqrt(1.0 + 4.0 * momentum**2)) / 2.0
        ahead = moved + (momentum - 1.0) / following * (moved - solution)
        solution, momentum = moved, following
    return solution[:-1], float(solution[-1])


def _pulls(logits: Floats, bags: NDArray[np.int64], right: NDArray[np.bool_], weights: Floats) -> Floats:
    """Give the derivative of the loss by each claim's logit."""
    wrong = 1.0 / (1.0 + np.exp(logits))  # that a claim is not borne out
    logs = -np.logaddexp(0.0, -logits)
    whole = np.exp(np.bincount(bags, logs, len(right)))  # that a whole answer is
    # right: -Σ log p, with derivative -(1 - p); wrong: -log(1 - Π p), with (1 - p) Π p / (1 - Π p)
    share = np.where(right, -1.0, whole / np.maximum(1.0 - whole, _TINY))
    return np.asarray(wrong * (weights * share)[bags])
