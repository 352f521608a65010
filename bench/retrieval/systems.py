"""The searches that are compared: each takes a query and ranks papers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from assistant.index.index import Index
from assistant.retrieval import retrieve

DEPTH = 100
"""Papers in a ranking at most. A dense search brings as many chunks: the few papers of several chunks may
take several places."""

RRF_CONSTANT = 60
"""As in the paper."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """What a search gave."""

    papers: list[str]
    """Best first, each once."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Time spent, by stage, where the search tells it."""


Search = Callable[[str], Ranking]


@dataclass(frozen=True, slots=True)
class System:
    """A search over an index of ours, and what of the index it reads."""

    label: str
    search: Callable[[Index, str], Ranking]
    stores: tuple[str, ...]
    """Files and folders of the home; empty for all of it."""


def assistant(index: Index, text: str) -> Ranking:
    """Search as the assistant does."""
    found = retrieve(index, text, limit=DEPTH)
    return Ranking([hit.paper.paper_id for hit in found.hits], found.seconds)


def bm25(index: Index, text: str) -> Ranking:
    """Search by words alone."""
    return Ranking(list(index.words.search(text, DEPTH)))


def dense(index: Index, text: str) -> Ranking:
    """Search by the cosine of the nearest chunk alone."""
    vectors = index.vectors
    if vectors is None:
        raise ValueError("a dense search needs an index with vectors")
    (encoding,) = index.encoder.encode([text])
    return Ranking(list(vectors.search(encoding.pooled(), DEPTH)))


def fused(index: Index, text: str) -> Ranking:
    """Search by words and by cosine, and fuse the two rankings."""
    rankings = [bm25(index, text).papers, dense(index, text).papers]
    return Ranking(reciprocal_rank_fusion(rankings)[:DEPTH])


def reciprocal_rank_fusion(rankings: Sequence[Sequence[str]]) -> list[str]:
    """Fuse rankings: a paper at rank r, from 1, gains 1 / (60 + r) (Cormack, Clarke and Büttcher 2009).

    Ties keep the order in which the rankings name the papers.

    >>> reciprocal_rank_fusion([["a", "b", "c"], ["c", "b"]])
    ['c', 'b', 'a']
    """
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, paper in enumerate(ranking, 1):
            scores[paper] = scores.get(paper, 0.0) + 1.0 / (RRF_CONSTANT + rank)
    return sorted(scores, key=lambda paper: -scores[paper])


ASSISTANT = "assistant"
LLAMAINDEX = "llamaindex"

OURS = {
    ASSISTANT: System("assistant", assistant, ()),
    "bm25": System("BM25 alone", bm25, ("words",)),
    "dense": System("dense alone", dense, ("vectors",)),
    "rrf": System("BM25 + dense, fused by rank", fused, ("words", "vectors")),
}
"""The searches over an index of ours, by the names the command line knows them under."""

NAMES = (*OURS, LLAMAINDEX)
LABELS = {name: system.label for name, system in OURS.items()} | {LLAMAINDEX: "LlamaIndex + Chroma"}
