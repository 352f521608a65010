"""The chat: at a terminal with a prompt, in a pipe line by line.

The prompt is there before anything heavy is imported; what an answer needs loads behind it.
"""

import os
import shutil
import sys
import termios
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.errors import AssistantError
from assistant.terminal.cleaning import cleaned
from assistant.terminal.commands import LeaveError, run
from assistant.terminal.loading import Loading

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.terminal.conversing import Talk
    from assistant.terminal.editing import Line

PROMPT = "> "
HELLO = "Ask about the papers. /help lists commands, Ctrl-D leaves."


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to chat."""

    go_on: bool = False
    keeps: bool = True
    plain: bool = False
    vi: bool = False
    verbose: bool = False
    since: str | None = None
    until: str | None = None


def chat(options: Options) -> int:
    """Chat until somebody leaves, or the input ends; gives the exit status."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        return _at_terminal(options)
    return _in_pipe(options)


def _at_terminal(options: Options) -> int:
    plain = options.plain or os.environ.get("TERM") in (None, "", "dumb")
    loading = Loading(lambda: line.changed() if line else None)
    sys.stdout.write(_wrapped(HELLO, plain=plain) + "\n")
    line = None
    if plain:
        loading.start()
        import readline  # noqa: F401 - input() edits with it
    else:
        line = _line(loading, options)
    talk: Talk | None = None
    try:
        while True:
            try:
                text = line.read() if line else _plain_line()
            except KeyboardInterrupt:
                continue
            except EOFError:
                return 0
            if not text.strip():
                continue
            try:
                with _typing_unseen():
                    talk = talk or _opened(loading, options, plain=plain)
                    _respond(talk, text)
                    if text.lstrip().startswith("/model"):
                        loading.describe(talk.assistant)
            except LeaveError:
                return 0
            except KeyboardInterrupt:
                sys.stdout.write("(stopped)\n")
            except AssistantError as error:
                _warn(error, plain=plain)
            sys.stdout.write("\n")
    finally:
        sys.stdout.flush()
        loading.close()


def _line(loading: Loading, options: Options) -> "Line":
    """Show the prompt, and only then import what edits behind it: what is typed meanwhile waits for it."""
    with _typing_unseen():
        sys.stdout.write(PROMPT)
        sys.stdout.flush()
        from assistant.terminal.editing import Line, likes_vi

        line = Line(loading, PROMPT, lambda: _asked(loading, options), vi=options.vi or likes_vi())
        sys.stdout.write("\r")
        return line


def _plain_line() -> str:
    """Read a line, and those that a backslash at its end announces."""
    text = input(PROMPT)
    while text.endswith("\\"):
        text = text[:-1] + "\n" + input("  ")
    return text


def _in_pipe(options: Options) -> int:
    loading = Loading(lambda: None)
    talk: Talk | None = None
    status = 0
    for number, text in enumerate(text for text in _lines() if text.strip()):
        try:
            talk = talk or _opened(loading, options, plain=True)
            if number:
                sys.stdout.write("\n")
            _respond(talk, text)
        except LeaveError:
            break
        except AssistantError as error:
            _warn(error, plain=True)
            if talk is None:
                return 1
            status = 1
        sys.stdout.flush()
    loading.close()
    return status


def _lines() -> Iterator[str]:
    """Give the lines of standard input as they come."""
    while line := sys.stdin.readline():
        yield line


def _opened(loading: Loading, options: Options, *, plain: bool) -> "Talk":
    """Wait for what is left to load, and begin to talk."""
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    shown = interactive and not plain and not loading.done
    if shown:
        sys.stdout.write("Loading the papers \u2026")
        sys.stdout.flush()
    try:
        assistant = loading.assistant()
    finally:
        if shown:
            sys.stdout.write("\r\x1b[K")
    from assistant.terminal.conversing import Look, Talk
    from assistant.terminal.history import History

    look = Look(interactive=interactive, plain=plain, verbose=options.verbose)
    history = History(assistant.settings.home) if options.keeps else None
    talk = Talk(assistant, look, history)
    talk.since, talk.until = options.since, options.until
    if options.go_on:
        talk.go_on()
    return talk


def _asked(loading: Loading, options: Options) -> list[str]:
    """Give what was asked in conversations that were kept, newest first."""
    from assistant.terminal.history import History

    try:
        return History(loading.settings().home).questions() if options.keeps else []
    except AssistantError:
        return []  # the first question says what is wrong


def _respond(talk: "Talk", text: str) -> None:
    if text.lstrip().startswith("/"):
        run(talk, text)
    else:
        talk.ask(text)


@contextmanager
def _typing_unseen() -> Iterator[None]:
    """Keep what is typed during an answer out of it: it waits for the next prompt."""
    file = sys.stdin.fileno()
    before = termios.tcgetattr(file)
    quiet = termios.tcgetattr(file)
    quiet[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(file, termios.TCSANOW, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(file, termios.TCSANOW, before)


def _warn(error: AssistantError, *, plain: bool) -> None:
    sys.stdout.flush()
    sentence = _wrapped(f"assistant: {cleaned(str(error))}", plain=plain)
    print(sentence, file=sys.stderr)  # noqa: T201 - this is the terminal


def _wrapped(sentence: str, *, plain: bool) -> str:
    """Break a sentence between words, unless the terminal or the reader of a pipe is left to do it."""
    if plain:
        return sentence
    width = max(20, shutil.get_terminal_size().columns)
    return textwrap.fill(sentence, width, break_on_hyphens=False)


def list_conversations(*, as_json: bool) -> None:
    """Print the conversations that were kept, newest first."""
    from assistant.terminal import rendering
    from assistant.terminal.history import History

    kept = History(_home()).conversations()
    if as_json:
        rendering.print_json(
            [
                {
                    "conversation": one.number,
                    "begun": one.begun.isoformat(),
                    "questions": one.questions,
                    "first": one.first,
                }
                for one in kept
            ]
        )
        return
    if not kept:
        rendering.note("No conversation has been kept yet: assistant chat begins one.")
    for one in kept:
        asked = f"{one.questions} question{'' if one.questions == 1 else 's'}"
        rendering.say(
            f"{' '.join(one.first.split())} ({one.begun.astimezone():%-d %B %Y}, {asked})",
            label=f"{one.number} ",
        )


def show_conversation(number: int, *, as_json: bool) -> None:
    """Print a conversation that was kept.

    Raises:
        InputError: there is none of this number.
    """
    from assistant.assistant import Assistant
    from assistant.terminal.conversing import Look, Talk
    from assistant.terminal.history import History
    from assistant.terminal.saving import as_json as written_as_json

    with Assistant.open() as assistant:
        interactive = sys.stdout.isatty()
        talk = Talk(assistant, Look(interactive=interactive), History(assistant.settings.home))
        talk.go_on(number)
        if as_json:
            sys.stdout.write(written_as_json(talk.conversation.exchanges))
            return
        for exchange in talk.conversation.exchanges:
            sys.stdout.write(f"> {cleaned(exchange.question)}\n\n")
            talk.show(exchange)
            sys.stdout.write("\n")


def _home() -> "Path":
    from assistant.settings import Settings

    return Settings.load().home
