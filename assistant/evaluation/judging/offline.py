"""The offline judge: needs no key and no server, only the encoder that the index has anyway.

Each clause of a statement is a claim. What the cited text does not bear out of it (words without a
counterpart, numbers, units, names, denials, comparisons) is counted in `features`, and a logistic model says
how probable it is that the text bears the claim out. It sees words, not meaning: docs/evaluation.md says
what it cannot see.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from assistant.evaluation.judging.claims import Stretch, clauses
from assistant.evaluation.judging.features import (
    FEATURES,
    Cited,
    Reading,
    cite,
    describe,
    hold,
    mismatched_units,
    missing_names,
    missing_numbers,
    missing_words,
    unmet_denials,
)
from assistant.evaluation.judging.judge import Claim, Judgement, Source, Statement, Verdict
from assistant.evaluation.judging.reading import Floats, Text, read
from assistant.evaluation.judging.wording import claims_something
from assistant.index.chunking import embedded_text
from assistant.index.encoder import Encoder

MODEL = Path(__file__).parent / "offline.json"
LONG = 400
"""Characters above which a text is no sentence."""
AT_ONCE = 64
"""Texts that are read before the next ones: bounds the memory that encodings take."""


@dataclass(frozen=True, slots=True)
class ClaimModel:
    """The probability that a claim is borne out, from its features."""

    coefficients: Floats
    """Shape `(len(FEATURES),)`, none positive."""
    intercept: float
    threshold: float
    """The probability from which a claim counts as borne out."""

    def probability(self, rows: Floats) -> Floats:
        """Give the probability of each row of features, shape `(rows,)`."""
        return np.asarray(1.0 / (1.0 + np.exp(-(rows @ self.coefficients + self.intercept))))


@cache
def shipped_model() -> ClaimModel:
    """Read the model that `bench/train_judge.py` wrote, and make sure that it is of these features."""
    stored = json.loads(MODEL.read_text(encoding="utf-8"))
    if tuple(stored["coefficients"]) != FEATURES:
        raise ValueError(
            f"{MODEL.name} is of other features than the judge computes: run bench/train_judge.py."
        )
    return ClaimModel(
        np.array(list(stored["coefficients"].values())),
        float(stored["intercept"]),
        float(stored["threshold"]),
    )


@dataclass(frozen=True, slots=True)
class Held:
    """A claim of a statement with its features."""

    stretch: Stretch
    text: str
    reading: Reading | None
    """None where there is nothing to hold it against."""
    features: Floats
    """Zeros where it says nothing of the matter."""


class OfflineJudge:
    """Judges by the encoder and a small logistic model."""

    name = "offline"

    def __init__(self, encoder: Encoder, model: ClaimModel | None = None) -> None:
        """Judge with an encoder, by the shipped model or another."""
        self._encoder = encoder
        self._model = model or shipped_model()
        self._read: dict[str, Text] = {}

    def judge(self, question: str, statements: Sequence[Statement]) -> list[Judgement]:
        """Judge each statement by its own sources; one without sources is not found."""
        return self.conclude(statements, self.hold(question, statements))

    def conclude(self, statements: Sequence[Statement], held: Sequence[Sequence[Held]]) -> list[Judgement]:
        """Judge statements whose claims are held against their sources already."""
        return [self._judgement(*pair) for pair in zip(statements, held, strict=True)]

    def hold(self, question: str, statements: Sequence[Statement]) -> list[list[Held]]:
        """Hold each statement's claims against its sources."""
        self.read_ahead([(question, statements)])
        cited: dict[tuple[Source, ...], Cited] = {}
        for statement in statements:
            if statement.sources not in cited:
                cited[statement.sources] = cite(
                    [self._read[_cited_text(source)] for source in statement.sources]
                )
        return [
            list(_held(self._read[statement.text], cited[statement.sources], self._read[question]))
            for statement in statements
        ]

    def close(self) -> None:
        """Forget the texts that were read."""
        self._read.clear()

    def read_ahead(self, asked: Iterable[tuple[str, Sequence[Statement]]]) -> None:
        """Read what is to be judged: many questions at once are encoded faster than each by itself."""
        texts = [
            text
            for question, statements in asked
            for statement in statements
            for text in (question, statement.text, *map(_cited_text, statement.sources))
        ]
        new = sorted({text for text in texts if text not in self._read}, key=lambda text: (len(text), text))
        # A batch is padded to its longest text: papers and sentences are not read together.
        for part in ([text for text in new if len(text) <= LONG], [text for text in new if len(text) > LONG]):
            for start in range(0, len(part), AT_ONCE):
                batch = part[start : start + AT_ONCE]
                self._read.update(zip(batch, read(self._encoder, batch), strict=True))

    def _judgement(self, statement: Statement, held: Sequence[Held]) -> Judgement:
        if not any(source.text.strip() for source in statement.sources):
            return Judgement((Claim(statement.text, Verdict.NOT_FOUND, 0.0, "It cites nothing."),))
        probabilities = self._model.probability(np.stack([claim.features for claim in held]))
        return Judgement(
            tuple(
                _claim(claim, float(probability), self._model.threshold)
                for claim, probability in zip(held, probabilities, strict=True)
            )
        )


def _cited_text(source: Source) -> str:
    # The title is part of what is cited: an answer names what only the title names.
    return embedded_text(source.title, source.text) if source.title else source.text


def _held(statement: Text, cited: Cited, question: Text) -> Iterable[Held]:
    for stretch in clauses(statement.text):
        text = statement.text[stretch.start : stretch.end]
        reading = hold(statement, stretch, cited, question) if claims_something(text) else None
        features = np.zeros(len(FEATURES)) if reading is None else describe(reading)
        yield Held(stretch, text, reading, features)


def _claim(held: Held, probability: float, threshold: float) -> Claim:
    if held.reading is None:
        return Claim(held.text, Verdict.SUPPORTED, probability, "It says nothing of the matter.")
    nearest = held.reading.cited.sentences[held.reading.best]
    if probability >= threshold:
        return Claim(held.text, Verdict.SUPPORTED, probability, nearest)
    turned, missed = _missed(held.reading)
    verdict = Verdict.CONTRADICTED if turned and not missed else Verdict.NOT_FOUND
    said = "; ".join([*turned, *missed]) or "too far from anything that is said"
    return Claim(held.text, verdict, probability, f"{said}. Nearest: {nearest}")


def _missed(reading: Reading) -> tuple[list[str], list[str]]:
    """Say in plain words what the text has otherwise, and what it does not have."""
    turned = [f"the text does not have the number {found.written}" for found in missing_numbers(reading)]
    turned += [f"the text has another unit than {found.written}" for found in mismatched_units(reading)]
    turned += ["the text does not deny it"] * any(unmet_denials(reading))
    names = {word.text for word in missing_names(reading)}
    words = [word.text for word in missing_words(reading) if word.text not in names]
    missed = [f"the text does not name {name}" for name in sorted(names)]
    missed += [f"the text does not say {', '.join(dict.fromkeys(words))}"] if words else []
    return turned, missed
