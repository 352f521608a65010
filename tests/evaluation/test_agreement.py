"""How agreement is measured: against scikit-learn, and by hand."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score, f1_score, roc_auc_score

from assistant.errors import InputError
from assistant.evaluation.judging.agreement import (
    auroc,
    balanced_accuracy,
    best_threshold,
    calibration,
    calibration_error,
    cross_validate,
    f1,
    folds,
    kappa,
    suspicion,
    told_apart,
)
from assistant.evaluation.judging.claims import Stretch
from assistant.evaluation.judging.judge import Claim, Judgement, Source, Verdict
from assistant.evaluation.judging.labelled import load_answers, load_perturbations
from assistant.evaluation.judging.offline import OfflineJudge
from assistant.evaluation.judging.plotting import calibration_plot
from assistant.index.minilm import MiniLM
from assistant.terminal.judging import print_agreement

PAIRS = st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=4, max_size=40).filter(
    lambda pairs: len({label for label, _ in pairs}) == 2
)


@given(PAIRS)
def test_measures_are_those_of_scikit_learn(pairs: list[tuple[bool, int]]) -> None:
    labels = np.array([label for label, _ in pairs])
    scores = np.array([score for _, score in pairs], float)
    flagged = scores >= 3
    assert auroc(labels, scores) == pytest.approx(roc_auc_score(labels, scores))
    assert f1(labels, flagged) == pytest.approx(f1_score(labels, flagged, zero_division=0.0))
    assert balanced_accuracy(labels, flagged) == pytest.approx(balanced_accuracy_score(labels, flagged))
    assert kappa(labels, flagged) == pytest.approx(cohen_kappa_score(labels, flagged))


def test_auroc_takes_both_kinds() -> None:
    with pytest.raises(ValueError, match="both kinds"):
        auroc(np.array([True, True]), np.array([0.1, 0.2]))


def test_calibration_by_hand() -> None:
    labels = np.array([True, False, False, True])
    bins = calibration(labels, np.array([0.9, 0.1, 0.3, 0.5]), bins=2)
    assert [each.said for each in bins] == pytest.approx([0.2, 0.7])
    assert [(each.found, each.count) for each in bins] == [(0.0, 2), (1.0, 2)]
    assert calibration_error(bins) == pytest.approx((0.2 + 0.3) / 2)


def test_the_threshold_lies_between_the_kinds_where_they_are_apart() -> None:
    labels = np.array([True] * 5 + [False] * 15)
    scores = np.array([0.9] * 5 + [0.1] * 15)
    assert f1(labels, scores >= best_threshold(labels, scores)) == 1.0


def test_folds_never_split_a_group_and_are_the_same_again() -> None:
    groups = [f"q{number % 7}" for number in range(50)]
    dealt = folds(groups, seed=3, count=4)
    assert all(
        len({int(fold) for fold, g in zip(dealt, groups, strict=True) if g == group}) == 1 for group in groups
    )
    assert set(dealt.tolist()) == {0, 1, 2, 3}
    assert (dealt == folds(groups, seed=3, count=4)).all()
    assert (dealt != folds(groups, seed=4, count=4)).any()


def test_what_is_scored_has_not_been_learnt_from() -> None:
    labels = np.array([number % 3 == 0 for number in range(60)])
    groups = [f"q{number // 3}" for number in range(60)]

    def cheat(train: np.ndarray) -> np.ndarray:
        # Knows the labels it was given, and nothing of the others.
        scores = np.full(60, 0.5)
        scores[train] = labels[train]
        return scores

    cheated = cross_validate("cheat", labels, groups, cheat)
    assert cheated.auroc == pytest.approx(0.5)
    assert cheated.kappa == pytest.approx(0.0)
    honest = cross_validate("honest", labels, groups, lambda _: labels.astype(float))
    assert (honest.auroc, honest.f1, honest.kappa) == (1.0, 1.0, 1.0)
    assert honest.calibration_error == 0.0


def test_an_answer_is_wrong_unless_all_of_its_claims_are_right() -> None:
    def judgement(*probabilities: float) -> Judgement:
        return Judgement(tuple(Claim("", Verdict.SUPPORTED, each) for each in probabilities))

    assert suspicion([judgement(0.5, 0.8), judgement(0.5)]) == pytest.approx(0.8)
    assert suspicion([judgement(1.0)]) == 0.0


def test_a_change_is_told_apart_only_where_it_is_trusted_less() -> None:
    counts = told_apart([0.2, 0.2, 0.2], {"number": [0.3, 0.2, 0.1], "unit": [None, 0.9, None]})
    assert counts == {"number": (1, 3), "unit": (1, 1)}


# Labelled data


def _folder(path: Path, *lines: object) -> Path:
    path.mkdir(exist_ok=True)
    (path / "data.jsonl").write_text("\n".join(json.dumps(line) for line in lines) + "\n", encoding="utf-8")
    return path


def test_the_three_layouts_are_read(tmp_path: Path) -> None:
    answers = load_answers(
        _folder(
            tmp_path / "data",
            {
                "question": "How hot?",
                "answer": "It boils. It sings.",
                "sources": [{"title": "Tea", "text": "Water boils."}],
                "supported": False,
                "wrong": [[10, 19]],
            },
            {
                "source_id": "7",
                "question": "How?",
                "context": "passage 1: fill it.",
                "response": "Steps:\n1. Fill it.",
                "hallucinated": False,
                "spans": [],
            },
            {"document": "A text.", "summary": "A summary.", "consistent": True},
        )
    )
    assert [(one.group, one.right, one.wrong) for one in answers] == [
        ("How hot?", False, (Stretch(10, 19),)),
        ("7", True, ()),
        ("A text.", True, None),
    ]
    assert [statement.text for statement in answers[0].statements] == ["It boils.", "It sings."]
    assert answers[0].starts == (0, 10)
    assert answers[0].statements[0].sources == (Source("Tea", "Water boils."),)
    assert [statement.text for statement in answers[1].statements] == ["Steps:", "1. Fill it."]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"title": "x"}, r"data\.jsonl:1: a labelled answer has a field"),
        ({"answer": "x"}, r"data\.jsonl:1: the field 'question'"),
        (["x"], r"data\.jsonl:1: not an object"),
    ],
)
def test_a_line_that_is_no_labelled_answer_is_named(tmp_path: Path, line: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_answers(_folder(tmp_path / "data", line))


def test_a_folder_without_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no labelled answers"):
        load_answers(tmp_path)
    with pytest.raises(InputError, match="no folder"):
        load_answers(tmp_path / "none")


def test_a_perturbed_sentence_of_an_unknown_paper_is_refused(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "data", {"titles": ["None"], "original": "x", "changed": {}})
    with pytest.raises(InputError, match="'None' is missing"):
        load_perturbations(folder, {})


def test_the_table_has_the_judge_and_the_baseline(
    tmp_path: Path, encoder: MiniLM, capsys: pytest.CaptureFixture[str]
) -> None:
    kettle = {"title": "Kettles", "text": "The kettle boils water in 3 minutes. It is made of steel."}
    lines = [
        {
            "question": f"What of kettle {number}?",
            "answer": wrong if number % 2 else right,
            "sources": [kettle],
            "supported": number % 2 == 0,
        }
        for number in range(24)
        for right, wrong in [("It boils water in 3 minutes.", "Its lid whistles a waltz at 95 decibels.")]
    ]
    folder, plot = _folder(tmp_path / "data", *lines), tmp_path / "plot.svg"
    print_agreement(OfflineJudge(encoder), folder, as_json=True, plot=plot)
    printed = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in printed] == ["offline, refitted", "offline", "answer length"]
    assert printed[1]["auroc"] == printed[1]["f1"] == printed[1]["kappa"] == 1.0
    assert printed[2]["calibration_error"] is None
    assert plot.read_text(encoding="utf-8").startswith("<svg")
    print_agreement(OfflineJudge(encoder), folder, as_json=False)
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "24 answers to 24 questions, 12 wrong"
    assert out.splitlines()[-1].startswith("answer length")
    assert "may have learnt from these very answers" in err


def test_data_that_cannot_measure_is_refused(tmp_path: Path, encoder: MiniLM) -> None:
    line = {"question": "x", "answer": "y", "sources": [], "supported": True}
    with pytest.raises(InputError, match="right and wrong answers"):
        print_agreement(OfflineJudge(encoder), _folder(tmp_path / "data", line), as_json=True)


def test_the_plot_holds_a_dot_for_each_bin() -> None:
    labels = np.array([number % 4 == 0 for number in range(40)])
    found = cross_validate("a <judge>", labels, [str(number) for number in range(40)], lambda _: labels * 0.5)
    svg = calibration_plot([found])
    assert svg.count("<circle") == len(found.bins) == 10
    assert "a &lt;judge&gt;" in svg
