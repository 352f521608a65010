"""How results look: objects for `--json`, and text for people.

Results go to standard output, everything else to standard error. Text is laid out and coloured at a
terminal, and plain, one thing a line, in a pipe. Whatever comes from a paper is cleaned first.
"""

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from assistant.answering.answer import Answer, Usage
from assistant.answering.citations import MARKER
from assistant.assistant import Status
from assistant.corpus import Paper, Rejection
from assistant.index.checking import Check
from assistant.index.ingest import IngestReport
from assistant.retrieval import Hit
from assistant.terminal.cleaning import cleaned, escaped

WIDEST = 100
"""Columns that text is laid out in at the most: longer lines are hard to read."""
NARROWEST = 20
"""Columns that text is given at the least, beside a label."""
CLOSEST = 3
"""How many papers a refusal names."""


def result_console() -> Console:
    """Give the console for results: at a terminal at most as wide as is easy to read."""
    # Without colour there is no bold either: who sets NO_COLOR wants text and nothing else.
    plain: dict[str, Any] = {"color_system": None} if os.environ.get("NO_COLOR") else {}
    console = Console(highlight=False, markup=False, emoji=False, **plain)
    if console.is_terminal:
        console.width = min(console.width, WIDEST)
    return console


def say(text: str | Text = "", *, label: str = "") -> None:
    """Print to standard output: wrapped at a terminal, as it is in a pipe.

    Args:
        text: what to print.
        label: stands before it; at a terminal, further lines go on under the text and not under the label.
    """
    console = result_console()
    text = Text(cleaned(text)) if isinstance(text, str) else text
    if console.is_terminal:
        lines = text.wrap(console, max(NARROWEST, console.width - len(label)))
        for line in lines:
            line.rstrip()
        text = Text(f"\n{' ' * len(label)}").join(lines)
    console.print(Text().append(label, style="dim").append_text(text), soft_wrap=True)


def note(text: str) -> None:
    """Print to standard error, between words at a terminal: what is no result."""
    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    console.print(cleaned(text), soft_wrap=not console.is_terminal, style="dim")


def warn(text: str) -> None:
    """Print a warning to standard error."""
    print(f"assistant: {cleaned(text)}", file=sys.stderr)  # noqa: T201 - this is the terminal


def print_json(value: object) -> None:
    """Print a value as JSON, readable and in whatever script its texts are."""
    print(escaped(json.dumps(value, ensure_ascii=False, indent=2)))  # noqa: T201 - this is the terminal


def print_json_line(value: object) -> None:
    """Print a value as JSON on one line: one of several."""
    print(escaped(json.dumps(value, ensure_ascii=False)))  # noqa: T201 - this is the terminal


def _dated(paper: Paper) -> Text:
    title = Text(cleaned(" ".join(paper.title.split())))
    if paper.published is not None:
        title.append(f" ({paper.published:%-d %B %Y})", style="dim")
    return title


def paper_object(paper: Paper, *, whole: bool = False) -> dict[str, Any]:
    """Give a paper as `papers --json` prints it; its text only where one is shown whole."""
    return {
        "title": paper.title,
        "paper_id": paper.paper_id,
        "published": paper.published.isoformat() if paper.published else None,
        "author_count": paper.author_count,
        "organization": paper.organization,
        "kind": paper.kind,
        "sources": list(paper.sources),
        **({"text": paper.text} if whole else {}),
    }


def report_object(report: IngestReport) -> dict[str, Any]:
    """Give what an ingest did as `ingest --json` prints it."""
    return {
        "listings": report.listings,
        "added": report.added,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "rejected": [
            {"source": rejection.source, "line": rejection.line, "reason": rejection.reason}
            for rejection in report.rejected
        ],
    }


def status_object(status: Status, check: Check | None = None) -> dict[str, Any]:
    """Give the state of a home as `status --json` prints it, and what `--check` found."""
    checked = check and {
        "agreed": check.agreed,
        "unchecked": check.unchecked,
        "disagreements": [
            {"store": one.store, "sentence": one.sentence, "papers": list(one.papers)}
            for one in check.disagreements
        ],
    }
    return {
        "home": str(status.home),
        "papers": status.papers,
        "unfinished": status.unfinished,
        "encoder": status.encoder,
        "reader": status.reader,
        "without_tokens": status.without_tokens,
        "server": status.server and {"address": status.server, "version": status.server_version},
        **({"check": checked} if checked else {}),
    }


def print_answer(answer: Answer) -> None:
    """Print an answer and its sources, or a refusal and the closest papers."""
    text = Text(cleaned(answer.text))
    text.highlight_regex(MARKER, "dim")
    say(text)
    print_sources(answer)
    print_warnings(answer)


