"""Fitting the claims' model: a logistic regression that also learns from labels of several claims at once.

Labels are often of whole answers: one claim that is not borne out makes the answer wrong, and nobody says
which. The likelihood is that of noisy-or (Pearl 1988, section 4.3.2): an answer is right with the product of
its claims' probabilities. A claim that is labelled itself is an answer of one claim.
"""

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation.judging.reading import Floats

STEPS = 600
_TINY = 1e-9


def fit(
    rows: Floats,
    bags: NDArray[np.int64],
    right: NDArray[np.bool_],
    weights: Floats,
    *,
    strength: float,
) -> tuple[Floats, float]:
    """Fit coefficients of which none is positive: no feature may speak for what it is evidence against.

    Args:
        rows: shape `(claims, features)`, scaled to a deviation of about 1.
        bags: shape `(claims,)`: the answer of each claim, from 0 up.
        right: shape `(answers,)`: whether all of its claims are borne out.
        weights: shape `(answers,)`.
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
        moved[:-1] = np.minimum(moved[:-1], 0.0)
        following = (1.0 + np.sqrt(1.0 + 4.0 * momentum**2)) / 2.0
        ahead = moved + (momentum - 1.0) / following * (moved - solution)
        solution, momentum = moved, following
    return solution[:-1], float(solution[-1])


def _pulls(
    logits: Floats, bags: NDArray[np.int64], right: NDArray[np.bool_], weights: Floats
) -> Floats:
    """Give the derivative of the loss by each claim's logit."""
    wrong = 1.0 / (1.0 + np.exp(logits))  # that a claim is not borne out
    logs = -np.logaddexp(0.0, -logits)
    whole = np.exp(np.bincount(bags, logs, len(right)))  # that a whole answer is
    # right: -Σ log p, with derivative -(1 - p); wrong: -log(1 - Π p), with (1 - p) Π p / (1 - Π p)
    share = np.where(right, -1.0, whole / np.maximum(1.0 - whole, _TINY))
    return np.asarray(wrong * (weights * share)[bags])
