"""The baseline: what a run is compared with, small enough to be committed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from assistant.errors import InputError
from assistant.evaluation.provenance import digest
from assistant.evaluation.run import Run

LONGEST = 400
"""Characters of an answer that are kept."""
KEPT = ("reader", "model", "judge", "repeat", "questions", "versions", "papers", "fingerprint", "started")
"""The settings that are kept."""


@dataclass(frozen=True, slots=True)
class Before:
    """A question as it went when the baseline was made."""

    suite: str
    digest: str
    """Of the question and all that is known of it: where it differs, it is another question."""
    values: Mapping[str, float | None]
    """By measure, the mean over repeats; None where there is no number."""
    answer: Mapping[str, Any] | None
    """Its `answer`, cut short, `refused`, and the titles of its `citations`."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a run is compared with."""

    settings: Mapping[str, Any]
    measures: tuple[str, ...]
    questions: Mapping[str, Before]
    """By the question's identifier."""

    @classmethod
    def of(cls, run: Run, measures: Sequence[str]) -> "Baseline":
        """Take from a run what a later one is compared with."""
        groups: dict[str, list[Any]] = {}
        for result in run.results:
            groups.setdefault(result.question.question_id, []).append(result)
        questions = {}
        for name, results in groups.items():
            scores = {
                measure: [
                    score.value
                    for result in results
                    if (score := result.scores.get(measure)) is not None and score.value is not None
                ]
                for measure in measures
            }
            questions[name] = Before(
                suite=results[0].question.suite,
                digest=digest(repr(results[0].question))[:8],
                values={
                    measure: round(fmean(found), 6) if found else None for measure, found in scores.items()
                },
                answer=_short(results[0].answer),
            )
        kept = {name: run.settings[name] for name in KEPT if name in run.settings}
        return cls(kept, tuple(measures), questions)

    @classmethod
    def read(cls, path: Path | str) -> "Baseline":
        """Read a baseline's file.

        Raises:
            InputError: it cannot be read, or is none.
        """
        try:
            found = json.loads(Path(path).read_text(encoding="utf-8"))
            measures = tuple(found["measures"])
            questions = {
                name: Before(
                    suite=kept["suite"],
                    digest=kept["digest"],
                    values=dict(zip(measures, kept["values"], strict=True)),
                    answer=kept["answer"],
                )
                for name, kept in found["questions"].items()
            }
            return cls(found["settings"], measures, questions)
        except OSError as error:
            raise InputError(
                f"{path} cannot be read ({error.strerror}): --update-baseline writes a baseline."
            ) from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{path} is no baseline ({type(error).__name__}: {error}): --update-baseline writes one."
            ) from None

    def write(self, path: Path | str) -> None:
        """Write a baseline's file: a line a question, so that a change shows which ones moved.

        Raises:
            InputError: it cannot be written.
        """
        lines = [
            f"{json.dumps(name)}: "
            + json.dumps(
                {
                    "suite": kept.suite,
                    "digest": kept.digest,
                    "values": [kept.values[measure] for measure in self.measures],
                    "answer": kept.answer,
                },
                ensure_ascii=False,
            )
            for name, kept in self.questions.items()
        ]
        text = (
            f'{{\n"settings": {json.dumps(dict(self.settings), ensure_ascii=False)},\n'
            f'"measures": {json.dumps(list(self.measures))},\n'
            '"questions": {\n' + ",\n".join(lines) + "\n}\n}\n"
        )
        try:
            Path(path).write_text(text, encoding="utf-8")
        except OSError as error:
            raise InputError(f"{path} cannot be written ({error.strerror}): name another file.") from None


def _short(answer: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if answer is None:
        return None
    text = answer["answer"]
    return {
        "answer": text if len(text) <= LONGEST else f"{text[: LONGEST - 1].rstrip()}…",
        "refused": answer["refused"],
        "citations": [
            {"number": citation["number"], "title": citation["title"]} for citation in answer["citations"]
        ],
    }
