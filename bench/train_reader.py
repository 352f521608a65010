"""Fit the extractive reader's two logistic models to the curated questions.

    python bench/train_reader.py [--pages GLOB]    writes assistant/answering/models.json

The sentence model learns which sentences of the right paper hold a fact asked for. The answerable model
learns to tell questions that the best paper answers from those it does not: beside the curated
unanswerable ones, each answerable question is asked of a collection without its paper (a missing paper)
and of its paper without the sentences that hold the facts (a missing fact). Small collections, in which every
word is rare, are learnt from beside the whole one. With --pages both learn from the abstracts as well as
from the shipped summaries. What is printed is cross-validated by paper: no figure comes from a model that has
seen a question on the same paper. The curated unanswerable questions, which have none, are held out singly.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from assistant import Hit, Paper, Settings
from assistant.answering.asking import Asking
from assistant.answering.evidence import Evidence, Floats
from assistant.answering.extractive import READ, choose
from assistant.answering.features import (
    EVIDENCE_FEATURES,
    PAPERS,
    SENTENCE_FEATURES,
    evidence_features,
    sentence_features,
)
from assistant.answering.logistic import MODELS, Logistic
from assistant.answering.reading import read
from assistant.answering.sentences import sentences
from assistant.corpus import paper_id, read_sources
from assistant.evaluation.measures import holds_all_facts, holds_fact
from assistant.evaluation.questions import CuratedQuestion, load_suite
from assistant.index.encoder import Encoder, Encoding
from assistant.index.index import Index
from assistant.index.minilm import MiniLM
from assistant.index.minilm_weights import encoder_files
from assistant.resources import resource
from assistant.retrieval import Retrieval, retrieve

FOLDS = 10
FEW = 12
"""Of so many shipped papers, one is in each of the small collections that are learnt from as well."""


@dataclass
class Sample:
    """A question put to some evidence."""

    question: CuratedQuestion
    group: str
    """The paper that the question is about, or the question itself; no two folds share it."""
    asking: Asking
    text: str
    evidence: list[Evidence]
    dense: float
    answerable: bool
    weight: float
    kind: str
    rows: Floats
    """The sentence model's features of the best paper."""
    features: Floats = field(default_factory=lambda: np.zeros(0))
    """The answerable model's, as `describe` fills them in."""


