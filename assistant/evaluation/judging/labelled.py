"""Answers that people have labelled, to measure judges by: our own layout and those of two public sets.

A folder holds JSON lines. Ours: `question`, `answer`, `sources` (each with `title` and `text`), `supported`,
and optionally `group` (answers that share one are never in two folds; by default the question) and `wrong`
(pairs of start and end in the answer, in characters: what is not borne out). RAGTruth's question answering
has `question`, `context`, `response`, `hallucinated`, `spans`; SummEdits has `document`, `summary`,
`consistent`. Sentences with one thing changed are read by `perturbations`.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.answering.sentences import Sentence, sentences
from assistant.errors import InputError
from assistant.evaluation.judging.claims import Stretch
from assistant.evaluation.judging.judge import Source, Statement

_LINE = re.compile(r"[^\n]+")
_WORD = re.compile(r"[^\W\d_]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledAnswer:
    """An answer, what it rests on, and what people say of it."""

    group: str
    question: str
    answer: str
    statements: tuple[Statement, ...]
    """Its sentences, at least one."""
    starts: tuple[int, ...]
    """Where each begins in the answer, in characters."""
    right: bool
    """Whether the sources bear out all of it."""
    wrong: tuple[Stretch, ...] | None
    """What they do not bear out; None where nobody marked it."""


@dataclass(frozen=True, slots=True)
class Perturbed:
    """A sentence that its papers bear out, and the same with one thing changed."""

    statement: Statement
    changed: Mapping[str, str]
    """By kind: number, unit, name, negation, comparison."""


def answer_sentences(answer: str) -> list[Sentence]:
    r"""Cut an answer into sentences, each on one line; the number of an item stays with what follows.

    >>> [found.text for found in answer_sentences("Two steps:\n1. Fill it.\n2. Boil it.")]
    ['Two steps:', '1. Fill it.', '2. Boil it.']
    """
    found: list[Sentence] = []
    begun: int | None = None
    for line in _LINE.finditer(answer):
        for sentence in sentences(line[0]):
            start = line.start() + sentence.start if begun is None else begun
            end = line.start() + sentence.end
            begun = None
            if _WORD.search(answer, start, end):
                found.append(Sentence(answer[start:end], start, end))
            else:
                begun = start
    return found or [Sentence(answer, 0, len(answer))]


def load_answers(folder: Path) -> list[LabelledAnswer]:
    """Read the labelled answers of a folder, in whichever of the layouts each line is.

    Raises:
        InputError: there are none, or a line is in no known layout.
    """
    found = [_answer(line, place) for line, place in _lines(folder)]
    if not found:
        raise InputError(f"{folder} holds no labelled answers: it should hold .jsonl files with one a line.")
    return found


def load_perturbations(folder: Path, papers: Mapping[str, str]) -> list[Perturbed]:
    """Read sentences with one thing changed: `titles`, `original`, `changed` (by kind).

    Args:
        folder: where they are.
        papers: the text of each paper by its title.

    Raises:
        InputError: a line is in another layout, or names a paper that is not there.
    """
    found = []
    for line, place in _lines(folder):
        try:
            sources = tuple(Source(title, papers[title]) for title in line["titles"])
            found.append(Perturbed(Statement(str(line["original"]), sources), dict(line["changed"])))
        except KeyError as error:
            raise InputError(f"{place}: {error} is missing, as a field or as a paper.") from None
    return found


def holds_perturbations(folder: Path) -> bool:
    """Tell whether a folder holds sentences with one thing changed, by its first line."""
    return "changed" in next((line for line, _ in _lines(folder)), {})


def _lines(folder: Path) -> Iterator[tuple[dict[str, Any], str]]:
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder: name one with labelled data.")
    for path in sorted(folder.glob("*.jsonl")):
        for number, text in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
            if text.strip():
                try:
                    line = json.loads(text)
                except json.JSONDecodeError as error:
                    raise InputError(f"{path}:{number}: not JSON ({error}).") from None
                if not isinstance(line, dict):
                    raise InputError(f"{path}:{number}: not an object.")
                yield line, f"{path}:{number}"


def _own(line: Mapping[str, Any]) -> LabelledAnswer:
    wrong = line.get("wrong")
    return _labelled(
        group=str(line.get("group", line["question"])),
        question=str(line["question"]),
        answer=str(line["answer"]),
        sources=tuple(Source(str(source["title"]), str(source["text"])) for source in line["sources"]),
        right=bool(line["supported"]),
        wrong=None if wrong is None else tuple(Stretch(int(start), int(end)) for start, end in wrong),
    )


def _ragtruth(line: Mapping[str, Any]) -> LabelledAnswer:
    return _labelled(
        group=str(line["source_id"]),
        question=str(line["question"]),
        answer=str(line["response"]),
        sources=(Source("", str(line["context"])),),
        right=not line["hallucinated"],
        wrong=tuple(Stretch(span["start"], span["end"]) for span in line["spans"]),
    )


def _summedits(line: Mapping[str, Any]) -> LabelledAnswer:
    return _labelled(
        group=str(line["document"]),
        question="",
        answer=str(line["summary"]),
        sources=(Source("", str(line["document"])),),
        right=bool(line["consistent"]),
        wrong=None,
    )


_LAYOUTS: dict[str, Callable[[Mapping[str, Any]], LabelledAnswer]] = {
    "answer": _own,
    "response": _ragtruth,
    "summary": _summedits,
}


def _answer(line: Mapping[str, Any], place: str) -> LabelledAnswer:
    for field, read in _LAYOUTS.items():
        if field in line:
            try:
                return read(line)
            except (KeyError, TypeError, ValueError) as error:
                raise InputError(f"{place}: the field {error} is missing or not as it should be.") from None
    raise InputError(f"{place}: a labelled answer has a field {' or '.join(_LAYOUTS)}.")


def _labelled(  # noqa: PLR0913 - the fields of a labelled answer
    *,
    group: str,
    question: str,
    answer: str,
    sources: tuple[Source, ...],
    right: bool,
    wrong: tuple[Stretch, ...] | None,
) -> LabelledAnswer:
    found = answer_sentences(answer)
    return LabelledAnswer(
        group=group,
        question=question,
        answer=answer,
        statements=tuple(Statement(sentence.text, sources) for sentence in found),
        starts=tuple(sentence.start for sentence in found),
        right=right,
        wrong=wrong,
    )
