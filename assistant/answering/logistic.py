"""Small logistic models whose coefficients are kept in a JSON file beside this module."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from assistant.answering.evidence import Floats

MODELS = Path(__file__).parent / "models.json"


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic regression over standardised features."""

    features: tuple[str, ...]
    mean: Floats
    scale: Floats
    coefficients: Floats
    intercept: float

    def probability(self, rows: Floats) -> Floats:
        """Give the probability of each row.

        Args:
            rows: shape `(rows, features)`, or `(features,)` for one.

        Returns:
            Shape `(rows,)`, or a number; each between 0 and 1.
        """
        logits = (rows - self.mean) / self.scale @ self.coefficients + self.intercept
        return np.asarray(1.0 / (1.0 + np.exp(-logits)))


@cache
def load(name: str, features: tuple[str, ...]) -> Logistic:
    """Read a model, and make sure that it was trained on the features that the code computes now."""
    stored = json.loads(MODELS.read_text())[name]
    if tuple(stored["features"]) != features:
        raise ValueError(f"{MODELS.name} has another list of features for {name}: run bench/train_reader.py.")
    mean, scale, coefficients = (np.array(stored[part], float) for part in ("mean", "scale", "coefficients"))
    return Logistic(features, mean, scale, coefficients, float(stored["intercept"]))