def print_sources(answer: Answer) -> None:
    """Print what stands below an answer's text: the papers named, or for a refusal the closest."""
    if answer.refused:
        closest = answer.sources[:CLOSEST]
        if closest:
            say()
            say(Text("Closest papers", style="bold"))
            for hit in closest:
                say(_dated(hit.paper), label="- ")
        return
    if answer.citations:
        say()
        reader = cleaned(answer.reader)
        say(Text("Sources", style="bold").append(f" ({reader} reader)", style="dim not bold"))
        for citation in answer.citations:
            say(_dated(citation.paper), label=f"[{citation.number}] ")


def print_warnings(answer: Answer) -> None:
    """Say on standard error what is amiss with an answer that a model wrote."""
    if answer.uncited and answer.text:
        warn(
            f"Nothing in this answer names a paper: {answer.reader} wrote it, and no paper here bears it out."
        )
    if not answer.complete:
        warn("The answer ends early; ASSISTANT_REPLY sets how long it may be.")


def print_details(answer: Answer) -> None:
    """Print to standard error how an answer came about: tokens, markers removed, sentences, time."""
    if answer.usage is not None:
        note(f"{answer.reader}: {usage_words(answer.usage)}")
    if answer.removed:
        note(f"{_count(answer.removed, 'number')} that named no paper removed")
    for sentence in answer.unsupported:
        note(f"Without a citation: {sentence}")
    note(", ".join(f"{stage} {spent:.3f} s" for stage, spent in answer.seconds.items()))


def usage_words(usage: Usage) -> str:
    """Say what was used in words."""
    about = "about " if usage.estimated else ""
    cost = f", cost {usage.cost:.6g}" if usage.cost is not None else ""
    return f"{about}{usage.input_tokens} tokens in, {usage.output_tokens} out{cost}"


def print_hits(hits: Sequence[Hit]) -> None:
    """Print papers found, with their scores, best first."""
    if not hits:
        note("No paper fits.")
    for hit in hits:
        say(_dated(hit.paper), label=f"{hit.score:.2f} ")


def print_papers(papers: Sequence[Paper]) -> None:
    """Print a line for each paper."""
    if not papers:
        note("No papers yet: assistant ingest FILE adds some, and assistant ask brings the shipped ones.")
    for paper in papers:
        say(_dated(paper), label=f"{paper.paper_id} ")


def print_paper(paper: Paper) -> None:
    """Print a paper whole."""
    say(Text(cleaned(paper.title), style="bold"))
    authors = paper.author_count and f"{paper.author_count} author{'s' if paper.author_count > 1 else ''}"
    known = [paper.published and f"{paper.published:%-d %B %Y}", authors, paper.organization]
    if line := " · ".join(str(part) for part in known if part):
        say(Text(cleaned(line), style="dim"))
    say()
    say(paper.text)
    say()
    say(Text(cleaned(f"{paper.paper_id} · {paper.kind} from {', '.join(paper.sources)}"), style="dim"))


def print_report(report: IngestReport) -> None:
    """Print what an ingest did; when all of it was rejected, that is said elsewhere."""
    if report.rejected and not report.listings:
        return
    say(
        f"Read {_count(report.listings, 'listing')}: {_count(report.added, 'paper')} added, "
        f"{report.updated} updated, {report.unchanged} unchanged."
    )


def print_rejections(rejections: Sequence[Rejection]) -> None:
    """Print what was not taken to standard error, each with its line and cure."""
    for rejection in rejections:
        print(cleaned(f"assistant: {rejection}"), file=sys.stderr)  # noqa: T201 - this is the terminal


def print_status(status: Status) -> None:
    """Print the state of a home."""
    say(f"Home     {status.home}")
    unfinished = (
        f", {status.unfinished} still to be indexed: assistant ask goes on with it"
        if status.unfinished
        else ""
    )
    if status.server:
        say(f"Server   {status.server} (Chroma {status.server_version})")
    say(f"Papers   {status.papers}{unfinished}")
    say(f"Encoder  {status.encoder}")
    say(f"Reader   {status.reader}")
    note_missing_tokens(status)


def print_check(check: Check) -> None:
    """Print in what the stores of a home disagree."""
    if check.agreed:
        say("Check    the ledger, the vectors, the words and the token vectors agree")
    for one in check.disagreements:
        say(one.sentence, label="Check    ")
    if check.unchecked:
        note(
            f"{_count(check.unchecked, 'paper')} indexed by an older version without checksums: "
            "assistant ingest --rebuild adds them."
        )


def note_missing_tokens(status: Status) -> None:
    """Say on standard error how to add what an older version's index lacks."""
    if status.without_tokens:
        note(
            f"{_count(status.without_tokens, 'paper')} indexed by an older version: "
            "assistant ingest --rebuild adds the token vectors that rank them better."
        )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
