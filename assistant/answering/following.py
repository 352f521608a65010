"""The extractive reader on a question that leans on a paper: it reads with the question's own words."""

import math
import time
from collections.abc import Sequence

from assistant.answering import extractive
from assistant.answering.answer import Answer, Citation
from assistant.answering.asking import Asking
from assistant.answering.followups import dates_in_words
from assistant.answering.reading import read
from assistant.corpus import Paper
from assistant.index.index import Index
from assistant.retrieval import Hit, Question, Retrieval

ANSWERABLE = -1.8
"""The mean log-odds below which a question that leans is refused. Low: hardly a follow-up that its paper
answers is below it, and many that are put to a paper of another conversation are above."""


def answer_following(index: Index, found: Retrieval, bare: Question, *, dense: float) -> Answer:
    """Answer a question that leans on the first of the papers found, or refuse to.

    Sentences are chosen by the question's own words: those of the title fit every sentence of its paper.
    Whether the paper answers takes both: without the title a short question bears on nothing, and with it
    anything bears on the paper. So the log-odds of the two are averaged.

    Args:
        index: the index that holds the papers.
        found: the papers, best first, and the question completed with what it leans on.
        bare: the question as it was asked.
        dense: the cosine of the best paper's nearest chunk to the bare question; 0 where it is not known.
    """
    start = time.perf_counter()
    hits = found.hits[: extractive.READ]
    best = hits[0].paper.paper_id if hits else ""
    completed = read(index, found.question, hits)
    evidence = read(index, bare, hits)
    asking = Asking.read(bare.text)
    odds = (
        _log_odds(
            extractive.answerable(
                Asking.read(found.question.text), found.question.text, completed, found.cosines.get(best, 0.0)
            )
        )
        + _log_odds(extractive.answerable(asking, bare.text, evidence, dense))
    ) / 2
    refused = not evidence or not evidence[0].sentences or odds < ANSWERABLE
    return extractive.answer(found, asking, evidence, refused=refused, begun=start)


def answer_dates(question: str, papers: Sequence[Paper]) -> Answer:
    """Say when papers were published, from the ledger."""
    return Answer(
        question=question,
        text=dates_in_words(papers),
        refused=False,
        reader=extractive.NAME,
        citations=tuple(Citation(number, paper, ()) for number, paper in enumerate(papers, start=1)),
        sources=tuple(Hit(paper, 1.0) for paper in papers),
    )


def _log_odds(probability: float) -> float:
    """Give log(p / (1 - p)), held within ±7 so that a certain half never decides alone."""
    held = min(max(probability, 0.001), 0.999)
    return math.log(held / (1 - held))
