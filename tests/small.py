"""Papers of one sentence, and what every store holds of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from assistant.corpus import Listing, Reading, TextKind
from assistant.index.encoder import Encoding
from assistant.index.index import Index
from assistant.index.ledger import State
from assistant.index.minilm import MiniLM

OpenIndex = Callable[..., Index]


@dataclass
class Counting:
    """The real encoder, with the texts that it was given."""

    encoder: MiniLM
    texts: list[str] = field(default_factory=list)
    name: str = MiniLM.name
    dimension: int = MiniLM.dimension

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        self.texts.extend(texts)
        return self.encoder.encode(texts)


@pytest.fixture
def counting(encoder: MiniLM) -> Counting:
    return Counting(encoder)


def listing(title: str, text: str, kind: TextKind = "abstract", source: str = "a.txt") -> Listing:
    return Listing(title=title, text=text, kind=kind, source=source)


def reading(*listings: Listing) -> Reading:
    return Reading(listings=listings)


KETTLE = listing("Kettles", "A kettle boils water.")
GLACIER = listing("Glaciers", "A glacier is frozen.")


def held(index: Index) -> set[str]:
    """The titles held by the ledger, after making sure that every store holds the same papers."""
    by_id = {paper.paper_id: paper.title for paper in index.ledger.papers()}
    index.words.reload()
    numbers = index.words._index.searcher()
    assert numbers.num_docs == len(by_id)
    if index.vectors is not None:
        metadatas = index.vectors._collection.get(include=["metadatas"])["metadatas"] or []
        assert {str(one["paper_id"]) for one in metadatas} == by_id.keys()
    assert index.ledger.counts()[State.PENDING] == index.ledger.counts()[State.LEAVING] == 0
    return set(by_id.values())


def by_words(index: Index, question: str) -> list[str]:
    papers = index.ledger.papers_by_id(found := index.words.search(question, 10))
    return [papers[key].title for key in found]


def by_vectors(index: Index, question: str, encoder: MiniLM) -> dict[str, float]:
    (encoding,) = encoder.encode([question])
    assert index.vectors is not None
    found = index.vectors.search(encoding.pooled(), 10)
    papers = index.ledger.papers_by_id(found)
    return {papers[key].title: score for key, score in found.items()}
