"""The commands. Each parses, calls the Python surface, and hands the result to `rendering`.

Nothing heavy is imported before a command runs: `assistant --help` answers at once.
"""

import gc
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.errors import AssistantError
from assistant.terminal import evaluating

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assistant.assistant import Assistant

app = typer.Typer(
    name="assistant",
    help="Answers questions from a collection of paper abstracts, and names the papers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Plain help: drawing boxes would load rich, and with it a third of a second.
    rich_markup_mode=None,
)
papers = typer.Typer(no_args_is_help=True, help="List, show or remove the papers of the collection.")
app.add_typer(papers, name="papers")
app.add_typer(evaluating.app, name="eval")

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Say on standard error what it took: tokens, and time.")
]
Since = Annotated[
    str | None,
    typer.Option(
        metavar="DATE", help="Only papers from this day, month or year on (2024-06-13, 2024-06, 2024)."
    ),
]
Until = Annotated[str | None, typer.Option(metavar="DATE", help="Only papers up to this day, month or year.")]
Reference = Annotated[
    str, typer.Argument(metavar="PAPER", help="A title, or the first digits of an identifier.")
]


def _show_version(asked: bool) -> None:  # noqa: FBT001 - typer passes it by position
    if asked:
        from importlib.metadata import version  # takes as long to import as all the rest

        typer.echo(f"assistant {version('assistant')}")
        raise typer.Exit


@app.callback()
def common(
    *,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Answers questions from a collection of paper abstracts, and names the papers."""


@app.command()
def ask(
    question: Annotated[
        str, typer.Argument(help="The question, in quotes; - for questions from standard input, one a line.")
    ],
    *,
    since: Since = None,
    until: Until = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Answer one question, and name the papers that the answer rests on."""
    from assistant.answering.objects import answer_object
    from assistant.terminal import rendering
    from assistant.terminal.streaming import print_stream

    if question == "-":
        _ask_each(since, until, verbose=verbose, as_json=as_json)
        return
    with _open_assistant() as assistant:
        if sys.stdout.isatty() and not as_json:
            answer = print_stream(assistant.stream(question, since=since, until=until))
        else:
            answer = assistant.ask(question, since=since, until=until)
            if as_json:
                rendering.print_json(answer_object(answer))
                rendering.print_warnings(answer)
            else:
                rendering.print_answer(answer)
        rendering.note_missing_tokens(assistant.status())
    if verbose:
        rendering.print_details(answer)


def _ask_each(since: str | None, until: str | None, *, verbose: bool, as_json: bool) -> None:
    """Answer each line of standard input by itself, as it comes; the others too where one fails."""
    from assistant.answering.objects import answer_object
    from assistant.terminal import rendering
    from assistant.terminal.cleaning import cleaned

    failed = False
    with _open_assistant() as assistant:
        answered = 0
        while line := sys.stdin.readline():
            if not line.strip():
                continue
            try:
                answer = assistant.ask(line, since=since, until=until)
            except AssistantError as error:
                failed = True
                print(f"assistant: {cleaned(str(error))}", file=sys.stderr)  # noqa: T201 - this is the terminal
                continue
            if as_json:
                rendering.print_json_line(answer_object(answer))
                rendering.print_warnings(answer)
            else:
                if answered:
                    rendering.say()
                rendering.print_answer(answer)
            answered += 1
            sys.stdout.flush()
            if verbose:
                rendering.print_details(answer)
    if failed:
        raise typer.Exit(1)


@app.command()
def chat(  # noqa: PLR0913 - a parameter for each option
    *,
    go_on: Annotated[bool, typer.Option("--continue", help="Go on with the last conversation.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the conversations that were kept.")] = False,
    show_id: Annotated[int | None, typer.Option("--show", metavar="ID", help="Show one of them.")] = None,
    no_history: Annotated[bool, typer.Option("--no-history", help="Keep nothing.")] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="Plain lines, for screen readers: no colour, nothing drawn anew.")
    ] = False,
    vi: Annotated[
        bool, typer.Option("--vi", help="Edit with vi keys; readline's own setting counts too.")
    ] = False,
    since: Since = None,
    until: Until = None,
    verbose: Verbose = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --list or --show: print JSON.")] = False,
) -> None:
    """Talk about the papers; in a pipe, each line is a question."""
    from assistant.terminal.chat import Options, list_conversations, show_conversation
    from assistant.terminal.chat import chat as hold

    if go_on and no_history:
        raise typer.BadParameter("goes on with what --no-history does not keep", param_hint="--continue")
    if as_json and not listed and show_id is None:
        raise typer.BadParameter("goes with --list or --show", param_hint="--json")
    if listed:
        list_conversations(as_json=as_json)
    elif show_id is not None:
        show_conversation(show_id, as_json=as_json)
    else:
        options = Options(
            go_on=go_on, keeps=not no_history, plain=plain, vi=vi, verbose=verbose, since=since, until=until
        )
        raise typer.Exit(hold(options))


