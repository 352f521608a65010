"""Asking a model for a JSON object, and taking nothing else for one."""

import json
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, BeforeValidator, ValidationError

from assistant.answering.budget import MESSAGE_TOKENS
from assistant.answering.model import ChatModel
from assistant.answering.prompts import Message
from assistant.errors import Failure, ModelError
from assistant.evaluation.judging.judge import JudgeError, Verdict

ASKED = 2
"""How often a model is asked for the same: once more after a reply that cannot be used."""

_OBJECT = re.compile(r'\{\s*["}]')
DEEPEST = 32
"""Objects in one another that are tried one by one where the outermost breaks off; a form has two."""
BROKEN = 1_000
"""Objects that may break off before a text is taken to hold no more: each takes a look at all before it."""

Prompt = Callable[[str], Sequence[Message]]
"""Writes the messages, given what was wrong with the reply before; nothing at first."""


def _list_of(title: str, properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """Write the schema of an object that holds a list of objects; strict, as OpenAI wants it.

    It is not made from the fields of the form: it is sent, so recordings are known by it, and it must not
    change with a docstring or with pydantic's version.
    """

    def closed(fields: Mapping[str, Any]) -> dict[str, Any]:
        whole = {"properties": fields, "required": list(fields), "additionalProperties": False}
        return {"type": "object", **whole}

    return {"title": title, **closed({title: {"type": "array", "items": closed(properties)}})}


class FoundClaim(BaseModel):
    """One thing that a sentence says."""

    sentence: int
    text: str


class Claims(BaseModel):
    """What `prompts/claims.jinja` asks for, about so many sentences."""

    schema_sent: ClassVar[Mapping[str, Any]] = _list_of(
        "claims", {"sentence": {"type": "integer"}, "text": {"type": "string"}}
    )
    claims: list[FoundClaim]

    def flaw(self, count: int) -> str:
        """Say what is wrong with it; a sentence without a claim is for the judge to see to."""
        for number, claim in enumerate(self.claims, start=1):
            if not 1 <= claim.sentence <= count:
                return f"claim {number} names sentence {claim.sentence}, and the last is {count}"
            if not claim.text.strip():
                return f"claim {number} is empty"
        return ""


def _spelt(verdict: object) -> object:
    return " ".join(verdict.lower().replace("_", " ").split()) if isinstance(verdict, str) else verdict


class FoundVerdict(BaseModel):
    """How one claim stands to the papers."""

    claim: int
    evidence: str
    verdict: Annotated[Verdict, BeforeValidator(_spelt)]


class Verdicts(BaseModel):
    """What `prompts/verdict.jinja` asks for, about so many claims."""

    schema_sent: ClassVar[Mapping[str, Any]] = _list_of(
        "verdicts",
        {
            "claim": {"type": "integer"},
            "evidence": {"type": "string"},
            "verdict": {"type": "string", "enum": [verdict.value for verdict in Verdict]},
        },
    )
    verdicts: list[FoundVerdict]

    def flaw(self, count: int) -> str:
        """Say what is wrong with it."""
        if len(self.verdicts) != count:
            return f"it gives {_counted(len(self.verdicts), 'verdict')} for {_counted(count, 'claim')}"
        if sorted(found.claim for found in self.verdicts) != list(range(1, count + 1)):
            return f"it does not name each claim from 1 to {count} once"
        return ""

    def in_order(self) -> list[FoundVerdict]:
        """Give them in the order of the claims."""
        return sorted(self.verdicts, key=lambda found: found.claim)


AnyForm = TypeVar("AnyForm", Claims, Verdicts)


def ask_for(form: type[AnyForm], model: ChatModel, prompt: Prompt, count: int) -> AnyForm:
    """Ask a model for a form, once more where the reply is none, and then give up.

    Args:
        form: what the reply has to be.
        model: who is asked.
        prompt: writes the messages.
        count: how many things it is about.

    Raises:
        JudgeError: the model gave no reply, or none that can be used.
        RecordingError: the reply is not recorded, while replaying.
    """
    flaw = ""
    for _ in range(ASKED):
        reply = _replied(model, prompt(flaw), form.schema_sent)
        given, flaw = read_form(form, reply, count)
        if given is not None:
            return given
    raise JudgeError(
        f"{model.name} was asked {ASKED} times and its reply cannot be used as a judge's: {flaw}. "
        "Name another model in ASSISTANT_JUDGE_MODEL, or raise ASSISTANT_REPLY if the reply ends early."
    )


def _replied(model: ChatModel, messages: Sequence[Message], schema: Mapping[str, Any]) -> str:
    tokens = sum(model.count(message["content"]) + MESSAGE_TOKENS for message in messages)
    try:
        if tokens > model.context - model.reply:  # some servers would cut the papers without a word
            raise model.failed(Failure.CONTEXT)
        with closing(model.send(messages, stream=False, schema=schema)) as deltas:
            return "".join(delta.text for delta in deltas)
    except ModelError as error:
        raise JudgeError(str(error)) from error


def read_form(form: type[AnyForm], reply: str, count: int) -> tuple[AnyForm | None, str]:
    """Find a form in a reply: the last JSON object that is one, whatever stands around it.

    Returns:
        The form and nothing, or None and what is wrong.
    """
    flaw = "it holds no JSON object"
    for value in reversed(list(_objects(reply))):
        try:
            given = form.model_validate(value)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            flaw = f"at {place}: {first['msg']}"
            continue
        flaw = given.flaw(count)
        return (None, flaw) if flaw else (given, "")
    return None, flaw


def _objects(text: str) -> Generator[Any]:
    """Give every JSON object of a text that is in no other one."""
    decoder = json.JSONDecoder()
    end = broken = nested = failed = 0
    while failed < BROKEN and (begun := _OBJECT.search(text, end)):
        try:
            value, end = decoder.raw_decode(text, begun.start())
        except RecursionError:
            return  # nested as no form is
        except json.JSONDecodeError as error:
            end, failed = begun.start() + 1, failed + 1
            # Objects that all break off in one place are one in another: so many need not all be tried.
            nested = nested + 1 if error.pos == broken else 1
            broken = error.pos
            if nested > DEEPEST:
                end = max(end, broken)
        except ValueError:
            end = begun.start() + 1  # a number that Python does not read
        else:
            yield value


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
