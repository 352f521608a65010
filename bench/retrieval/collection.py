"""What is searched: papers, queries, and which papers are relevant to which query."""

import hashlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

from assistant.corpus import Listing, Paper, Reading, normalised_title, paper_id, read_sources
from assistant.errors import InputError
from assistant.evaluation.questions import load_suite
from assistant.index.ingest import plan
from assistant.resources import resource
from assistant.retrieval.search import LONGEST_QUESTION

SUITES = ("single", "multi", "topic")
"""The curated suites that name the papers to be found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query and what a perfect search would find."""

    query_id: str
    text: str
    relevant: Mapping[str, int]
    """Grades by paper, each above 0. A judged paper that the collection lacks counts as never found."""
    suite: str = ""
    """The part of the collection's queries that it belongs to; empty where there is one part only."""
    kind: str = ""
    """A part of the suite."""


@dataclass(frozen=True)
class Collection:
    """Papers and queries."""

    name: str
    reading: Reading
    queries: tuple[Query, ...]

    @cached_property
    def papers(self) -> tuple[Paper, ...]:
        """What the listings come to: several of one paper are one paper."""
        return tuple(plan(self.reading, {}).papers.values())

    @property
    def key(self) -> str:
        """Name the papers, and nothing else: collections that differ in their queries share an index."""
        digest = hashlib.sha256()
        for paper in self.papers:
            digest.update(json.dumps([paper.title, paper.text]).encode())
        return f"{self.name.split()[0]}-{digest.hexdigest()[:12]}"

    def sample(self, count: int, seed: int) -> "Collection":
        """Keep so many queries of each suite, chosen at random, in their order."""
        kept: list[Query] = []
        for _, suite in groupby(self.queries, key=lambda query: query.suite):
            queries = list(suite)
            chosen = random.Random(seed).sample(range(len(queries)), min(count, len(queries)))  # noqa: S311 - no secret
            kept.extend(queries[index] for index in sorted(chosen))
        return replace(self, queries=tuple(kept))


def read_collection(
    folder: Path, *, queries: str | None = None, qrels: str | None = None, pages: str | None = None
) -> Collection:
    """Read a folder in BEIR's layout, or a folder of curated questions.

    Args:
        folder: holds `corpus.jsonl`, or else the suites of the question set.
        queries: which file of the folder to take the queries from, where there are several.
        qrels: likewise the judgements.
        pages: a pattern of listing pages that the curated questions are put to instead of the shipped papers.

    Raises:
        InputError: the folder is neither, or a file is missing or could be one of several.
    """
    if (folder / "corpus.jsonl").is_file():
        return read_beir(folder, queries=queries, qrels=qrels)
    if (folder / f"{SUITES[0]}.jsonl").is_file():
        return read_questions(folder, pages)
    raise InputError(
        f"{folder} holds neither corpus.jsonl (BEIR's layout) nor {SUITES[0]}.jsonl (questions)."
    )


def read_questions(folder: Path, pages: str | None = None) -> Collection:
    """Read the suites of curated questions that name papers, and the papers they are put to."""
    reading = read_sources([pages or resource("corpus/papers.jsonl")])
    queries = (
        Query(
            query_id=question.question_id,
            text=_query_text(question.question),
            relevant={paper_id(title): 1 for title in question.titles},
            suite=question.suite,
            kind=question.kind,
        )
        for suite in SUITES
        for question in load_suite(suite, folder)
    )
    return Collection(
        f"questions ({'listing pages' if pages else 'shipped papers'})", reading, tuple(queries)
    )


# BEIR's layout


