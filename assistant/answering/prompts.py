"""What a model is told: the files of `prompts/`, read, checked and rendered.

They are in the syntax of LlamaIndex's `RichPromptTemplate`, which is Jinja with role blocks; LlamaIndex
itself takes seconds to import and is not needed for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict

from assistant.errors import SettingsError
from assistant.resources import resource

if TYPE_CHECKING:
    from jinja2 import Environment, Template
    from jinja2.nodes import Node
    from jinja2.parser import Parser

Name = Literal["answer", "claims", "condense", "verdict"]
ROLES = ("system", "user", "assistant")
SUFFIX = ".jinja"

_MESSAGES = "messages of this rendering"


@dataclass(frozen=True, slots=True)
class Variables:
    """What a prompt is given."""

    needed: frozenset[str]
    allowed: frozenset[str] = frozenset()
    """What it may leave out."""


VARIABLES: Mapping[Name, Variables] = {
    "answer": Variables(frozenset({"question", "papers", "refusal"}), frozenset({"history"})),
    "claims": Variables(frozenset({"question", "sentences", "again"})),
    "condense": Variables(frozenset({"question", "history"})),
    "verdict": Variables(frozenset({"question", "papers", "claims", "again"})),
}
"""Every prompt and its variables, as `prompts/README.md` explains them."""


class Message(TypedDict):
    """One message of a chat, as chat completions take it."""

    role: str
    content: str


class Prompts:
    """The prompts of this process, all of them read and checked."""

    def __init__(self, folder: Path | None = None) -> None:
        """Read every prompt, each from the folder given where it holds one, else from the shipped ones.

        Raises:
            SettingsError: a prompt is broken, uses a variable it is not given, or leaves out one it needs.
        """
        if folder is not None and not folder.is_dir():
            raise SettingsError(f"ASSISTANT_PROMPTS names {folder}, which is no folder: correct or unset it.")
        environment = _environment()
        self._templates = {name: _load(environment, name, _path(name, folder)) for name in VARIABLES}

    def render(self, name: Name, values: Mapping[str, str]) -> list[Message]:
        """Render a prompt; without role blocks it is one message of the user's."""
        messages: list[Message] = []
        text = self._templates[name].render({**values, _MESSAGES: messages})
        return messages or [Message(role="user", content=text.strip())]


def _path(name: Name, folder: Path | None) -> Path:
    own = folder and folder / f"{name}{SUFFIX}"
    return own if own and own.exists() else resource(f"prompts/{name}{SUFFIX}")


def _load(environment: "Environment", name: Name, path: Path) -> "Template":
    from jinja2 import TemplateError, TemplateSyntaxError, meta

    try:
        source = path.read_text(encoding="utf-8")
        used = meta.find_undeclared_variables(environment.parse(source))
        template = environment.from_string(source)
    except TemplateSyntaxError as error:
        raise SettingsError(f"The prompt {path} is broken in line {error.lineno}: {error.message}") from None
    except (OSError, UnicodeDecodeError, TemplateError) as error:
        raise SettingsError(f"The prompt {path} cannot be read: {error}.") from None
    variables = VARIABLES[name]
    for what, names in (
        ("leaves out", variables.needed - used),
        ("uses", used - variables.needed - variables.allowed),
    ):
        if names:
            shown = ", ".join(f"{{{{ {each} }}}}" for each in sorted(names))
            known = ", ".join(sorted(variables.needed | variables.allowed))
            raise SettingsError(
                f"The prompt {path} {what} {shown}: it is given {known}, and has to use "
                f"{', '.join(sorted(variables.needed))}."
            )
    return template


def _environment() -> "Environment":
    from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
    from jinja2.ext import Extension
    from jinja2.runtime import Context
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Chat(Extension):
        """The role blocks: each becomes a message of its own, whatever its text looks like."""

        tags = {"chat"}  # noqa: RUF012 - as Jinja declares it

        def parse(self, parser: "Parser") -> "Node":
            line = next(parser.stream).lineno
            if parser.stream.expect("name").value != "role":
                raise TemplateSyntaxError('a chat block begins with {% chat role="…" %}', line)
            parser.stream.expect("assign")
            role = parser.stream.expect("string").value
            if role not in ROLES:
                raise TemplateSyntaxError(f"no role is called {role!r}: use {', '.join(ROLES)}", line)
            body = parser.parse_statements(("name:endchat",), drop_needle=True)
            call = self.call_method("collect", [nodes.ContextReference(), nodes.Const(role)])
            return nodes.CallBlock(call, [], [], body).set_lineno(line)

        def collect(self, context: Context, role: str, caller: Callable[[], str]) -> str:
            context[_MESSAGES].append(Message(role=role, content=caller().strip()))
            return ""

    return ImmutableSandboxedEnvironment(
        extensions=[Chat], undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