class CachedEncoder:
    """Encodes each text once: the same papers are read for many questions."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, Encoding] = {}
        self.name, self.dimension = self._encoder.name, self._encoder.dimension

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, self._encoder.encode(new), strict=True))
        return [self._known[text] for text in texts]


def samples_of(index: Index) -> list[Sample]:
    """Put every question to the collection as it is, and the answerable ones to what is made to lack them."""
    found: list[Sample] = []
    held = {paper.paper_id for paper in index.ledger.papers()}
    for question in load_suite("single"):
        gold = paper_id(question.titles[0])
        if gold not in held:
            continue
        retrieval = retrieve(index, question.question, limit=READ + 1)
        hits = list(retrieval.hits)
        own = [hit for hit in hits if hit.paper.paper_id == gold]
        kind = "single" if hits[0] in own else MISSED
        found.append(_sample(index, question, gold, retrieval, hits[:READ], answerable=True, kind=kind))
        without = [hit for hit in hits if hit not in own][:READ]
        found.append(_sample(index, question, gold, retrieval, without, answerable=False, kind="no paper"))
        if own:
            bare = replace(own[0], paper=without_facts(own[0].paper, question))
            if len(sentences(bare.paper.text)) > 1:
                found.append(
                    _sample(
                        index,
                        question,
                        gold,
                        retrieval,
                        [bare, *without][:READ],
                        answerable=False,
                        kind="no fact",
                    )
                )
    for question in [*load_suite("multi"), *load_suite("topic")]:
        retrieval = retrieve(index, question.question, limit=READ)
        titles = {paper_id(title) for title in question.titles}
        if any(hit.paper.paper_id in titles for hit in retrieval.hits[:PAPERS]):
            hits, group = list(retrieval.hits), paper_id(question.titles[0])
            found.append(_sample(index, question, group, retrieval, hits, answerable=True, kind=SEVERAL))
    for question in load_suite("unanswerable"):
        retrieval = retrieve(index, question.question, limit=READ)
        hits = list(retrieval.hits)
        # It comes with every collection, and finds other papers in each: what it shares is itself.
        group = question.question
        found.append(_sample(index, question, group, retrieval, hits, answerable=False, kind=question.kind))
    return found


def without_facts(paper: Paper, question: CuratedQuestion) -> Paper:
    """Take the sentences that hold a fact of the question out of a paper."""
    kept = [
        sentence.text
        for sentence in sentences(paper.text)
        if not any(holds_fact(sentence.text, fact) for fact in question.facts)
    ]
    return replace(paper, text=" ".join(kept))


MISSED = "missed"
"""A question whose paper was not ranked first: to answer it is wrong, to refuse it counts as wrong too."""
SEVERAL = "several"
"""A question that spans several papers."""
WEIGHTS = {"single": 1.0, "no paper": 0.05, "no fact": 0.1, MISSED: 0.0}
"""What is made unanswerable by rule is plentiful, and easier than what people ask in vain: it counts less."""


def _sample(
    index: Index,
    question: CuratedQuestion,
    group: str,
    retrieval: Retrieval,
    hits: list[Hit],
    *,
    answerable: bool,
    kind: str,
) -> Sample:
    asking, evidence = Asking.read(question.question), read(index, retrieval.question, hits)
    return Sample(
        question=question,
        group=group,
        asking=asking,
        text=question.question,
        evidence=evidence,
        rows=sentence_features(asking, evidence[0]),
        dense=retrieval.cosines.get(hits[0].paper.paper_id, 0.0),
        answerable=answerable,
        weight=WEIGHTS.get(kind, 1.0),
        kind=kind,
    )


def fitted(
    rows: Floats, labels: Sequence[bool], weights: Floats, names: tuple[str, ...], strength: float
) -> Logistic:
    """Fit a logistic regression on standardised features."""
    scaler, regression = StandardScaler(), LogisticRegression(C=strength, max_iter=2000)
    make_pipeline(scaler, regression).fit(rows, labels, logisticregression__sample_weight=weights)
    return Logistic(names, scaler.mean_, scaler.scale_, regression.coef_[0], float(regression.intercept_[0]))


Fold = tuple[list[int], list[int]]


def folds(samples: Sequence[Sample]) -> list[Fold]:
    """Split the samples so that a paper's are all in one part."""
    groups = [sample.group for sample in samples]
    return [(list(a), list(b)) for a, b in GroupKFold(FOLDS).split(groups, groups=groups)]


def sentence_model(samples: Sequence[Sample]) -> Logistic:
    """Fit the sentence model to the right papers among the samples."""
    told = [sample for sample in samples if sample.kind == "single"]
    rows = np.concatenate([sample.rows for sample in told])
    labels = [
        any(holds_fact(sentence.text, fact) for fact in sample.question.facts)
        for sample in told
        for sentence in sample.evidence[0].sentences
    ]
    return fitted(rows, labels, np.ones(len(labels)), SENTENCE_FEATURES, SENTENCE_STRENGTH)


def answerable_model(samples: Sequence[Sample]) -> Logistic:
    """Fit the answerable model to samples that carry their features."""
    rows = np.stack([sample.features for sample in samples])
    weights = np.array([sample.weight for sample in samples])
    labels = [sample.answerable for sample in samples]
    # A weight of 0 leaves a sample out.
    return fitted(rows, labels, weights, EVIDENCE_FEATURES, ANSWERABLE_STRENGTH)


SENTENCE_STRENGTH = 0.1
ANSWERABLE_STRENGTH = 0.1


def describe(samples: Sequence[Sample], model: Logistic) -> None:
    """Give each sample the answerable model's features, as a sentence model sees them."""
    for sample in samples:
        probabilities = model.probability(sample.rows)
        sample.features = evidence_features(
            sample.asking, sample.text, sample.evidence, probabilities, sample.dense
        )


