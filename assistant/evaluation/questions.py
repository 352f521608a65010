"""The curated questions: what a line of a question file says."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.resources import resource

SUITES = ("single", "multi", "topic", "unanswerable", "false-premise")


@dataclass(frozen=True, slots=True, kw_only=True)
class CuratedQuestion:
    """A question whose right answer is known."""

    question_id: str
    suite: str
    question: str
    kind: str = ""
    """Within a suite: `named` or `described`; `missing-fact`, `missing-paper` or `off-topic`."""
    titles: tuple[str, ...] = ()
    """The papers that a full answer cites; none for a question that the collection does not answer."""
    facts: tuple[tuple[str, ...], ...] = ()
    """What a full answer holds; each fact as alternatives, of which one is enough."""


def load_conversations(folder: Path | None = None) -> list[tuple[CuratedQuestion, ...]]:
    """Read the conversations of the shipped question set, or of another folder's: their turns in order."""
    path = (folder or resource("eval/questions")) / "chat.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    return [
        tuple(
            _question({"id": f"{line['id']}.{number}", "suite": "chat", **turn})
            for number, turn in enumerate(line["turns"], start=1)
        )
        for line in lines
    ]


def load_suite(suite: str, folder: Path | None = None) -> list[CuratedQuestion]:
    """Read one suite of the shipped question set, or of another folder's."""
    path = (folder or resource("eval/questions")) / f"{suite}.jsonl"
    return [_question(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines() if line]


def _question(line: dict[str, Sequence[str] | Sequence[Sequence[str]] | str]) -> CuratedQuestion:
    return CuratedQuestion(
        question_id=str(line["id"]),
        suite=str(line["suite"]),
        question=str(line["question"]),
        kind=str(line.get("kind", "")),
        titles=tuple(str(title) for title in line.get("titles", ())),
        facts=tuple(tuple(alternatives) for alternatives in line.get("facts", ())),
    )