def read_beir(folder: Path, *, queries: str | None = None, qrels: str | None = None) -> Collection:
    """Read `corpus.jsonl`, `queries*.jsonl` and `qrels*.jsonl`, `qrels*.tsv` or `qrels/*.tsv`.

    Queries without a relevant document are left out: no measure is defined for them.

    Raises:
        InputError: a file is missing or could be one of several.
    """
    query_file = _the_one(folder, ["queries*.jsonl"], queries, "--queries")
    # Of several judgements, those named as the queries are: queries_train.jsonl and qrels_train.jsonl.
    part = query_file.stem.removeprefix("queries")
    judgement_file = _the_one(folder, ["qrels*.jsonl", "qrels*.tsv", "qrels/*.tsv"], qrels, "--qrels", part)
    documents = list(_lines(folder / "corpus.jsonl"))
    titles = unique_titles([(str(each["_id"]), str(each.get("title") or "")) for each in documents])
    # Our papers are known by their titles, BEIR's documents by their identifiers.
    known = {document_id: paper_id(title) for document_id, title in titles.items()}
    listings = tuple(
        Listing(title=titles[str(each["_id"])], text=str(each["text"]), source="corpus.jsonl")
        for each in documents
    )
    relevant: dict[str, dict[str, int]] = {}
    for query_id, document_id, grade in _judgements(judgement_file):
        if grade > 0:
            paper = known.get(document_id, f"unknown {document_id}")
            relevant.setdefault(query_id, {})[paper] = grade
    read = (
        Query(
            query_id=str(each["_id"]),
            text=_query_text(str(each["text"])),
            relevant=relevant[str(each["_id"])],
        )
        for each in _lines(query_file)
        if str(each["_id"]) in relevant
    )
    queries_read = tuple(read)
    if not queries_read:
        raise InputError(f"{judgement_file} judges no query of {query_file}: name others with --qrels.")
    return Collection(folder.resolve().name, Reading(listings=listings), queries_read)


def unique_titles(documents: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Give each document a title that no other has, since titles tell our papers apart.

    The first with a title keeps it. Later ones, and those without a title, get a mark after it. The mark is
    digits of a digest: a number or an identifier would be a word that a query may hold.

    >>> unique_titles([("7", "Summary"), ("8", "summary!"), ("9", "Results")])
    {'7': 'Summary', '8': 'summary! [2c624232]', '9': 'Results'}

    Args:
        documents: identifiers and titles.

    Returns:
        Titles by identifier.
    """
    titles: dict[str, str] = {}
    taken: set[str] = set()
    for document_id, given in documents:
        title = " ".join(given.split())
        if not title or normalised_title(title) in taken:
            title = f"{title} [{hashlib.sha256(document_id.encode()).hexdigest()[:8]}]".strip()
        taken.add(normalised_title(title))
        titles[document_id] = title
    return titles


def _query_text(text: str) -> str:
    """Some collections have whole documents as queries: none is longer here than a question may be."""
    return " ".join(text.split())[:LONGEST_QUESTION]


def _the_one(folder: Path, patterns: Sequence[str], named: str | None, option: str, part: str = "") -> Path:
    """Find the file that is named, or the only one that fits."""
    if named is not None:
        if (folder / named).is_file():
            return folder / named
        raise InputError(f"{folder} holds no {named}: check {option}.")
    found = sorted(path for pattern in patterns for path in folder.glob(pattern))
    if len(found) > 1:
        found = [path for path in found if part and path.stem.endswith(part)] or found
    if len(found) != 1:
        several = (
            f"several: {', '.join(str(path.relative_to(folder)) for path in found)}" if found else "none"
        )
        raise InputError(
            f"{folder} should hold one {patterns[0]} and holds {several}; name it with {option}."
        )
    return found[0]


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def _judgements(path: Path) -> Iterator[tuple[str, str, int]]:
    """Give queries, documents and grades."""
    if path.suffix == ".jsonl":
        for each in _lines(path):
            yield str(each["query-id"]), str(each["corpus-id"]), int(each["score"])
        return
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    # Files in the wild come with or without the header.
    for row in rows if header.startswith("query-id") else [header, *rows]:
        query_id, document_id, grade = row.split("\t")
        yield query_id, document_id, int(grade)
