"""The gate: what fails it, what does not, and how often it errs."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from synthetic import result, run

from assistant.errors import InputError
from assistant.evaluation.baseline import Baseline
from assistant.evaluation.bootstrap import cluster_sums, resampled_means
from assistant.evaluation.gate import Comparison, GateReport, compare
from assistant.evaluation.losses import holm
from assistant.evaluation.run import Run
from assistant.evaluation.scores import failed
from assistant.evaluation.thresholds import Gate, Gated
from bench.gate import CLUSTERS, LOSSES, MEASURES, SHIPPED, failing_share, fails, truth, worse

FACTS = Gate((Gated("all facts", 0.01),))


def facts_run(values: Iterable[float], **settings: object) -> Run:
    return run([result(f"q{place}", {"all facts": value}) for place, value in enumerate(values)], **settings)


def verdict(before: Run, now: Run, gate: Gate = FACTS) -> GateReport:
    return compare(now, Baseline.of(before, gate.measures), gate)


def only(report: GateReport) -> Comparison:
    (comparison,) = report.comparisons
    return comparison


# What fails and what does not


def test_a_run_like_its_baseline_passes() -> None:
    report = verdict(facts_run([1, 0] * 50), facts_run([1, 0] * 50))
    assert report.passed
    assert not report.flips
    assert not report.notes
    found = only(report)
    assert (found.before, found.now, found.difference, found.p) == (0.5, 0.5, 0.0, 1.0)


def test_a_great_loss_fails_and_says_which_questions_were_lost() -> None:
    report = verdict(facts_run([1] * 100), facts_run([0] * 20 + [1] * 80))
    assert not report.passed
    found = only(report)
    assert (found.before, found.now) == (1.0, 0.8)
    assert found.difference == pytest.approx(-0.2)
    assert found.low is not None
    assert found.high is not None
    assert found.low < -0.2 < found.high < 0
    assert found.reason == (
        "all facts: 0.200 was lost on 100 questions (p < 0.001), more than the 0.010 that may be."
    )
    assert [flip.key for flip in report.flips] == [f"q{place}#0" for place in range(20)]


def test_a_gain_passes_and_its_questions_are_listed_behind_the_lost() -> None:
    report = verdict(facts_run([0] * 20 + [1]), facts_run([1] * 20 + [0]))
    assert report.passed
    assert [flip.now for flip in report.flips] == [0.0, *[1.0] * 20]
    assert report.flips[0].key == "q20#0"
    assert report.flips[0].before_answer is not None
    assert report.flips[0].before_answer["answer"] == "Tea. [1]"


def test_a_loss_too_small_to_stop_for_passes_however_certain() -> None:
    before, now = [1.0] * 2_000, [0.0] * 15 + [1.0] * 1_985
    assert only(verdict(facts_run(before), facts_run(now))).adjusted is not None
    assert verdict(facts_run(before), facts_run(now)).passed
    assert not verdict(facts_run(before), facts_run(now), Gate((Gated("all facts", 0.005),))).passed


def test_questions_about_one_paper_count_as_one_loss() -> None:
    def clustered(lost: float, cluster: Callable[[int], str]) -> Run:
        return run(
            [
                result(f"q{place}", {"all facts": lost if place < 10 else 1.0}, cluster=cluster(place))
                for place in range(60)
            ]
        )

    apart = verdict(clustered(1, str), clustered(0, str))
    together = verdict(
        clustered(1, lambda place: "" if place >= 10 else "one"),
        clustered(0, lambda place: "" if place >= 10 else "one"),
    )
    assert not apart.passed
    assert together.passed


@pytest.mark.parametrize(("lost", "fails"), [(1, False), (4, False), (5, True)])
def test_a_few_papers_are_no_proof(lost: int, *, fails: bool) -> None:
    # All of them lost: the bootstrap sees no variance at all, and a sign test knows that it may be chance.
    report = verdict(facts_run([1] * lost), facts_run([0] * lost))
    assert only(report).p == 0.5**lost
    assert report.passed is not fails


def test_floors_hold_without_a_baseline() -> None:
    gate = Gate((Gated("all facts", 0.01),), {("all", "all facts"): 0.9, ("single", "all facts"): 0.7})
    report = compare(facts_run([1] * 8 + [0] * 2), None, gate)
    assert [comparison.failed for comparison in report.comparisons] == [True, False]
    assert report.comparisons[0].reason == "all facts: 0.800 is below the floor of 0.900."
    assert report.comparisons[1].suite == "single"
    assert "no baseline" in report.notes[0]
    assert compare(facts_run([1] * 9 + [0]), None, gate).passed
    # those of suites that were not asked, and of a part of a suite, say nothing
    assert compare(facts_run([1]), None, Gate((), {("topic", "all facts"): 1.0})).comparisons == ()
    assert compare(facts_run([0], sample=1), None, gate).passed


# What is not compared


def test_questions_of_one_side_are_named_and_not_compared() -> None:
    before = run([result("old", {"all facts": 1}), result("both", {"all facts": 1})])
    now = run([result("new", {"all facts": 0}), result("both", {"all facts": 1})])
    report = verdict(before, now)
    assert report.passed
    assert report.notes == (
        "1 question (new) is not in the baseline: not compared.",
        "1 question (old) is in the baseline and not in this run: not compared.",
    )


def test_a_question_that_was_changed_is_another() -> None:
    before = run([result("a", {"all facts": 1}), result("b", {"all facts": 1})])
    now = run([result("a", {"all facts": 0}, suite="multi"), result("b", {"all facts": 1})])
    report = verdict(before, now)
    assert report.notes == ("1 question (a) is not what they were when the baseline was made: not compared.",)
    assert only(report).now == 1.0


def test_a_failure_is_not_a_loss() -> None:
    before = facts_run([1] * 30)
    broken = run(
        [
            *[result(f"q{place}", {"all facts": failed("no verdict")}) for place in range(10)],
            *[result(f"q{place}", {}, error="no server") for place in range(10, 20)],
            *[result(f"q{place}", {"all facts": 1}) for place in range(20, 30)],
        ]
    )
    report = verdict(before, broken)
    assert report.passed
    assert only(report).now == 1.0
    assert "20 questions (q0, q1, q2, q3, q4 and 15 more) are without a score" in report.notes[0]


def test_what_another_judge_said_is_not_compared() -> None:
    gate = Gate((Gated("faithfulness", 0.01), Gated("all facts", 0.01)))
    before = run([result(f"q{place}", {"faithfulness": 1, "all facts": 1}) for place in range(40)])
    now = run(
        [result(f"q{place}", {"faithfulness": 0, "all facts": 1}) for place in range(40)], judge="model:m"
    )
    report = verdict(before, now, gate)
    assert report.passed
    assert [comparison.difference for comparison in report.comparisons] == [None, 0.0]
    assert report.notes == (
        "The baseline's judge was offline, and this run's is model:m: what it judges is not compared.",
    )


def test_repeats_are_averaged_before_they_are_compared() -> None:
    before = run([result("a", {"all facts": 1}), result("b", {"all facts": 0})])
    now = run(
        [result("a", {"all facts": value}, repeat=place) for place, value in enumerate([1, 0, 0, 0])]
        + [result("b", {"all facts": value}, repeat=place) for place, value in enumerate([0, 1, 0, 0])]
    )
    report = verdict(before, now)
    assert only(report).difference == pytest.approx((-0.75 + 0.25) / 2)
    # the answer shown is one of those that it flipped to
    assert [(flip.key, flip.now) for flip in report.flips] == [("a#1", 0.25)]


def test_a_baseline_is_read_as_it_was_written(tmp_path: Path) -> None:
    long = facts_run([1, 0]).results[0]
    kept = Baseline.of(run([long, result("x", {"all facts": None}, text="word " * 200)]), ("all facts",))
    kept.write(tmp_path / "baseline.json")
    assert Baseline.read(tmp_path / "baseline.json") == kept
    answer = kept.questions["x"].answer
    assert answer is not None
    assert len(answer["answer"]) <= 400
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(InputError, match="is no baseline"):
        Baseline.read(tmp_path / "other.json")


# Statistics


def test_holm() -> None:
    assert holm(np.array([0.04, 0.01, 0.02])).tolist() == pytest.approx([0.04, 0.03, 0.04])
    assert holm(np.array([0.6, 0.9])).tolist() == pytest.approx([1.0, 1.0])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_raises_every_p_and_keeps_their_order(ps: list[float]) -> None:
    adjusted = holm(np.array(ps))
    assert (adjusted >= np.array(ps) - 1e-12).all()
    assert (adjusted <= np.minimum(1, np.array(ps) * len(ps)) + 1e-12).sum() >= 1
    assert (np.diff(adjusted[np.argsort(ps, kind="stable")]) >= 0).all()


def test_means_are_resampled_by_cluster() -> None:
    # Three clusters: a draw's mean is one of few values, and each cluster comes whole.
    values = np.array([[1.0], [1.0], [0.0], [np.nan], [0.0]])
    sums, counts = cluster_sums(values, ["a", "a", "b", "b", "c"])
    assert sums[:, 0].tolist() == [2, 0, 0]
    assert counts[:, 0].tolist() == [2, 1, 1]
    drawn = resampled_means(sums, counts)[:, 0]
    assert set(np.round(drawn, 6)) == {0.0, 0.5, 0.8, 1.0}
    # once in 27 draws of three clusters it is the first every time
    assert (drawn == 1.0).mean() == pytest.approx(1 / 27, abs=0.02)
    assert np.array_equal(drawn, resampled_means(sums, counts)[:, 0])


def test_the_interval_of_a_mean_is_that_of_the_normal_where_there_is_plenty() -> None:
    values = np.random.default_rng(1).normal(0.5, 0.2, size=(400, 1))
    sums, counts = cluster_sums(values, [str(place) for place in range(400)])
    low, high = np.quantile(resampled_means(sums, counts), (0.025, 0.975))
    assert high - low == pytest.approx(2 * 1.96 * 0.2 / 20, rel=0.1)


# How often it errs, as shipped: 300 questions on 240 papers, and the gated measures of eval/gate.toml


@pytest.mark.parametrize("noise", [0.01, 0.02])
def test_noise_fails_in_five_of_a_hundred_at_the_most(noise: float) -> None:
    assert failing_share([], noise=noise, trials=200, seed=6) <= 0.05


@pytest.mark.parametrize("lost", LOSSES, ids=" and ".join)
def test_a_loss_of_five_points_is_caught_in_nine_of_ten(lost: list[str]) -> None:
    assert failing_share(lost, noise=0.01, trials=50, seed=7) >= 0.9


def test_the_gate_as_a_whole_agrees_with_the_trials() -> None:
    random = np.random.default_rng(8)
    before = truth(random)
    for lost in ([], *LOSSES):
        now = worse(before, lost, random)
        baseline = Baseline.of(made(before), SHIPPED.measures)
        assert compare(made(now), baseline, SHIPPED).passed is not fails(before, now)
        assert fails(before, now) is bool(lost)


def made(values: NDArray[np.float64]) -> Run:
    return run(
        [
            result(f"q{row}", dict(zip(MEASURES, values[row], strict=True)), cluster=CLUSTERS[f"q{row}"])
            for row in range(len(values))
        ]
    )


def test_settings_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    for text, said in (
        ("gated = 3", "gated: input should be a valid list"),
        ('[[gated]]\nmeasure = "facts"\n', "gated 0 loss: field required"),
        ('[[gated]]\nmeasure = "facts"\nloss = -1\n', "loss: input should be greater"),
        ("gated = [\n", "is no TOML"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=said):
            Gate.read(path)
    path.write_text('gated = []\n[floors.single]\n"hit@1" = 0.5\n')
    assert Gate.read(path) == Gate((), {("single", "hit@1"): 0.5})
