"""The curated questions: what a line of a question file says.

A file holds one JSON object a line. `eval/README.md` describes the fields for whoever writes questions.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from assistant.corpus import paper_id
from assistant.errors import InputError
from assistant.resources import resource

SUITES = ("single", "multi", "topic", "unanswerable", "false-premise")
"""The suites of questions that stand alone."""
CHAT = "chat"
"""The suite of conversations."""
ALL_SUITES = (*SUITES, CHAT)


MOST_FLAWS = 1_000
"""Flaws that are told one by one; after them no more lines are read."""
LARGEST = 64 * 2**20
"""Bytes that a question file may hold."""


class QuestionsError(InputError):
    """A question file has lines that are no questions."""

    def __init__(self, flaws: Sequence[str]) -> None:
        super().__init__("\n".join(flaws))
        self.flaws = tuple(flaws)
        """One sentence a flaw, which names the file and the line."""


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
    conversation: str = ""
    """The conversation that it is a turn of; empty where it stands alone."""
    answer: str = ""
    """A good answer, for whoever reads the report."""
    wrong: str = ""
    """What a question with a false premise takes for granted."""
    right: str = ""
    """What is true instead."""
    why: str = ""
    """Why the collection does not answer it."""

    @property
    def answerable(self) -> bool:
        """Whether the collection answers it."""
        return bool(self.titles)

    @property
    def relevant(self) -> frozenset[str]:
        """The identifiers of the papers that a full answer cites."""
        return frozenset(paper_id(title) for title in self.titles)


Dialogue = tuple[CuratedQuestion, ...]
"""What is asked in order, each with what was said before: the turns of a conversation, or one question."""


def question_from(found: Mapping[str, Any]) -> CuratedQuestion:
    """Read a question from its fields by name, lists standing for tuples."""
    given = {field.name: found[field.name] for field in fields(CuratedQuestion) if field.name in found}
    given["titles"] = tuple(given.get("titles", ()))
    given["facts"] = tuple(tuple(alternatives) for alternatives in given.get("facts", ()))
    return CuratedQuestion(**given)


# Files


def load_suite(suite: str, folder: Path | None = None) -> list[CuratedQuestion]:
    """Read one suite of the shipped question set, or of another folder's.

    Raises:
        QuestionsError: a line is no question.
    """
    path = (folder or resource("eval/questions")) / f"{suite}.jsonl"
    return [question for dialogue in read_questions([path]) for question in dialogue]


def load_conversations(folder: Path | None = None) -> list[Dialogue]:
    """Read the conversations of the shipped question set, or of another folder's: their turns in order.

    Raises:
        QuestionsError: a line is no conversation.
    """
    return read_questions([(folder or resource("eval/questions")) / f"{CHAT}.jsonl"])


def shipped_questions() -> list[Path]:
    """List the files of the shipped question set, in the order of the suites."""
    return [resource("eval/questions") / f"{suite}.jsonl" for suite in ALL_SUITES]


def read_questions(paths: Iterable[Path]) -> list[Dialogue]:
    """Read question files: what is asked, in order.

    Raises:
        QuestionsError: some lines are no questions; each is named.
        InputError: a file cannot be read, or holds no question.
    """
    flaws: list[str] = []
    dialogues: list[Dialogue] = []
    seen: dict[str, str] = {}
    for path in paths:
        for number, line in enumerate(_lines(path), start=1):
            if len(flaws) >= MOST_FLAWS:
                flaws.append(f"{path}: is not read beyond line {number - 1}: this is hardly a question file.")
                break
            if not line.strip():
                continue
            place = f"{path}, line {number}"
            try:
                dialogue = _read_line(line)
            except _FlawsError as error:
                flaws.extend(f"{place}: {flaw}." for flaw in error.flaws)
                continue
            for name in {turn.question_id for turn in dialogue} | {dialogue[0].conversation} - {""}:
                if name in seen:
                    flaws.append(f"{place}: id: {name!r} is taken by {seen[name]}.")
                seen[name] = place
            dialogues.append(dialogue)
        if not seen and not flaws:
            raise InputError(f"{path} holds no question: write one JSON object a line.")
    if flaws:
        raise QuestionsError(flaws)
    return dialogues


class _FlawsError(ValueError):
    """Why a line is no question."""

    def __init__(self, flaws: Sequence[str]) -> None:
        super().__init__()
        self.flaws = flaws


def _read_line(line: str) -> Dialogue:
    try:
        return _dialogue(json.loads(line))
    except ValidationError as error:
        raise _FlawsError([_said(flaw) for flaw in error.errors()]) from None
    except (ValueError, RecursionError) as error:
        raise _FlawsError([f"is no JSON ({error})"]) from None


def _lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise InputError(f"{path} is larger than {LARGEST // 2**20} MB: split it.")
        # By line feeds alone: a text may hold other characters that count as ends of lines.
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 ({error.reason} at byte {error.start}): convert it.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): name a file of questions.") from None


# The schema of a line

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_Fact = Annotated[list[Annotated[str, StringConstraints(min_length=1)]], Field(min_length=1)]
_Titles = Annotated[list[_Text], Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    question: _Text


class _Question(_Part):
    id: _Text
    kind: str = ""


class _Single(_Question):
    suite: Literal["single"]
    titles: Annotated[_Titles, Field(max_length=1)]
    facts: Annotated[list[_Fact], Field(min_length=1)]
    answer: str = ""


class _Multi(_Question):
    suite: Literal["multi"]
    titles: Annotated[_Titles, Field(min_length=2)]
    facts: Annotated[list[_Fact], Field(min_length=1)]
    answer: str = ""


class _Topic(_Question):
    suite: Literal["topic"]
    titles: _Titles
    facts: list[_Fact] = []
    answer: str = ""


class _Unanswerable(_Question):
    suite: Literal["unanswerable"]
    why: str = ""


class _FalsePremise(_Question):
    suite: Literal["false-premise"]
    titles: _Titles
    facts: Annotated[list[_Fact], Field(min_length=1)]
    wrong: _Text
    right: _Text


class _Turn(_Part):
    titles: list[_Text] = []
    facts: list[_Fact] = []
    answer: str = ""


class _Chat(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    id: _Text
    suite: Literal["chat"]
    kind: str = ""
    turns: Annotated[list[_Turn], Field(min_length=1)]


_LINE: TypeAdapter[BaseModel] = TypeAdapter(
    Annotated[_Single | _Multi | _Topic | _Unanswerable | _FalsePremise | _Chat, Field(discriminator="suite")]
)


def _dialogue(found: object) -> Dialogue:
    line = _LINE.validate_python(found).model_dump()
    name = line.pop("id")
    if "turns" not in line:
        return (question_from({**line, "question_id": name}),)
    return tuple(
        question_from(
            {
                **turn,
                "question_id": f"{name}.{number}",
                "suite": CHAT,
                "kind": line["kind"],
                "conversation": name,
            }
        )
        for number, turn in enumerate(line["turns"], start=1)
    )


def _said(flaw: Mapping[str, Any]) -> str:
    """Word what pydantic found: the field, with places counted from 1, and what is amiss with it."""
    suites = ", ".join(ALL_SUITES)
    # The first place is the suite, by which the schema was chosen.
    suite, *places = flaw["loc"] or ("",)
    where = " ".join(str(place + 1) if isinstance(place, int) else place for place in places)
    wording = {
        "union_tag_not_found": f"suite: is missing: write one of {suites}",
        "union_tag_invalid": f"suite: is {flaw.get('ctx', {}).get('tag')!r}, and not one of {suites}",
        "model_attributes_type": "is no JSON object",
        "missing": f"{where}: is missing, and the suite {suite} has it",
        "extra_forbidden": f"{where}: is no field of the suite {suite}",
        "string_too_short": f"{where}: is empty",
        "too_short": f"{where}: has too few in it",
        "too_long": f"{where}: has too many in it",
    }
    return wording.get(flaw["type"], f"{where}: {flaw['msg'][:1].lower()}{flaw['msg'][1:]}")
