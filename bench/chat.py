"""Hold the curated conversations, and print per turn how well papers are found and facts are held.

    python bench/chat.py [--pages GLOB] [--home FOLDER]    on the shipped summaries, or on listing pages

First turns stand alone; later ones lean on what was said, so they are counted apart.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant import Answer, Assistant, Settings
from assistant.answering.followups import Bearing
from assistant.corpus import paper_id
from assistant.evaluation.measures import hit_rate, holds_all_facts
from assistant.evaluation.questions import CuratedQuestion, load_conversations
from assistant.resources import resource

TOP = 5


@dataclass(frozen=True)
class Turn:
    """A question of a conversation, how it was understood, and the answer."""

    question: CuratedQuestion
    bearing: Bearing
    answer: Answer

    @property
    def first(self) -> bool:
        return self.question.question_id.endswith(".1")

    @property
    def found(self) -> float:
        ranking = [hit.paper.paper_id for hit in self.answer.sources]
        return hit_rate(ranking, {paper_id(title) for title in self.question.titles}, TOP)

    @property
    def complete(self) -> float:
        return float(not self.answer.refused and holds_all_facts(self.answer.text, self.question.facts))


def hold(assistant: Assistant, conversation: Sequence[CuratedQuestion]) -> list[Turn]:
    """Ask the questions of a conversation one after another."""
    talk = assistant.conversation()
    turns = []
    for question in conversation:
        answer = talk.ask(question.question)
        turns.append(Turn(question, talk.exchanges[-1].bearing, answer))
    return turns


def print_tables(turns: Sequence[Turn]) -> None:
    """Print each turn and the means, in Markdown."""
    print("| turn | question | understood | gold title in top 5 | facts complete | refused |")
    print("|---|---|---|---|---|---|")
    for turn in turns:
        marks = " | ".join(
            "yes" if mark else "no" for mark in (turn.found, turn.complete, turn.answer.refused)
        )
        print(f"| {turn.question.question_id} | {turn.question.question} | {turn.bearing} | {marks} |")
    print(f"\n| turns | number | gold title in top {TOP} | facts complete | refused |")
    print("|---|---|---|---|---|")
    for name, first in (("first", True), ("later", False)):
        part = [turn for turn in turns if turn.first is first]
        figures = [
            f"{np.mean([getattr(turn, measure) for turn in part]):.3f}" for measure in ("found", "complete")
        ]
        refused = np.mean([turn.answer.refused for turn in part])
        print(f"| {name} | {len(part)} | {' | '.join(figures)} | {refused:.3f} |")


def main() -> None:
    """Ingest, converse, print."""
    parser = argparse.ArgumentParser(description="Hold the curated conversations and print how they go.")
    parser.add_argument("--pages", help="a pattern of listing pages to ask instead of the shipped papers")
    parser.add_argument(
        "--home", type=Path, help="a folder to keep the index in; what it holds is used again"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.load(home=given.home or Path(folder)).model_copy(update={"model": "extractive"})
        with Assistant.open(settings=settings) as assistant:
            assistant.ingest(given.pages or resource("corpus/papers.jsonl"))
            print_tables(
                [turn for conversation in load_conversations() for turn in hold(assistant, conversation)]
            )


if __name__ == "__main__":
    main()
