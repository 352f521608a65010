"""A guard against work that creeps into the hot paths: what each takes, beside a yardstick of the same run.

    python -m bench.speed.guard

Processor time of one thread and not the clock, the least of several runs on each side: what else the machine
does is left out, and so is how fast it is. A path that does its work twice passes its bound; noise does not.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.index import embedding
from assistant.index.index import Index
from assistant.index.ledger import Record, State
from assistant.index.multiplying import multiply
from assistant.index.quantisation import COMPONENTS
from assistant.retrieval import fused, ranked_again, search
from assistant.retrieval.late import QuestionTokens
from assistant.settings import Settings

HEADROOM = 1.5
"""How many times what it usually takes a path may take: noise moves these ratios by a twentieth."""
RUNS = 15
QUESTION = "By how much does the best WideNet beat ViT on ImageNet-1K?"


@dataclass(frozen=True, slots=True)
class HotPath:
    """A hot path, what it is measured against, and how many times that it usually takes."""

    name: str
    work: Callable[[], object]
    yardstick: Callable[[], object]
    usual: float
    """The ratio, measured on two cores of a Xeon with AVX-512; where the yardstick is slower, it is less."""

    @property
    def bound(self) -> float:
        """The ratio from which on work has crept in."""
        return HEADROOM * self.usual

    def ratio(self, times: int = 1) -> float:
        """Give what the work takes, done so many times over, beside the yardstick."""

        def repeated() -> None:
            for _ in range(times):
                self.work()

        taken, least = [], []
        for _ in range(RUNS):
            taken.append(_processor_time(repeated))
            least.append(_processor_time(self.yardstick))
        return min(taken) / min(least)


def _processor_time(work: Callable[[], object]) -> float:
    begun = time.thread_time()
    work()
    return time.thread_time() - begun


def paths(index: Index) -> list[HotPath]:
    """Give the hot paths over an index of the shipped papers."""
    search.retrieve(index, QUESTION)  # opens what opens on first use
    (encoding,) = index.encoder.encode([QUESTION])
    asked = QuestionTokens.weigh(QUESTION, encoding, index.token_rarity)
    best = [paper.paper_id for paper in index.ledger.papers()[: search.RERANKED]]
    tokens = sum(len(each.ids) for each in index.tokens.of(best).values())
    rng = np.random.default_rng(0)
    left = rng.standard_normal((tokens, COMPONENTS), np.float32)
    right = rng.standard_normal((COMPONENTS, len(asked.vectors)), np.float32)
    papers = [Record(paper, shipped=False, state=State.PENDING) for paper in index.ledger.papers()[:3]]
    read = embedding.encode(papers, index.encoder)
    vector = encoding.pooled()

    def stages() -> None:
        """All of a search but its encoding: of the same question, found already."""
        vectors = index.vectors
        assert vectors is not None  # noqa: S101 - for the types
        cosines = vectors.search(vector, search.CHUNKS)
        words = index.words.search(QUESTION, search.MATCHES)
        ranking = fused([cosines, words], (1.0, 1.0), list(dict.fromkeys([*cosines, *words])))
        head = list(ranking)[: search.RERANKED]
        late = search._late(index.tokens.of(head), asked)  # noqa: SLF001 - its parts are what is measured
        weights = (search.DENSE, search.WORDS, search.LATE, search.PASSAGE, search.TITLE)
        ranked_again(ranking, fused([cosines, words, *late], weights, head))
        index.ledger.papers_by_id(head)

    return [
        HotPath(
            "late interaction of 40 papers, beside a plain product of the same size",
            lambda: search._late(index.tokens.of(best), asked),  # noqa: SLF001 - as above
            lambda: multiply(left, right),
            4.2,
        ),
        HotPath(
            "a search without its encoding, beside encoding the question",
            stages,
            lambda: index.encoder.encode([QUESTION]),
            1.4,
        ),
        HotPath(
            "chunk and token vectors of papers, beside the encoder alone",
            lambda: embedding.embedded(read),
            lambda: index.encoder.encode([each.text for each in read]),
            0.037,
        ),
    ]


def main() -> None:
    """Print each ratio, with its bound and with what it is when the work is done twice."""
    with tempfile.TemporaryDirectory() as folder:
        index = Index(Settings.load(home=Path(folder)))
        index.ensure_papers()
        for path in paths(index):
            print(f"{path.name}: {path.ratio():.2f}, twice {path.ratio(2):.2f}, bound {path.bound:.2f}")
        index.close()


if __name__ == "__main__":
    main()
