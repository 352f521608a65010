"""Correct sentences about the shipped papers, and the same with one thing changed."""

import json
from pathlib import Path

import pytest

from assistant.corpus import read_sources
from assistant.evaluation.judging.labelled import load_perturbations
from assistant.evaluation.judging.measuring import measure_perturbations
from assistant.evaluation.judging.offline import OfflineJudge
from assistant.index.minilm import MiniLM
from assistant.resources import resource

FOLDER = Path(__file__).parents[2] / "eval/perturbations"
THINNED = 2
"""One in so many is judged here; `assistant eval judges --data eval/perturbations` judges all."""
KINDS = ["number", "unit", "name", "negation", "comparison"]


@pytest.fixture(scope="module")
def papers() -> dict[str, str]:
    return {each.title: each.text for each in read_sources([resource("corpus/papers.jsonl")]).listings}


def test_each_sentence_written_is_changed_in_every_way(papers: dict[str, str]) -> None:
    lines = [json.loads(line) for line in (FOLDER / "written.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(lines) >= 60
    for line in lines:
        assert list(line["changed"]) == KINDS
        assert len({line["original"], *line["changed"].values()}) == 1 + len(KINDS)
        assert not any(line["original"] in papers[title] for title in line["titles"]), "in our own words"


def test_nine_in_ten_changes_are_trusted_less(encoder: MiniLM, papers: dict[str, str]) -> None:
    perturbed = load_perturbations(FOLDER, papers)
    assert len(perturbed) >= 300
    perturbed = perturbed[::THINNED]
    counts = measure_perturbations(OfflineJudge(encoder), perturbed)
    assert list(counts) == KINDS
    told, whole = (sum(numbers) for numbers in zip(*counts.values(), strict=True))
    assert told / whole >= 0.9, counts
    # Of no kind is it blind: guessing would tell half.
    assert all(kind_told / count > 0.8 for kind_told, count in counts.values()), counts