@app.command()
def search(
    question: Annotated[str, typer.Argument(help="Words, or a question, in quotes.")],
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many papers to list.")] = 10,
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
) -> None:
    """List the papers that fit best, without answering."""
    from assistant.answering.objects import hit_object
    from assistant.terminal import rendering

    with _open_assistant() as assistant:
        hits = assistant.search(question, limit=limit, since=since, until=until)
        rendering.note_missing_tokens(assistant.status())
    if as_json:
        rendering.print_json([hit_object(hit, dated=True) for hit in hits])
    else:
        rendering.print_hits(hits)


@app.command()
def ingest(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(metavar="PAGE...", help="Files, globs, folders, or - for standard input."),
    ] = None,
    *,
    rebuild: Annotated[bool, typer.Option(help="Make the index anew from the papers it holds.")] = False,
    as_json: Json = False,
) -> None:
    """Read listing pages or JSON lines, and take their papers up."""
    from assistant.terminal import rendering

    if not inputs and not rebuild:
        raise typer.BadParameter(
            "name at least one file, glob or folder, or - for standard input", param_hint="PAGE"
        )
    with _open_assistant() as assistant:
        if rebuild:
            assistant.rebuild()
        report = assistant.ingest(inputs or [], stdin=sys.stdin.buffer)
    if as_json:
        rendering.print_json(rendering.report_object(report))
    elif inputs:
        rendering.print_report(report)
    rendering.print_rejections(report.rejected)
    if report.rejected and not report.listings:
        raise typer.Exit(1)


@papers.command("list")
def list_papers(*, as_json: Json = False) -> None:
    """List every paper of the collection, by title."""
    from assistant.terminal import rendering

    with _open_assistant() as assistant:
        found = assistant.papers()
    if as_json:
        rendering.print_json([rendering.paper_object(paper) for paper in found])
    else:
        rendering.print_papers(found)


@papers.command()
def show(reference: Reference, *, as_json: Json = False) -> None:
    """Show one paper whole."""
    from assistant.terminal import rendering

    with _open_assistant() as assistant:
        paper = assistant.paper(reference)
    if as_json:
        rendering.print_json(rendering.paper_object(paper, whole=True))
    else:
        rendering.print_paper(paper)


@papers.command()
def remove(
    references: Annotated[
        list[str], typer.Argument(metavar="PAPER...", help="Titles, or first digits of identifiers.")
    ],
    *,
    as_json: Json = False,
) -> None:
    """Remove papers from the collection."""
    from assistant.terminal import rendering

    with _open_assistant() as assistant:
        removed = assistant.remove(*references)
    if as_json:
        rendering.print_json([rendering.paper_object(paper) for paper in removed])
    else:
        for paper in removed:
            rendering.say(f"Removed {paper.title}")


@papers.command()
def export() -> None:
    """Print every paper whole, as JSON lines that ingest reads; of a damaged ledger, what can be read."""
    from assistant.index.home import Home
    from assistant.index.salvage import readable_papers
    from assistant.settings import Settings
    from assistant.terminal import rendering

    lost = 0
    for paper in readable_papers(Home(Settings.load().home).ledger):
        if paper is None:
            lost += 1
        else:
            rendering.print_json_line(paper)
    if lost:
        rendering.warn(f"{lost} of the ledger's rows cannot be read, or are not what was written.")
        raise typer.Exit(1)


@app.command()
def status(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Compare all stores with each other; exit 1 where they disagree.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Say which home is in use, what it holds, and who would answer."""
    from assistant.terminal import rendering

    with _open_assistant() as assistant:
        found = assistant.status()
        checked = assistant.check() if check else None
    if as_json:
        rendering.print_json(rendering.status_object(found, checked))
    else:
        rendering.print_status(found)
        if checked is not None:
            rendering.print_check(checked)
    if checked is not None and not checked.agreed:
        raise typer.Exit(1)


@contextmanager
def _open_assistant() -> "Iterator[Assistant]":
    from assistant.assistant import Assistant
    from assistant.terminal.logged import say_warnings
    from assistant.terminal.progress import indexing_bar

    say_warnings()
    with indexing_bar() as bar, Assistant.open(progress=bar) as assistant:
        yield assistant


def main() -> None:
    """Run the command: exit 0 when done, 1 with one sentence on an error, 2 on wrong usage."""
    # Imports make a hundred thousand objects that stay: to look through them for cycles finds nothing.
    gc.set_threshold(100_000, *gc.get_threshold()[1:])
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a letter must not end the answer.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        try:
            app()
        finally:
            sys.stdout.flush()  # here, so that a reader who has gone is met below and not at exit
    except AssistantError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("Stopped.", code=130)
    except BrokenPipeError:
        # The reader of our output has gone: nothing is left to say, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if os.environ.get("ASSISTANT_DEBUG"):
            raise
        _fail(
            f"Something unforeseen happened ({type(error).__name__}: {error}): ASSISTANT_DEBUG=1 shows where."
        )


def _fail(sentence: str, code: int = 1) -> None:
    from assistant.terminal.cleaning import cleaned

    print(f"assistant: {cleaned(sentence)}", file=sys.stderr)  # noqa: T201 - this is the terminal
    sys.exit(code)
