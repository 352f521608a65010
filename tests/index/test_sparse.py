"""The words of papers and questions as sparse vectors: BM25, as the words at home have it."""

import math
from collections import Counter
from pathlib import Path

import pytest

from assistant.corpus import Paper, merge, read_sources
from assistant.evaluation.questions import load_suite
from assistant.index.ledger import Record, State
from assistant.index.sparse import MOST, paper_vector, question_vector
from assistant.index.words import Words
from assistant.resources import resource

BEST = 10


def test_a_product_of_vectors_ranks_as_the_words_at_home_do(tmp_path: Path) -> None:
    reading = read_sources([resource("corpus/papers.jsonl")])
    papers = [merge(listing) for listing in reading.listings]
    words = Words(tmp_path)
    words.replace([Record(paper, shipped=True, state=State.INDEXED) for paper in papers])
    vectors = {paper.paper_id: _dimensions(paper_vector(paper)) for paper in papers}
    having = Counter(dimension for vector in vectors.values() for dimension in vector)
    shared = 0
    questions = [one.question for one in load_suite("single", resource("eval/questions"))][:100]
    for question in questions:
        asked = _dimensions(question_vector(question))
        rarity = {key: math.log1p((len(papers) - having[key] + 0.5) / (having[key] + 0.5)) for key in asked}
        scores = {
            paper: sum(weight * rarity[key] * vector.get(key, 0.0) for key, weight in asked.items())
            for paper, vector in vectors.items()
        }
        expected = words.search(question, BEST)
        best = sorted(scores, key=scores.__getitem__, reverse=True)[:BEST]
        shared += len(expected.keys() & set(best))
        # Tantivy keeps a paper's length in one byte, and knows the papers' own mean.
        assert scores[best[0]] == pytest.approx(max(expected.values()), rel=0.06)
    assert shared >= 0.95 * BEST * len(questions)


def test_a_question_of_signs_has_no_vector() -> None:
    assert question_vector("?! …") is None


def test_a_vector_of_a_long_paper_has_the_stems_that_count_most() -> None:
    text = " ".join(f"w{number}" for number in range(2 * MOST)) + " kettle" * 9
    paper = Paper(paper_id="0" * 16, title="Long", text=text, kind="abstract", sources=("a",))
    vector = paper_vector(paper)
    assert len(vector.indices) == MOST
    assert vector.indices == sorted(set(vector.indices))
    (kettle,) = _dimensions(question_vector("kettles"))
    assert _dimensions(vector)[kettle] == max(vector.values)


def _dimensions(vector: object) -> dict[int, float]:
    return dict(zip(vector.indices, vector.values, strict=True))  # type: ignore[attr-defined]