def cross_validate(samples: Sequence[Sample]) -> tuple[Floats, list[tuple[Sample, bool]]]:
    """Give each sample's probability of being answerable, and whether the chosen sentences hold all facts."""
    probabilities = np.zeros(len(samples))
    complete: list[tuple[Sample, bool]] = []
    for train, test in folds(samples):
        trained = [samples[index] for index in train]
        model = sentence_model(trained)
        describe(samples, model)
        judge = answerable_model(trained)
        probabilities[test] = judge.probability(np.stack([samples[index].features for index in test]))
        for sample in (samples[index] for index in test):
            if sample.kind in ("single", MISSED):
                best = sample.evidence[0]
                scores = model.probability(sample.rows)
                lengths = [len(sentence.text.split()) for sentence in best.sentences]
                text = " ".join(best.sentences[row].text for row in choose(scores, lengths))
                complete.append((sample, holds_all_facts(text, sample.question.facts)))
    return probabilities, complete


def report(samples: Sequence[Sample]) -> None:
    """Print what cross-validation says of both models."""
    probabilities, complete = cross_validate(samples)
    print(
        f"sentence model: all facts held in {np.mean([full for _, full in complete]):.1%} of {len(complete)}"
    )
    right = [full for sample, full in complete if sample.kind == "single"]
    print(f"where its paper is first: {np.mean(right):.1%} of {len(right)}")
    kinds = sorted({sample.kind for sample in samples} - {"single", MISSED})
    answerable = probabilities[[sample.kind in ("single", MISSED) for sample in samples]]
    for wrongly in (0.04, 0.06, 0.08):
        threshold = float(np.quantile(answerable, wrongly))
        refused = {
            kind: np.mean(
                [p < threshold for p, s in zip(probabilities, samples, strict=True) if s.kind == kind]
            )
            for kind in kinds
        }
        print(
            f"refusing {wrongly:.0%} of single at {threshold:.3f}:",
            {k: f"{v:.0%}" for k, v in refused.items()},
        )
    for kind in kinds:
        others = [p for p, s in zip(probabilities, samples, strict=True) if s.kind == kind]
        labels = [1] * len(answerable) + [0] * len(others)
        print(f"AUROC against {kind}: {roc_auc_score(labels, [*answerable, *others]):.3f}")


def stored(model: Logistic) -> dict[str, object]:
    """Give a model as JSON holds it."""
    return {
        "features": list(model.features),
        "mean": [round(float(value), 6) for value in model.mean],
        "scale": [round(float(value), 6) for value in model.scale],
        "coefficients": [round(float(value), 6) for value in model.coefficients],
        "intercept": round(model.intercept, 6),
    }


def main() -> None:
    """Train on every collection given, report, and write the models."""
    parser = argparse.ArgumentParser(description="Fit the extractive reader's two logistic models.")
    parser.add_argument("--pages", help="a pattern of listing pages to learn from beside the shipped papers")
    parser.add_argument("--dry-run", action="store_true", help="report only")
    given = parser.parse_args()
    encoder = CachedEncoder(MiniLM(encoder_files(Settings())))
    samples: list[Sample] = []
    shipped = read_sources([resource("corpus/papers.jsonl")])
    few = [replace(shipped, listings=shipped.listings[start::FEW]) for start in range(2)]
    readings = [shipped, *few, *([read_sources([given.pages])] if given.pages else [])]
    for reading in readings:
        with tempfile.TemporaryDirectory() as folder:
            index = Index(Settings(home=Path(folder)), encoder=encoder)
            index.ingest(reading)
            samples += samples_of(index)
            index.close()
    report(samples)
    if not given.dry_run:
        sentence = sentence_model(samples)
        describe(samples, sentence)
        models = {"sentence": stored(sentence), "answerable": stored(answerable_model(samples))}
        MODELS.write_text(json.dumps(models, indent=1) + "\n")


if __name__ == "__main__":
    main()
