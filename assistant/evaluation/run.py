"""A run: what was asked with which settings, what came of it, and the folder that keeps it.

`run.json` holds the settings and the totals, `results.jsonl` one object a question, written as it is
answered, so that a run which was killed can go on.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from assistant.errors import InputError
from assistant.evaluation.bootstrap import cluster_sums, resampled_means
from assistant.evaluation.measures import AnswerTable
from assistant.evaluation.results import Result, result_from, result_object

ALL = "all"
"""The suite of all suites."""
RUN = "run.json"
RESULTS = "results.jsonl"


@dataclass(frozen=True, slots=True)
class Total:
    """One measure over one suite."""

    mean: float | None
    """Of the numbers; None where there are none."""
    low: float | None
    high: float | None
    """The ends of its 95 % interval, by a bootstrap over papers."""
    count: int
    """How many numbers."""
    not_applicable: int
    errors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A set of questions, asked."""

    settings: Mapping[str, Any]
    """`suites`, `sample`, `seed`, `since`, `repeat`, `reader`, `model`, `base_url`, `judge`, `questions`,
    `files`, `versions`, `commit`, `papers`, `fingerprint`, `started` (ISO), `seconds`."""
    results: tuple[Result, ...]
    """In the order of the questions."""

    @property
    def suites(self) -> tuple[str, ...]:
        """The suites asked, in the order of their questions."""
        return tuple(dict.fromkeys(result.question.suite for result in self.results))

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures scored, in order."""
        return tuple(dict.fromkeys(name for result in self.results for name in result.scores))

    def totals(self) -> dict[str, dict[str, Total]]:
        """Average each measure over each suite, and over all of them; errors are counted, never averaged."""
        return {
            ALL: totals(self.results),
            **{
                suite: totals([result for result in self.results if result.question.suite == suite])
                for suite in self.suites
            },
        }

    def answering(self) -> dict[str, AnswerTable]:
        """Count answers and refusals, to questions that can be answered and that cannot, by suite."""
        return {
            suite: AnswerTable.of(
                (not result.answer["refused"], result.question.answerable)
                for result in self.results
                if result.answer is not None and suite in {ALL, result.question.suite}
            )
            for suite in (ALL, *self.suites)
        }

    def errors(self) -> list[tuple[str, str]]:
        """List what failed: the question's key, and what and why; one a question at the most per reason."""
        return [(result.key, reason) for result in self.results for reason in result.errors]

    def _repr_markdown_(self) -> str:
        """Show the run in a notebook."""
        from assistant.evaluation.reports.markdown import markdown

        return markdown(self, None)

    @classmethod
    def read(cls, folder: Path | str) -> Self:
        """Read a run's folder.

        Raises:
            InputError: it holds no run.
        """
        place = Path(folder)
        try:
            settings = json.loads((place / RUN).read_text(encoding="utf-8"))["settings"]
        except FileNotFoundError:
            raise InputError(f"{place} holds no run: there is no {RUN} in it.") from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{place / RUN} cannot be read ({error}): name another run.") from None
        return cls(settings=settings, results=tuple(read_results(place)))

    def write(self, folder: Path | str) -> None:
        """Write a run's folder, making it where there is none."""
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps(result_object(result), ensure_ascii=False) for result in self.results]
        (place / RESULTS).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        self.write_totals(place)

    def write_totals(self, folder: Path) -> None:
        """Write `run.json` alone: settings, totals, and what failed."""
        written = {
            "settings": dict(self.settings),
            "totals": {
                suite: {measure: asdict(total) for measure, total in measures.items()}
                for suite, measures in self.totals().items()
            },
            "answering": {suite: asdict(table) for suite, table in self.answering().items()},
            "errors": [{"question": key, "error": reason} for key, reason in self.errors()],
        }
        text = json.dumps(written, ensure_ascii=False, indent=2)
        replacement = folder / f"{RUN}.new"
        replacement.write_text(f"{text}\n", encoding="utf-8")
        replacement.replace(folder / RUN)


def read_results(folder: Path) -> list[Result]:
    """Read the results kept in a folder; of those with one key, the last counts.

    A last line without an end was cut off by a kill and is left out.

    Raises:
        InputError: another line is not a result; names it.
    """
    path = folder / RESULTS
    if not path.exists():
        return []
    kept: dict[str, Result] = {}
    for number, line in enumerate(_whole_lines(path), start=1):
        try:
            result = result_from(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{path}, line {number} is no result ({type(error).__name__}: {error}): start a new run."
            ) from None
        kept[result.key] = result
    return list(kept.values())


def append_results(folder: Path, results: Iterable[Result]) -> None:
    """Add results to those kept in a folder."""
    with (folder / RESULTS).open("a", encoding="utf-8") as file:
        for result in results:
            file.write(json.dumps(result_object(result), ensure_ascii=False) + "\n")


def mend_results(folder: Path) -> None:
    """Cut off a last line that a kill left half-written, so that more can be added."""
    path = folder / RESULTS
    if path.exists():
        whole = path.read_bytes()
        if whole and not whole.endswith(b"\n"):
            with path.open("r+b") as file:
                file.truncate(whole.rfind(b"\n") + 1)


def _whole_lines(path: Path) -> list[str]:
    text, _, _ = path.read_bytes().rpartition(b"\n")
    return text.decode("utf-8").split("\n") if text else []


def totals(results: Sequence[Result]) -> dict[str, Total]:
    """Average each measure over results, with 95 % intervals from a bootstrap clustered by paper."""
    names = list(dict.fromkeys(name for result in results for name in result.scores))
    if not names:
        return {}
    scores = [[result.scores.get(name) for name in names] for result in results]
    values = np.array(
        [[np.nan if score is None or score.value is None else score.value for score in row] for row in scores]
    )
    sums, counts = cluster_sums(values, [result.cluster for result in results])
    means = resampled_means(sums, counts)
    found = {}
    for place, name in enumerate(names):
        drawn = means[:, place]
        drawn = drawn[~np.isnan(drawn)]
        count = int(counts[:, place].sum())
        low, high = np.quantile(drawn, (0.025, 0.975)) if count else (None, None)
        column = [row[place] for row in scores]
        found[name] = Total(
            mean=float(sums[:, place].sum()) / count if count else None,
            low=None if low is None else float(low),
            high=None if high is None else float(high),
            count=count,
            not_applicable=sum(score is not None and not score.applies for score in column),
            errors=sum(score is not None and score.error is not None for score in column),
        )
    return found
