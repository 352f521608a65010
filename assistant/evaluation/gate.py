"""The gate: whether a run is worse than its baseline, beyond noise and beyond what is worth stopping for.

A measure fails where it is below its floor, or where three things hold: it was lost on the same questions;
so great a loss would come by chance in fewer than 5 of 100 comparisons, counted over all gated measures
together; and it is greater than the smallest loss worth stopping for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.evaluation.baseline import Baseline
from assistant.evaluation.losses import ALPHA, LossTest, Pairs, loss_tests
from assistant.evaluation.run import ALL, Run, Total
from assistant.evaluation.scoring import BINARY, JUDGED
from assistant.evaluation.thresholds import Gate, Gated

_NONE: Total = Total(None, None, None, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One gated measure of one suite, now and in the baseline."""

    suite: str
    measure: str
    now: float
    """The mean of this run: over the questions compared, or over all where none can be."""
    before: float | None
    """The mean of the baseline over the same questions."""
    floor: float | None
    """What it may not be below, by the gate's settings."""
    difference: float | None
    low: float | None
    high: float | None
    """The 95 % interval of the difference, now less before."""
    p: float | None
    """One-sided: how likely so great a loss is by chance."""
    adjusted: float | None
    """The same, Holm-corrected over the gated measures."""
    failed: bool
    reason: str
    """One sentence; empty where it passed."""


@dataclass(frozen=True, slots=True)
class Flip:
    """A question whose gated measure, which is 0 or 1, is the other now."""

    key: str
    measure: str
    before: float
    now: float
    before_answer: Mapping[str, Any] | None
    now_answer: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class GateReport:
    """What the gate says of a run."""

    comparisons: tuple[Comparison, ...]
    flips: tuple[Flip, ...]
    """What was lost first, then what was won."""
    passed: bool
    notes: tuple[str, ...] = ()
    """What could not be compared, and why; one sentence each."""


def compare(run: Run, baseline: Baseline | None = None, gate: Gate | None = None) -> GateReport:
    """Compare a run with its baseline, question by question, and with the floors.

    Only what both sides have of the same question is compared; the rest is named in the notes. Repeats of a
    question are averaged first. A question that failed on either side is not compared.

    Args:
        run: what was asked now.
        baseline: what it was before; None to look at the floors alone.
        gate: by default the shipped one, whose floors are for the shipped questions alone.
    """
    if gate is None:
        own = run.settings.get("files")
        gate = Gate.read().without_floors() if own else Gate.read()
    found = run.totals()
    notes = _notes(run, baseline, gate)
    whole = run.settings.get("sample") is None and run.settings.get("since") is None
    floors = dict(gate.floors) if whole else {}
    comparable = _comparable(run, baseline)
    pairs = [
        _pairs(run, baseline, gated) if baseline is not None and gated.measure in comparable else {}
        for gated in gate.gated
    ]
    tested = [place for place, pair in enumerate(pairs) if pair]
    clusters = {result.question.question_id: result.cluster for result in run.results}
    tests = dict(zip(tested, loss_tests([pairs[place] for place in tested], clusters), strict=True))
    comparisons = [
        _compared(
            gated, pairs[place], tests.get(place), found, floors.pop((gated.suite, gated.measure), None)
        )
        for place, gated in enumerate(gate.gated)
        if place in tests or found.get(gated.suite, {}).get(gated.measure, _NONE).count
    ]
    comparisons += [
        _compared(Gated(measure, 0.0, suite), {}, None, found, floor)
        for (suite, measure), floor in floors.items()
        if found.get(suite, {}).get(measure, _NONE).count
    ]
    return GateReport(
        tuple(comparisons),
        tuple(_flips(run, baseline, gate)) if baseline is not None else (),
        not any(comparison.failed for comparison in comparisons),
        tuple(notes),
    )


def _comparable(run: Run, baseline: Baseline | None) -> frozenset[str]:
    """Give the measures that mean the same on both sides: those of a judge only where it is the same one."""
    if baseline is None:
        return frozenset()
    same = run.settings.get("judge") == baseline.settings.get("judge")
    return frozenset(measure for measure in baseline.measures if same or measure not in JUDGED)


def _pairs(run: Run, baseline: Baseline, gated: Gated) -> dict[str, tuple[float, float]]:
    now = Baseline.of(run, (gated.measure,)).questions
    pairs = {}
    for name, question in now.items():
        before = baseline.questions.get(name)
        if before is None or before.digest != question.digest or gated.suite not in {ALL, question.suite}:
            continue
        values = before.values.get(gated.measure), question.values.get(gated.measure)
        if values[0] is not None and values[1] is not None:
            pairs[name] = values[0], values[1]
    return pairs


