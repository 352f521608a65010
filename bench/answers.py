"""Ask the curated questions, and print how well papers are found, facts are held and refusals are placed.

    python bench/answers.py [--pages GLOB]    on the shipped summaries, or on listing pages

The reader's two models were fitted to these questions: for figures that no fitting has touched, see what
`bench/train_reader.py --dry-run` prints, which is cross-validated by paper.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant import Answer, Assistant, Settings
from assistant.corpus import paper_id
from assistant.evaluation.measures import hit_rate, holds_all_facts, ndcg, recall
from assistant.evaluation.questions import CuratedQuestion, load_suite
from assistant.resources import resource

SUITES = ("single", "multi", "topic", "unanswerable")


@dataclass(frozen=True)
class Asked:
    """A question, what was found for it, and the answer."""

    question: CuratedQuestion
    ranking: list[str]
    answer: Answer
    seconds: float

    @property
    def relevant(self) -> set[str]:
        return {paper_id(title) for title in self.question.titles}


def put(assistant: Assistant, question: CuratedQuestion) -> Asked:
    """Ask one question."""
    start = time.perf_counter()
    answer = assistant.ask(question.question)
    return Asked(
        question,
        [hit.paper.paper_id for hit in answer.sources],
        answer,
        time.perf_counter() - start,
    )


def mean(asked: Sequence[Asked], measure: Callable[[Asked], float]) -> str:
    """Average a measure."""
    return f"{np.mean([measure(item) for item in asked]):.3f}" if asked else "–"


def facts_complete(item: Asked) -> float:
    """Tell whether an answer holds every fact; a refusal holds none."""
    return float(not item.answer.refused and holds_all_facts(item.answer.text, item.question.facts))


def print_tables(asked: dict[str, list[Asked]], known: set[str]) -> None:
    """Print the tables, in Markdown."""
    print("\n| suite | kind | questions | hit@1 | hit@5 | nDCG@10 | recall@5 | recall@10 | facts | refused |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for suite, items in asked.items():
        for kind in ["all", *sorted({item.question.kind for item in items} - {""})]:
            part = [item for item in items if kind in ("all", item.question.kind)]
            found = [item for item in part if item.relevant]
            figures = [
                mean(found, lambda item: hit_rate(item.ranking, item.relevant, 1)),
                mean(found, lambda item: hit_rate(item.ranking, item.relevant, 5)),
                mean(found, lambda item: ndcg(item.ranking, item.relevant)),
                mean(found, lambda item: recall(item.ranking, item.relevant, 5)),
                mean(found, lambda item: recall(item.ranking, item.relevant, 10)),
                mean([item for item in part if item.question.facts], facts_complete),
                mean(part, lambda item: float(item.answer.refused)),
            ]
            print(f"| {suite} | {kind} | {len(part)} | {' | '.join(figures)} |")
    every = [item for items in asked.values() for item in items]
    cited = [citation for item in every for citation in item.answer.citations]
    print(f"\ncited titles that the ledger has: {sum(c.paper_id in known for c in cited)} of {len(cited)}")
    words = [len(item.answer.text.split()) for item in every if not item.answer.refused]
    print(f"words in an answer: median {np.median(words):.0f}, longest {max(words)}")
    milliseconds = np.array([item.seconds for item in every]) * 1000
    median, slow = np.median(milliseconds), np.quantile(milliseconds, 0.95)
    print(f"milliseconds a question: median {median:.0f}, p95 {slow:.0f}")


def main() -> None:
    """Ingest, ask, print."""
    parser = argparse.ArgumentParser(
        description="Ask the curated questions and print how well they are answered."
    )
    parser.add_argument("--pages", help="a pattern of listing pages to ask instead of the shipped papers")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as home,
        Assistant.open(settings=Settings.load(home=Path(home))) as assistant,
    ):
        report = assistant.ingest(given.pages or resource("corpus/papers.jsonl"))
        known = {paper.paper_id for paper in assistant.papers()}
        print(f"{report.listings} listings, {len(known)} papers, {len(report.rejected)} rejected")
        asked = {suite: [put(assistant, question) for question in load_suite(suite)] for suite in SUITES}
        print_tables(asked, known)


if __name__ == "__main__":
    main()
