"""The small models."""

import numpy as np
import pytest

from assistant.answering.features import EVIDENCE_FEATURES, SENTENCE_FEATURES
from assistant.answering.logistic import Logistic, load


def test_a_probability_computed_by_hand() -> None:
    model = Logistic(
        ("a", "b"), np.array([1.0, 2.0]), np.array([2.0, 1.0]), np.array([0.5, -1.0]), intercept=0.25
    )
    # (3 - 1) / 2 * 0.5 - (1 - 2) / 1 * 1 + 0.25 = 1.75
    assert float(model.probability(np.array([3.0, 1.0]))) == pytest.approx(1 / (1 + np.exp(-1.75)))
    rows = model.probability(np.array([[3.0, 1.0], [1.0, 2.0]]))
    assert rows.shape == (2,)
    assert rows[1] == pytest.approx(1 / (1 + np.exp(-0.25)))


@pytest.mark.parametrize(
    ("name", "features"), [("sentence", SENTENCE_FEATURES), ("answerable", EVIDENCE_FEATURES)]
)
def test_the_models_stored_are_of_the_features_computed(name: str, features: tuple[str, ...]) -> None:
    model = load(name, features)
    shape = (len(features),)
    assert model.features == features
    assert model.mean.shape == model.scale.shape == model.coefficients.shape == shape
    assert (model.scale > 0).all()
    assert 0 < float(model.probability(model.mean)) < 1


@pytest.mark.parametrize(
    "features", [SENTENCE_FEATURES[:-1], (*SENTENCE_FEATURES, "new"), SENTENCE_FEATURES[::-1]]
)
def test_another_list_of_features_is_refused_with_the_cure(features: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"bench/train_reader\.py"):
        load("sentence", features)