def _compared(
    gated: Gated,
    pairs: Pairs,
    test: LossTest | None,
    found: Mapping[str, Mapping[str, Total]],
    floor: float | None,
) -> Comparison:
    mean = found.get(gated.suite, {}).get(gated.measure, _NONE).mean
    before = sum(before for before, _ in pairs.values()) / len(pairs) if pairs else None
    now = sum(now for _, now in pairs.values()) / len(pairs) if pairs else mean or 0.0
    reasons = []
    if floor is not None and mean is not None and mean < floor - 1e-9:
        reasons.append(f"{mean:.3f} is below the floor of {floor:.3f}")
    if test is not None and test.adjusted <= ALPHA and -test.difference > gated.loss:
        reasons.append(
            f"{-test.difference:.3f} was lost on {len(pairs)} questions ({_chance(test.adjusted)}), "
            f"more than the {gated.loss:.3f} that may be"
        )
    return Comparison(
        suite=gated.suite,
        measure=gated.measure,
        now=now,
        before=before,
        floor=floor,
        difference=test.difference if test is not None else None,
        low=test.low if test is not None else None,
        high=test.high if test is not None else None,
        p=test.p if test is not None else None,
        adjusted=test.adjusted if test is not None else None,
        failed=bool(reasons),
        reason=f"{_name(gated)}: {', and '.join(reasons)}." if reasons else "",
    )


def _name(gated: Gated) -> str:
    return gated.measure if gated.suite == ALL else f"{gated.suite}, {gated.measure}"


def _chance(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"  # noqa: PLR2004 - three digits


def _flips(run: Run, baseline: Baseline, gate: Gate) -> list[Flip]:
    comparable = _comparable(run, baseline)
    wanted = [gated for gated in gate.gated if gated.measure in BINARY and gated.measure in comparable]
    answers: dict[tuple[str, str, bool], tuple[str, Mapping[str, Any] | None]] = {}
    for result in run.results:
        for gated in wanted:
            score = result.scores.get(gated.measure)
            if score is not None and score.value is not None:
                place = (result.question.question_id, gated.measure, score.value >= _HALF)
                answers.setdefault(place, (result.key, result.answer))
    flips = []
    for gated in wanted:
        for name, (before, now) in _pairs(run, baseline, gated).items():
            if (before >= _HALF) != (now >= _HALF):
                key, answer = answers[name, gated.measure, now >= _HALF]
                flips.append(Flip(key, gated.measure, before, now, baseline.questions[name].answer, answer))
    return sorted(flips, key=lambda flip: flip.now - flip.before)


_HALF = 0.5


def _notes(run: Run, baseline: Baseline | None, gate: Gate) -> list[str]:
    """Say what is not compared, or not looked at."""
    notes = []
    if baseline is None:
        return ["There is no baseline to compare with: the floors alone were looked at."]
    for name, matters in (("reader", "all"), ("model", "all"), ("judge", "what it judges is not compared")):
        was, now = baseline.settings.get(name), run.settings.get(name)
        if was != now:
            how = "" if matters == "all" else f": {matters}"
            notes.append(
                f"The baseline's {name} was {was or 'none'}, and this run's is {now or 'none'}{how}."
            )
    notes += [
        f"The baseline has no {measure}: not compared."
        for measure in gate.measures
        if measure not in baseline.measures
    ]
    mine = Baseline.of(run, gate.measures).questions
    new = [name for name in mine if name not in baseline.questions]
    changed = [
        name
        for name, question in mine.items()
        if name in baseline.questions and baseline.questions[name].digest != question.digest
    ]
    left = [name for name in baseline.questions if name not in mine]
    failed = [result.question.question_id for result in run.results if result.errors]
    for names, what in (
        (new, "not in the baseline"),
        (changed, "not what they were when the baseline was made"),
        (left, "in the baseline and not in this run"),
        (failed, "without a score, because they failed"),
    ):
        if names:
            notes.append(f"{_listed(names)} {'is' if len(names) == 1 else 'are'} {what}: not compared.")
    if gate.floors and (run.settings.get("sample") is not None or run.settings.get("since") is not None):
        notes.append("Floors are for whole suites, and this run is a part: they were not looked at.")
    return notes


def _listed(names: Sequence[str]) -> str:
    most = 5
    shown = ", ".join(names[:most])
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{len(names)} question{'' if len(names) == 1 else 's'} ({shown}{more})"
