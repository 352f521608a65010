"""Conversations and papers as files: Markdown with a reference list, JSON, BibTeX. Pure functions."""

import json
import re
import unicodedata
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from assistant.answering.citations import MARKER
from assistant.answering.objects import answer_object, usage_object
from assistant.index.function_words import FUNCTION_WORDS
from assistant.secrets import HIDDEN
from assistant.terminal.cleaning import cleaned, escaped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assistant.answering.conversation import Exchange
    from assistant.corpus import Paper

_TEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}
_MARKDOWN = re.compile(r"([\\`*_{}<>\[\]])")


def without_secrets(exchange: "Exchange", secrets: "Sequence[str]") -> "Exchange":
    """Take out of a question what nobody is to read; no answer has it."""
    question, understood = (
        reduce(lambda text, secret: text.replace(secret, HIDDEN), secrets, asked)
        for asked in (exchange.question, exchange.answer.question)
    )
    return replace(exchange, question=question, answer=replace(exchange.answer, question=understood))


def as_json(exchanges: "Sequence[Exchange]") -> str:
    """Write a conversation as JSON: its answers, and the tokens they took together.

    Each answer is as `ask --json` prints it, with the question as it was asked and as it was understood.
    """
    from assistant.answering.conversation import usage_of

    usage = usage_of(exchanges)
    answers = [
        {
            **answer_object(exchange.answer),
            "question": exchange.question,
            "understood": exchange.answer.question,
        }
        for exchange in exchanges
    ]
    whole = {"answers": answers, "usage": usage and usage_object(usage)}
    return escaped(json.dumps(whole, ensure_ascii=False, indent=2)) + "\n"


def as_markdown(exchanges: "Sequence[Exchange]") -> str:
    """Write a conversation as Markdown, its papers numbered throughout and listed at the end."""
    numbers: dict[str, int] = {}
    papers: list[Paper] = []
    parts = ["# Conversation\n"]
    for exchange in exchanges:
        answer = exchange.answer
        for citation in answer.citations:
            if citation.paper_id not in numbers:
                papers.append(citation.paper)
                numbers[citation.paper_id] = len(papers)
        renumbered = {citation.number: numbers[citation.paper_id] for citation in answer.citations}
        text = _renumbered(cleaned(answer.text), renumbered)
        parts.append(f"## {_literal(exchange.question)}\n\n{text}\n")
    if papers:
        parts.append("## References\n")
        parts.append(
            "".join(f"{number}. {_reference(paper)}\n" for number, paper in enumerate(papers, start=1))
        )
    return "\n".join(parts)


def _renumbered(text: str, numbers: dict[int, int]) -> str:
    def marker(match: re.Match[str]) -> str:
        number = int(match.group()[1:-1])
        return f"[{numbers.get(number, number)}]"

    return MARKER.sub(marker, text)


def _reference(paper: "Paper") -> str:
    date = f" ({paper.published:%-d %B %Y})" if paper.published else ""
    return f"{_literal(paper.title)}{date}"


def _literal(text: str) -> str:
    """Write a text on one line such that Markdown shows it as it is."""
    return _MARKDOWN.sub(r"\\\1", " ".join(cleaned(text).split()))


def bibtex(paper: "Paper") -> str:
    """Write a BibTeX entry of what is known of a paper: nothing in it is guessed, so it names no authors."""
    fields = {"title": "{" + _tex(paper.title) + "}"}
    if paper.published is not None:
        fields["year"] = str(paper.published.year)
        fields["month"] = str(paper.published.month)
    if paper.organization:
        fields["organization"] = _tex(paper.organization)
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items()]
    return f"@misc{{{_key(paper)},\n" + ",\n".join(lines) + "\n}"


def _tex(text: str) -> str:
    return "".join(_TEX.get(character, character) for character in " ".join(cleaned(text).split()))


def _key(paper: "Paper") -> str:
    """Make a key of the title's first telling word and the year, all in ASCII."""
    folded = unicodedata.normalize("NFKD", paper.title).encode("ascii", "ignore").decode()
    words = [word.lower() for word in re.findall(r"[A-Za-z0-9]+", folded)]
    telling = [word for word in words if word not in FUNCTION_WORDS] or words or [paper.paper_id]
    return str(telling[0]) + (str(paper.published.year) if paper.published else "")
