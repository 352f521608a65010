"""What the ranking would be with one thing changed: `python -m bench.retrieval.variants`."""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.errors import AssistantError
from assistant.index.encoder import Encoder, Matrix, unit
from assistant.index.index import Index
from assistant.index.minilm import MiniLM
from assistant.index.minilm_weights import encoder_files
from assistant.index.quantisation import products
from assistant.index.tokens import worded
from assistant.resources import resource
from assistant.retrieval import LateScores, QuestionTokens, fused, late_interaction, ranked_again, search
from assistant.retrieval.late import of_function_words
from assistant.settings import Settings
from bench.retrieval.codecs import codecs, kept_by, shipped_vectors, token_vectors
from bench.retrieval.collection import Collection, Query, read_collection
from bench.retrieval.measures import Floats, estimate, measure
from bench.retrieval.running import groups, opened, progress_line

DEEPEST = 100
"""So many papers are scored by late interaction, for variants that rank more of them again."""
RARITY, FULLY, LEFT_OUT, ALIKE = "by rarity", "function words fully", "function words not", "alike"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A ranking, as the assistant's is where nothing else is said."""

    label: str
    reranked: int = search.RERANKED
    dense: float = search.DENSE
    words: float = search.WORDS
    late: float = search.LATE
    passage: float = search.PASSAGE
    title: float = search.TITLE
    weighting: str = RARITY


AS_IT_IS = Variant(label="as it is")
VARIANTS = (
    AS_IT_IS,
    Variant(label="20 papers ranked again", reranked=20),
    Variant(label="60 papers ranked again", reranked=60),
    Variant(label="100 papers ranked again", reranked=DEEPEST),
    Variant(label="no late interaction", late=0, passage=0, title=0),
    Variant(label="late interaction of the paper alone", dense=0, words=0, passage=0, title=0),
    Variant(label="no passage", passage=0),
    Variant(label="no title", title=0),
    Variant(label="neither passage nor title", passage=0, title=0),
    Variant(label="title 0.3", title=0.3),
    Variant(label="dense 0.2", dense=0.2),
    Variant(label="dense 0.6", dense=0.6),
    Variant(label="words 0.1", words=0.1),
    Variant(label="words 0.5", words=0.5),
    Variant(label="function words count fully", weighting=FULLY),
    Variant(label="function words left out", weighting=LEFT_OUT),
    Variant(label="all tokens count alike", weighting=ALIKE),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A query and all its signals."""

    cosines: Mapping[str, float]
    words: Mapping[str, float]
    first: Mapping[str, float]
    """The ranking by these two, best first."""
    best: list[str]
    """The papers that late interaction scored, in that order."""
    late: Mapping[str, LateScores]
    """Their scores, by how the question's tokens are weighted."""

    def ranking(self, variant: Variant) -> list[str]:
        """Rank as the variant does."""
        head = self.best[: variant.reranked]
        late = self.late[variant.weighting]
        scored = [
            dict(zip(head, scores[: len(head)].tolist(), strict=True))
            for scores in (late.papers, late.passages, late.titles)
        ]
        signals = [self.cosines, self.words, *scored]
        weights = (variant.dense, variant.words, variant.late, variant.passage, variant.title)
        return list(ranked_again(self.first, fused(signals, weights, head)))


def ask(index: Index, text: str, instead: Mapping[str, Matrix] | None = None) -> Asked:
    """Search for all the signals of a query.

    Args:
        index: the papers.
        text: the query.
        instead: token vectors by paper, in place of those that the index keeps.
    """
    if index.vectors is None:
        raise ValueError("variants need an index with vectors")
    (encoding,) = index.encoder.encode([text])
    tokens = QuestionTokens.weigh(text, encoding, index.token_rarity)
    cosines = index.vectors.search(encoding.pooled(), search.CHUNKS)
    words = index.words.search(text, search.MATCHES)
    first = fused([cosines, words], (1.0, 1.0), list(dict.fromkeys([*cosines, *words])))
    kept = index.tokens.of(list(first)[:DEEPEST])
    best = [key for key in first if key in kept]
    real = worded(text, encoding)
    if instead is None:
        found = products(tokens.vectors, np.concatenate([kept[key].codes for key in best]))
    else:
        found = np.concatenate([instead[key] for key in best]) @ unit(encoding.states[real]).T
    lengths = [len(kept[key].ids if instead is None else instead[key]) for key in best]
    titles = [kept[key].title_length for key in best]
    rarity = index.token_rarity[encoding.ids[real]]
    content = rarity * ~of_function_words(text, encoding.spans[real])
    weightings = {
        RARITY: tokens.weights,
        FULLY: rarity,
        LEFT_OUT: content if content.any() else rarity,
        ALIKE: np.ones(len(rarity)),
    }
    late = {
        name: late_interaction(found, weights / weights.sum(), lengths, titles)
        for name, weights in weightings.items()
    }
    return Asked(cosines, words, first, best, late)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, index, search, print."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.retrieval.variants",
        description="Rank with one thing changed, and print what it does to nDCG@10 (recall@10 for questions "
        "over several papers): the figure, and the 95 % interval of its difference query by query.",
    )
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        help="a collection in BEIR's layout, or a folder of curated questions (default: the shipped ones)",
    )
    parser.add_argument("--pages", metavar="GLOB", help="listing pages that curated questions are put to")
    parser.add_argument("--home", metavar="FOLDER", type=Path, help="keep the indexes here for later runs")
    parser.add_argument(
        "--codecs", action="store_true", help="change how token vectors are kept, not the ranking"
    )
    given = parser.parse_args(arguments)
    encoder = MiniLM(encoder_files(Settings.load()))
    try:
        collection = read_collection(given.folder or resource("eval/questions"), pages=given.pages)
        with tempfile.TemporaryDirectory() as passing:
            home = (given.home or Path(passing)) / collection.key / "assistant"
            with opened(home, encoder) as index:
                index.ingest(collection.reading, progress_line(f"{collection.name}: indexing"))
                compared = _codecs if given.codecs else _variants
                print_table(collection, dict(compared(collection, index, encoder)))
    except AssistantError as error:
        sys.exit(str(error))


