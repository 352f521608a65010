"""Reading collections: BEIR's layout as it occurs, and the curated questions."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import InputError
from assistant.corpus import normalised_title, paper_id
from assistant.resources import resource
from assistant.retrieval.search import LONGEST_QUESTION
from bench.retrieval.collection import Collection, Query, read_collection, unique_titles

DOCUMENTS = [
    {"_id": "d1", "title": "Tea", "text": "Tea is brewed."},
    {"_id": "d2", "title": "TEA!", "text": "Tea is grown."},
    {"_id": "d3", "title": "", "text": "Nothing is said."},
]
QUERIES = [{"_id": "q1", "text": " how is\n tea made "}, {"_id": "q2", "text": "unjudged"}]


def lines(path: Path, records: list[dict[str, object]]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def judgement(query: str, document: str, score: int = 1) -> dict[str, object]:
    return {"query-id": query, "corpus-id": document, "score": score}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "tiny"
    lines(folder / "corpus.jsonl", [dict(document) for document in DOCUMENTS])
    lines(folder / "queries.jsonl", [dict(query) for query in QUERIES])
    return folder


# BEIR's layout


def test_judgements_lead_from_queries_to_our_papers(folder: Path) -> None:
    lines(folder / "qrels.jsonl", [judgement("q1", "d1", 2), judgement("q1", "d2", 0), judgement("q1", "d9")])
    read = read_collection(folder)
    assert read.name == "tiny"
    # q2 has no judgement. d2 is judged irrelevant. d9 is not in the corpus, so no search can find it.
    (query,) = read.queries
    assert query == Query(
        query_id="q1", text="how is tea made", relevant={paper_id("Tea"): 2, "unknown d9": 1}
    )
    assert [paper.text for paper in read.papers] == [document["text"] for document in DOCUMENTS]


@pytest.mark.parametrize("header", ["query-id\tcorpus-id\tscore\n", ""])
@pytest.mark.parametrize("name", ["qrels.tsv", "qrels/test.tsv"])
def test_judgements_may_be_a_table(folder: Path, name: str, header: str) -> None:
    (folder / "qrels").mkdir()
    (folder / name).write_text(f"{header}q1\td1\t1\nq2\td1\t1\n")
    assert [query.query_id for query in read_collection(folder).queries] == ["q1", "q2"]


def test_of_several_files_the_judgements_follow_the_queries(folder: Path) -> None:
    (folder / "queries.jsonl").rename(folder / "queries_train.jsonl")
    lines(folder / "queries_test.jsonl", [{"_id": "q3", "text": "tested"}])
    lines(folder / "qrels_train.jsonl", [judgement("q1", "d1")])
    lines(folder / "qrels_test.jsonl", [judgement("q3", "d2")])
    with pytest.raises(InputError, match=r"queries_test.jsonl, queries_train.jsonl.*--queries"):
        read_collection(folder)
    train = read_collection(folder, queries="queries_train.jsonl")
    test = read_collection(folder, queries="queries_test.jsonl")
    assert [query.query_id for query in train.queries] == ["q1"]
    assert [query.query_id for query in test.queries] == ["q3"]
    assert train.key == test.key  # the same papers: one index serves both
    with pytest.raises(InputError, match="judges no query"):
        read_collection(folder, queries="queries_test.jsonl", qrels="qrels_train.jsonl")


def test_a_folder_that_is_no_collection_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds none; name it with --qrels"):
        read_collection(folder)
    with pytest.raises(InputError, match="holds no qrels_dev"):
        read_collection(folder, qrels="qrels_dev.jsonl")
    with pytest.raises(InputError, match=r"neither corpus.jsonl"):
        read_collection(tmp_path)


def test_a_query_that_is_a_whole_document_is_cut_to_what_can_be_asked(folder: Path) -> None:
    lines(folder / "queries.jsonl", [{"_id": "q1", "text": "tea " * LONGEST_QUESTION}])
    lines(folder / "qrels.jsonl", [judgement("q1", "d1")])
    assert len(read_collection(folder).queries[0].text) == LONGEST_QUESTION


@given(st.lists(st.sampled_from(["", " ", "Tea", "tea", "TEA!", "Te a", "?", "Other"]), max_size=12))
def test_titles_are_made_unique_and_the_first_keeps_its_own(given_titles: list[str]) -> None:
    titles = unique_titles([(str(number), title) for number, title in enumerate(given_titles)])
    assert list(titles) == [str(number) for number in range(len(given_titles))]
    assert len({normalised_title(title) for title in titles.values()}) == len(given_titles)
    for number, title in enumerate(given_titles):
        earlier = {normalised_title(other) for other in given_titles[:number]}
        is_kept = titles[str(number)] == title
        assert is_kept == (bool(title.strip()) and normalised_title(title) not in earlier)
        assert titles[str(number)].startswith(title.strip())


# Curated questions


def test_the_shipped_questions_name_papers_that_are_there() -> None:
    read = read_collection(resource("eval/questions"))
    ids = {paper.paper_id for paper in read.papers}
    assert len(ids) == 439
    assert [
        sum(query.suite == suite for query in read.queries) for suite in ("single", "multi", "topic")
    ] == [
        439,
        40,
        25,
    ]
    assert all(query.relevant and query.relevant.keys() <= ids for query in read.queries)
    assert {query.kind for query in read.queries if query.suite == "single"} == {"named", "described"}


def test_a_sample_takes_as_many_of_each_suite_and_the_same_with_the_same_seed() -> None:
    read = read_collection(resource("eval/questions"))
    sample = read.sample(30, seed=1)
    assert [query.suite for query in sample.queries] == ["single"] * 30 + ["multi"] * 30 + ["topic"] * 25
    assert sample == read.sample(30, seed=1)
    assert sample != read.sample(30, seed=2)
    order = [query.query_id for query in read.queries]
    assert [query.query_id for query in sample.queries] == sorted(
        (query.query_id for query in sample.queries), key=order.index
    )
    assert sample.key == read.key


def test_other_papers_have_another_index(folder: Path) -> None:
    lines(folder / "qrels.jsonl", [judgement("q1", "d1")])
    before = read_collection(folder)
    lines(folder / "corpus.jsonl", [{**document, "text": "Tea is poured."} for document in DOCUMENTS])
    assert read_collection(folder).key != before.key
    assert Collection("tiny", before.reading, ()).key == before.key
