"""Answers and papers found as JSON objects: what `--json` prints, and what is kept of them."""

from datetime import date
from typing import Any

from assistant.answering.answer import Answer, Usage
from assistant.retrieval import Hit


def answer_object(answer: Answer) -> dict[str, Any]:
    """Give an answer as `ask --json` prints it."""
    return {
        "question": answer.question,
        "answer": answer.text,
        "refused": answer.refused,
        "reader": answer.reader,
        "citations": [
            {
                "number": citation.number,
                "title": citation.title,
                "paper_id": citation.paper_id,
                "published": _iso(citation.published),
                "passages": [
                    {"text": passage.text, "start": passage.start, "end": passage.end}
                    for passage in citation.passages
                ],
            }
            for citation in answer.citations
        ],
        "sources": [hit_object(hit) for hit in answer.sources],
        "usage": answer.usage and usage_object(answer.usage),
        "seconds": {stage: round(spent, 4) for stage, spent in answer.seconds.items()},
        **({"unsupported": list(answer.unsupported), "complete": answer.complete} if answer.usage else {}),
    }


def usage_object(usage: Usage) -> dict[str, Any]:
    """Give the tokens used as `--json` prints them; what they cost where the price is known."""
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        **({"estimated": True} if usage.estimated else {}),
        **({"cost": usage.cost} if usage.cost is not None else {}),
    }


def hit_object(hit: Hit, *, dated: bool = False) -> dict[str, Any]:
    """Give a paper found as `--json` prints it."""
    found = {"title": hit.paper.title, "paper_id": hit.paper.paper_id, "score": round(hit.score, 4)}
    return {**found, "published": _iso(hit.paper.published)} if dated else found


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
