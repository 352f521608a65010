"""Fit the offline judge's model to labelled answers, and say how well it does.

    python -m bench.train_judge DATA [--check FOLDER...] [--dry-run]

DATA is a folder of labelled answers with the stretches that are wrong (RAGTruth's question answering); the
model goes to assistant/evaluation/judging/offline.json. --check names further folders: of labelled answers
that the model is measured on and never learns from, or of sentences with one thing changed. Cross-validated
figures come from models that have not seen the question.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from assistant import Settings
from assistant.corpus import read_sources
from assistant.evaluation.judging.agreement import best_threshold, f1, folds
from assistant.evaluation.judging.features import FEATURES
from assistant.evaluation.judging.fitting import claim_labels, fit_model
from assistant.evaluation.judging.labelled import holds_perturbations, load_answers, load_perturbations
from assistant.evaluation.judging.measuring import measure, measure_perturbations
from assistant.evaluation.judging.offline import MODEL, ClaimModel, OfflineJudge
from assistant.index.minilm import MiniLM
from assistant.index.minilm_weights import encoder_files
from assistant.resources import resource

UNFITTED = ClaimModel(np.zeros(len(FEATURES)), 0.0, 0.5)


def train(judge: OfflineJudge, folder: Path) -> ClaimModel:
    """Fit the model to all the answers of a folder; its threshold is the best by cross-validation."""
    answers = load_answers(folder)
    judge.read_ahead((answer.question, answer.statements) for answer in answers)
    held = [
        [
            [replace(claim, reading=None) for claim in each]
            for each in judge.hold(one.question, one.statements)
        ]
        for one in answers
    ]
    labels = [claim_labels(*pair) for pair in zip(answers, held, strict=True)]
    unseen: list[np.ndarray] = [np.zeros(0)] * len(answers)
    dealt = folds([answer.group for answer in answers], seed=0)
    for fold in np.unique(dealt):
        kept = np.flatnonzero(dealt != fold)
        model = fit_model([answers[at] for at in kept], [held[at] for at in kept])
        for at in np.flatnonzero(dealt == fold):
            rows = [claim.features for statement in held[at] for claim in statement]
            unseen[at] = model.probability(np.stack(rows))
    wrong = ~np.concatenate([np.array(one, bool) for one in labels])
    doubt = 1.0 - np.concatenate(unseen)
    threshold = 1.0 - best_threshold(wrong, doubt)
    print(
        f"{len(answers)} answers, {len(wrong)} claims, {wrong.sum()} of them wrong; "
        f"claims below {threshold:.3f} are not borne out: F1 {f1(wrong, doubt >= 1.0 - threshold):.3f}"
    )
    return replace(fit_model(answers, held), threshold=threshold)


def report(judge: OfflineJudge, folder: Path) -> None:
    """Print how a judge does on a folder."""
    print(f"\n{folder.name}")
    if holds_perturbations(folder):
        papers = {each.title: each.text for each in read_sources([resource("corpus/papers.jsonl")]).listings}
        counts = measure_perturbations(judge, load_perturbations(folder, papers))
        for kind, (told, count) in counts.items():
            print(f"  {kind:12} {told} of {count} = {told / count:.1%}")
        told, count = (sum(numbers) for numbers in zip(*counts.values(), strict=True))
        print(f"  {'all':12} {told} of {count} = {told / count:.1%}")
        return
    for one in measure(judge, load_answers(folder)):
        error = "" if one.calibration_error is None else f"  calibration error {one.calibration_error:.3f}"
        print(
            f"  {one.name:20} AUROC {one.auroc:.3f}  F1 {one.f1:.3f}  balanced accuracy "
            f"{one.balanced_accuracy:.3f}  kappa {one.kappa:.3f}{error}"
        )


def main() -> None:
    """Fit, report, write."""
    parser = argparse.ArgumentParser(prog="python -m bench.train_judge", description="Fit the offline judge.")
    parser.add_argument("data", type=Path, metavar="DATA", help="a folder of labelled answers with stretches")
    parser.add_argument(
        "--check", type=Path, nargs="*", default=[], metavar="FOLDER", help="measure on these too"
    )
    parser.add_argument("--dry-run", action="store_true", help="report only")
    given = parser.parse_args()
    encoder = MiniLM(encoder_files(Settings()))
    model = train(OfflineJudge(encoder, UNFITTED), given.data)
    judge = OfflineJudge(encoder, model)
    if not given.dry_run:
        stored = {
            "coefficients": {
                name: round(float(value), 6) for name, value in zip(FEATURES, model.coefficients, strict=True)
            },
            "intercept": round(model.intercept, 6),
            "threshold": round(model.threshold, 6),
        }
        MODEL.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    for folder in [given.data, *given.check]:
        report(judge, folder)


if __name__ == "__main__":
    main()
