"""The slash commands of the chat."""

import difflib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from assistant.corpus import Paper
    from assistant.terminal.conversing import Talk


class LeaveError(Exception):
    """Somebody asked to leave the chat."""


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command."""

    usage: str
    does: str
    run: "Callable[[Talk, str], None]"


def run(talk: "Talk", line: str) -> None:
    """Do what a line that begins with a slash says.

    Raises:
        InputError: there is no such command, or it lacks something.
        LeaveError: it was `/quit`.
    """
    name, _, rest = line.strip().removeprefix("/").partition(" ")
    command = COMMANDS.get(name.lower())
    if command is None:
        near = difflib.get_close_matches(name.lower(), COMMANDS, n=1, cutoff=0.0)
        raise InputError(f"There is no command /{name}; the nearest is /{near[0]}, and /help lists them all.")
    command.run(talk, rest.strip())


def _help(talk: "Talk", rest: str) -> None:
    del rest
    width = max(len(command.usage) for command in COMMANDS.values()) + 2
    for command in COMMANDS.values():
        talk.wrap(command.does, f"/{command.usage:{width}}")
    talk.wrap(
        "Enter sends; Alt-Enter, or a backslash at the end, begins a new line. Ctrl-R searches what was "
        "asked before, Ctrl-C stops an answer, Ctrl-D leaves."
    )


def _sources(talk: "Talk", rest: str) -> None:
    from assistant.terminal.conversing import print_line

    del rest
    if not talk.conversation.exchanges:
        raise InputError("There is no answer yet whose sources could be shown.")
    exchange = talk.conversation.exchanges[-1]
    for number, paper in enumerate(exchange.shown, start=1):
        if number > 1:
            print_line()
        _print_title(talk, number, paper)
        passages = [
            passage.text
            for citation in exchange.answer.citations
            if citation.paper_id == paper.paper_id
            for passage in citation.passages
        ]
        # A model's words are its own: then the paper it was shown is what is behind the answer.
        for text in passages or [paper.text]:
            talk.wrap(text, "    ")


def _paper(talk: "Talk", rest: str) -> None:
    from assistant.terminal.conversing import print_line

    paper = _named(talk, rest, "/paper 1 shows the first paper of the last list, /paper TITLE any other.")
    _print_title(talk, None, paper)
    print_line()
    talk.wrap(paper.text)


def _papers(talk: "Talk", rest: str) -> None:
    if not rest:
        raise InputError("Say what to look for: /papers WORDS.")
    hits = talk.assistant.search(rest, since=talk.since, until=talk.until)
    if not hits:
        talk.wrap("No paper fits.")
        return
    talk.conversation.shown = tuple(hit.paper for hit in hits)
    talk.print_papers(talk.conversation.shown)


def _since(talk: "Talk", rest: str) -> None:
    from assistant.retrieval import DateRange

    DateRange.parse(rest or None, talk.until)
    talk.since = rest or None
    talk.wrap(f"From now on only papers since {rest}." if rest else "From now on papers of any date.")


def _model(talk: "Talk", rest: str) -> None:
    if rest:
        talk.assistant.choose_model(rest)
    _reader(talk, "")


def _reader(talk: "Talk", rest: str) -> None:
    del rest
    talk.wrap(f"{talk.assistant.status().reader} answers.")


def _new(talk: "Talk", rest: str) -> None:
    del rest
    talk.begin()
    talk.wrap("A new conversation begins.")


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _save(talk: "Talk", rest: str) -> None:
    from assistant.terminal.saving import as_json, as_markdown, without_secrets

    if not rest:
        raise InputError("Say where to: /save FILE.md or /save FILE.json.")
    exchanges = [without_secrets(exchange, talk.secrets) for exchange in talk.conversation.exchanges]
    if not exchanges:
        raise InputError("There is nothing to save yet.")
    path = Path(rest).expanduser()
    if path.exists():
        raise InputError(f"{path} is there already: name another file.")
    text = as_json(exchanges) if path.suffix.lower() == ".json" else as_markdown(exchanges)
    try:
        # For its owner alone, and never over a file that came into being meanwhile.
        with open(path, "x", encoding="utf-8", opener=_for_its_owner) as file:
            file.write(text)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}): name another file.") from None
    talk.wrap(f"Saved to {path}.")


def _cite(talk: "Talk", rest: str) -> None:
    from assistant.terminal.conversing import print_line
    from assistant.terminal.saving import bibtex

    print_line(bibtex(_named(talk, rest, "/cite 1 gives an entry for the first paper of the last list.")))


def _retry(talk: "Talk", rest: str) -> None:
    del rest
    talk.again()


def _quit(talk: "Talk", rest: str) -> None:
    del talk, rest
    raise LeaveError


def _named(talk: "Talk", rest: str, how: str) -> "Paper":
    """Find the paper that a command names by the number last shown, or by title or identifier."""
    if not rest:
        raise InputError(f"Say which paper: {how}")
    number = rest.strip("[]#")
    if number.isdecimal() and len(number) < 4:  # noqa: PLR2004 - from four digits on it may be an identifier
        if not 1 <= int(number) <= len(talk.conversation.shown):
            listed = (
                f"the last list goes to {len(talk.conversation.shown)}"
                if talk.conversation.shown
                else "no paper was listed yet"
            )
            raise InputError(f"There is no paper {number}: {listed}.")
        return talk.conversation.shown[int(number) - 1]
    return talk.assistant.paper(rest)


def _print_title(talk: "Talk", number: int | None, paper: "Paper") -> None:
    date = f" ({paper.published:%-d %B %Y})" if paper.published else ""
    talk.wrap(f"{' '.join(paper.title.split())}{date}", f"[{number}] " if number else "")


COMMANDS = {
    "help": Command("help", "lists the commands", _help),
    "sources": Command("sources", "shows the passages behind the last answer", _sources),
    "paper": Command("paper N|TITLE", "shows a whole abstract", _paper),
    "papers": Command("papers WORDS", "searches for papers", _papers),
    "since": Command(
        "since DATE", "leaves out papers from before (2024, 2024-06); without a date, none", _since
    ),
    "model": Command("model NAME", "has another model answer, or extractive", _model),
    "reader": Command("reader", "says who answers", _reader),
    "new": Command("new", "begins a new conversation", _new),
    "save": Command("save FILE", "writes the conversation to a file, as Markdown or as JSON", _save),
    "cite": Command("cite N|TITLE", "gives a BibTeX entry of what is known", _cite),
    "retry": Command("retry", "asks the last question again", _retry),
    "quit": Command("quit", "leaves", _quit),
}