def _variants(
    collection: Collection, index: Index, encoder: Encoder
) -> Iterator[tuple[str, list[list[str]]]]:
    del encoder
    tell = progress_line("searching")
    asked = []
    for number, query in enumerate(collection.queries, 1):
        asked.append(ask(index, query.text))
        tell(number, len(collection.queries))
    for variant in VARIANTS:
        yield variant.label, [each.ranking(variant) for each in asked]


def _codecs(collection: Collection, index: Index, encoder: Encoder) -> Iterator[tuple[str, list[list[str]]]]:
    vectors = token_vectors(encoder, collection.papers)
    for codec in codecs(shipped_vectors(encoder)):
        kept = kept_by(codec, vectors)
        tell = progress_line(codec.label)
        rankings = []
        for number, query in enumerate(collection.queries, 1):
            rankings.append(ask(index, query.text, kept).ranking(AS_IT_IS))
            tell(number, len(collection.queries))
        yield f"{codec.label} ({codec.bytes_per_token:,} bytes a token)", rankings


def print_table(collection: Collection, rankings: Mapping[str, Sequence[Sequence[str]]]) -> None:
    """Print a row a variant and a column a group of queries, each with its difference from the first."""
    parts = groups(collection.queries)
    values: dict[str, dict[str, Floats]] = {
        label: measure(each, [query.relevant for query in collection.queries])
        for label, each in rankings.items()
    }
    baseline = next(iter(values.values()))
    print(f"| {collection.name} | " + " | ".join(name or "all" for name, _ in parts) + " |")
    print("| --- |" + " --- |" * len(parts))
    for label, measured in values.items():
        cells = []
        for _, members in parts:
            name = "recall@10" if _several(collection.queries, members) else "nDCG@10"
            now, before = measured[name][members], baseline[name][members]
            change = estimate(now - before)
            cells.append(
                f"{now.mean():.3f}"
                + ("" if measured is baseline else f" [{change.low:+.3f}, {change.high:+.3f}]")
            )
        print(f"| {label} | " + " | ".join(cells) + " |")


def _several(queries: Sequence[Query], members: Sequence[int]) -> bool:
    return queries[members[0]].suite in {"multi", "topic"}


if __name__ == "__main__":
    main()
