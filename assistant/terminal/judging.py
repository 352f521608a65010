"""What `assistant eval judges` does: measures a judge against what people say, and prints the table."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.corpus import read_sources
from assistant.errors import InputError
from assistant.evaluation.judging.agreement import Agreement
from assistant.evaluation.judging.labelled import holds_perturbations, load_answers, load_perturbations
from assistant.evaluation.judging.measuring import measure, measure_perturbations
from assistant.evaluation.judging.plotting import calibration_plot
from assistant.resources import resource
from assistant.terminal import rendering

if TYPE_CHECKING:
    from assistant.evaluation.judging.judge import Judge

ABOUT = (
    "Wrong answers are what is looked for. Every figure is cross-validated by question: the threshold is "
    "chosen on other questions than it is measured on, and what is refitted has not seen the question."
)
SHIPPED = (
    "The shipped offline judge may have learnt from these very answers, as it has from ragtruth_qa: the row "
    "that is refitted is the one to go by."
)


def print_agreement(judge: "Judge", data: Path, *, as_json: bool, plot: Path | None = None) -> None:
    """Measure a judge against a folder of labelled answers, or of sentences with one thing changed.

    Raises:
        InputError: the folder holds neither, or the plot cannot be written.
        JudgeError: the judge failed.
    """
    if holds_perturbations(data):
        papers = {each.title: each.text for each in read_sources([resource("corpus/papers.jsonl")]).listings}
        counts = measure_perturbations(judge, load_perturbations(data, papers))
        _print_counts(judge.name, counts, as_json=as_json)
        return
    answers = load_answers(data)
    try:
        agreements = measure(judge, answers)
    except ValueError as error:
        raise InputError(f"{data} cannot measure a judge: {error}.") from None
    if plot is not None:
        try:
            plot.write_text(calibration_plot(agreements), encoding="utf-8")
        except OSError as error:
            raise InputError(f"{plot} cannot be written ({error.strerror}): name another file.") from None
    if as_json:
        rendering.print_json([agreement_object(one) for one in agreements])
        return
    wrong = sum(not answer.right for answer in answers)
    rendering.say(
        f"{len(answers)} answers to {len({answer.group for answer in answers})} questions, {wrong} wrong"
    )
    rendering.say()
    _print_agreements(agreements)
    rendering.note(ABOUT)
    if judge.name == "offline":
        rendering.note(SHIPPED)


def agreement_object(agreement: Agreement) -> dict[str, Any]:
    """Give an agreement as `--json` prints it."""
    return {**asdict(agreement), "calibration_error": agreement.calibration_error}


def _print_agreements(agreements: Sequence[Agreement]) -> None:
    rendering.say(f"{'judge':20} {'AUROC':>7} {'F1':>7} {'bal. acc.':>9} {'kappa':>7} {'calib. error':>12}")
    for one in agreements:
        error = "" if one.calibration_error is None else f"{one.calibration_error:.3f}"
        rendering.say(
            f"{one.name:20} {one.auroc:7.3f} {one.f1:7.3f} {one.balanced_accuracy:9.3f} "
            f"{one.kappa:7.3f} {error:>12}"
        )


def _print_counts(name: str, counts: dict[str, tuple[int, int]], *, as_json: bool) -> None:
    told, whole = (sum(numbers) for numbers in zip(*counts.values(), strict=True))
    every = {**counts, "all": (told, whole)}
    if as_json:
        rendering.print_json(
            {"judge": name, **{kind: {"told": told, "count": count} for kind, (told, count) in every.items()}}
        )
        return
    rendering.say(f"Changed sentences that the {name} judge trusts less than their originals")
    rendering.say()
    for kind, (told, count) in every.items():
        rendering.say(f"{kind:12} {told:4} of {count:4} {told / count:7.1%}")
