"""A conversation at a terminal or in a pipe: what is asked, what is printed, and what is kept."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.answering.citations import MARKER
from assistant.answering.conversation import Exchange
from assistant.assistant import Assistant
from assistant.corpus import Paper
from assistant.errors import AssistantError, InputError
from assistant.secrets import secret_strings
from assistant.settings import EXTRACTIVE
from assistant.terminal import rendering
from assistant.terminal.cleaning import cleaned
from assistant.terminal.live import MarkdownWriter, styled
from assistant.terminal.saving import without_secrets

if TYPE_CHECKING:
    from assistant.answering.answer import Answer
    from assistant.answering.streaming import AnswerStream
    from assistant.terminal.history import History

ENDLESS = 1_000_000
"""The width of text that the terminal itself is left to wrap."""


@dataclass(frozen=True, slots=True)
class Look:
    """How things are shown."""

    interactive: bool
    plain: bool = False
    verbose: bool = False

    @property
    def colour(self) -> bool:
        """Whether styles may be shown."""
        return self.interactive and not self.plain and not os.environ.get("NO_COLOR")

    @property
    def wrapped(self) -> bool:
        """Whether lines are broken here, and not by the terminal or the reader of a pipe."""
        return self.interactive and not self.plain

    def width(self) -> int:
        """Give the columns for text, at present."""
        if not self.wrapped:
            return ENDLESS
        return min(_columns(), rendering.WIDEST)


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except OSError:
        return rendering.WIDEST


class Talk:
    """One chat: the conversation under way, and how it is shown and kept."""

    def __init__(self, assistant: Assistant, look: Look, history: "History | None") -> None:
        """Begin a conversation.

        Args:
            assistant: who is asked.
            look: how things are shown.
            history: where conversations are kept; None to keep nothing.
        """
        self.assistant = assistant
        self.look = look
        self._history = history
        self._number: int | None = None
        self.conversation = assistant.conversation()
        self.since: str | None = None
        self.until: str | None = None

    def begin(self) -> None:
        """Begin a new conversation."""
        self.conversation = self.assistant.conversation()
        self._number = None

    def go_on(self, number: int | None = None) -> None:
        """Go on with a conversation that was kept: the one of this number, or the last.

        Raises:
            InputError: there is none.
        """
        if self._history is None:
            raise InputError("Nothing is kept with --no-history, so there is no conversation to go on with.")
        if number is None:
            kept = self._history.conversations()
            if not kept:
                raise InputError("No conversation has been kept yet: assistant chat begins one.")
            number = kept[0].number
        self.conversation = self.assistant.conversation(self._history.exchanges(number, self.paper_by_id))
        self._number = number

    def paper_by_id(self, paper_id: str) -> Paper | None:
        """Find a paper that may have left the home."""
        try:
            return self.assistant.paper(paper_id)
        except AssistantError:
            return None

    def ask(self, question: str) -> None:
        """Ask, show the answer while it comes, and keep it.

        Raises:
            AssistantError: there is no answer.
            KeyboardInterrupt: somebody stopped it; what came is shown and kept.
        """
        count = len(self.conversation.exchanges)
        with self.waiting("Searching …"):
            stream = self.conversation.stream(question, since=self.since, until=self.until)
        try:
            self._show(stream)
        finally:
            stream.close()
            if len(self.conversation.exchanges) > count:
                exchange = self.conversation.exchanges[-1]
                self._keep(exchange)
                self.print_sources(exchange)
        if self.look.verbose:
            answer = stream.answer
            if answer.question != " ".join(question.split()):
                rendering.note(f"Understood as: {answer.question}")
            if answer.seconds:
                rendering.print_details(answer)
            usage = self.conversation.usage
            if usage and len(self.conversation.exchanges) > 1:
                rendering.note(f"The conversation so far: {rendering.usage_words(usage)}")

    def again(self) -> None:
        """Ask the last question again, in place of its first answer."""
        last = self.conversation.forget_last()
        if last is None:
            raise InputError("There is nothing to ask again yet.")
        if self._history is not None and self._number is not None:
            self._history.forget_last(self._number)
        self.ask(last.question)

    @contextmanager
    def waiting(self, for_what: str) -> Iterator[None]:
        """Say what is waited for, and take that away again; only where lines may be taken away."""
        shown = self.look.wrapped
        if shown:
            sys.stdout.write(styled(for_what, "dim" if self.look.colour else ""))
            sys.stdout.flush()
        try:
            yield
        finally:
            if shown:
                sys.stdout.write("\r\x1b[K")
                sys.stdout.flush()

    def show(self, exchange: Exchange) -> None:
        """Show an answer that was given before."""
        writer = self._writer()
        writer.write(self._laid_out(exchange.answer.text, quoted=_quotes(exchange.answer)))
        writer.close()
        self.print_sources(exchange)

    def _show(self, stream: "AnswerStream") -> None:
        writer = self._writer()
        try:
            extractive = None
            for piece in stream:
                if extractive is None:
                    extractive = self.assistant.status().reader == EXTRACTIVE
                if extractive:
                    continue  # it is shown below, once it is known whether it is a refusal
                writer.write(piece)
                sys.stdout.flush()
            answer = stream.answer
            if extractive:
                writer.write(self._laid_out(answer.text, quoted=_quotes(answer)))
        finally:
            writer.close()
            sys.stdout.flush()
        rendering.print_warnings(answer)

    def _writer(self) -> MarkdownWriter:
        return MarkdownWriter(sys.stdout.write, self.look.width, colour=self.look.colour)

    def _laid_out(self, text: str, *, quoted: bool) -> str:
        """Show the sentences of papers as quotes; in a pipe they stay one paragraph."""
        if not quoted or not self.look.interactive:
            return text
        sentences = [part.strip() for part in _split(text)]
        if self.look.plain:
            return "\n".join(_quoted(sentence) for sentence in sentences)
        return "\n".join(f"> {_unmarked(sentence)}" for sentence in sentences)

    def print_sources(self, exchange: Exchange) -> None:
        """List the papers below an answer, by number."""
        answer = exchange.answer
        if not self.look.interactive:
            rendering.print_sources(answer)
            return
        if not exchange.shown or (answer.uncited and not answer.refused):
            return
        print_line()
        name = "Closest papers" if answer.refused else f"Sources ({cleaned(answer.reader)} reader)"
        print_line(styled(name, "dim" if self.look.colour else ""))
        self.print_papers(exchange.shown)

    def print_papers(self, papers: Sequence[Paper]) -> None:
        """List papers with their numbers, titles and dates."""
        for number, paper in enumerate(papers, start=1):
            label = f"[{number}] "
            date = f" ({paper.published:%-d %B %Y})" if paper.published else ""
            title = " ".join(cleaned(paper.title).split())
            if self.look.interactive:
                self.wrap(f"{title}{date}", label)
            else:
                print_line(f"{label}{title}{date}")

    def wrap(self, text: str, label: str = "") -> None:
        """Print text whose further lines go on under it, and not under its label."""
        from rich.cells import cell_len
        from rich.console import Console
        from rich.text import Text

        if not self.look.wrapped:
            print_line(label + cleaned(text))
            return
        room = max(rendering.NARROWEST, self.look.width() - cell_len(label))
        lines = Text(cleaned(text)).wrap(Console(width=room), room)
        for row, line in enumerate(lines):
            line.rstrip()
            start = (
                styled(label, "dim" if label and self.look.colour else "") if row == 0 else " " * len(label)
            )
            print_line(start + line.plain)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no file may hold, though somebody typed it."""
        settings = self.assistant.settings
        keys = (settings.openai_api_key, settings.chroma_api_key)
        return secret_strings([key.get_secret_value() if key else None for key in keys])

    def _keep(self, exchange: Exchange) -> None:
        if self._history is None:
            return
        if self._number is None:
            self._number = self._history.begin()
        self._history.keep(self._number, without_secrets(exchange, self.secrets))


def _quotes(answer: "Answer") -> bool:
    """Tell whether an answer is made of sentences of papers."""
    return any(citation.passages for citation in answer.citations)


def print_line(text: str = "") -> None:
    """Print a line of results."""
    sys.stdout.write(text + "\n")


def _split(text: str) -> list[str]:
    """Cut an extractive answer into its sentences, each with its marker."""
    parts: list[str] = []
    start = 0
    for match in MARKER.finditer(text):
        parts.append(text[start : match.end()])
        start = match.end()
    return [*parts, text[start:]] if text[start:].strip() else parts


def _quoted(sentence: str) -> str:
    match = list(MARKER.finditer(sentence))[-1]
    return f"\u201c{sentence[: match.start()].rstrip()}\u201d {match.group()}"


def _unmarked(sentence: str) -> str:
    """Keep signs of a paper's own text from being read as Markdown."""
    return sentence.replace("`", "\u2019").replace("*", "\u2217")
