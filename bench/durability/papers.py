"""The papers that the killed processes write, in two versions each, and their encodings, made once."""

import pickle
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant import Settings
from assistant.corpus import Listing, merge, read_sources
from assistant.index.chunking import chunks, embedded_text
from assistant.index.encoder import Encoding
from assistant.index.minilm import MiniLM
from assistant.index.minilm_weights import encoder_files

INVENTED = 150
"""Papers, where no pages are given: more than two batches of an ingest."""
LONG = 3
"""Those of them that have several chunks."""

REVISED = " This version corrects table {}."

_THINGS = ("kettle", "teapot", "glacier", "bridge", "doorbell", "sourdough", "carrot", "avalanche", "piano")
_METHODS = ("attention", "regression", "pruning", "distillation", "sampling", "alignment", "routing")


def invented(seed: int, count: int = INVENTED) -> list[Listing]:
    """Write short abstracts that nobody else has written."""
    chance = random.Random(seed)  # noqa: S311 - a corpus, no secret
    found = []
    for number in range(count):
        thing, method = chance.choice(_THINGS), chance.choice(_METHODS)
        text = (
            f"We study the {thing} numbered {number} by {method}. "
            f"On {chance.randint(100, 9_999)} samples it saves {chance.randint(1, 99)}% of the {thing}."
        )
        if number < LONG:
            text = " ".join(f"{text} Part {part} says more." for part in range(40))
        found.append(Listing(title=f"{method.title()} for {thing}s, {number}", text=text, source="a.jsonl"))
    return found


def papers_of(pages: Sequence[str], seed: int, count: int = INVENTED) -> list[Listing]:
    """Read the papers of pages, each once; without pages, invent some."""
    if not pages:
        return invented(seed, count)
    listings = read_sources(pages).listings
    return list({merge(listing).paper_id: listing for listing in listings}.values())


def text_of(listing: Listing, version: int) -> str:
    """Give the text of a paper in its first version, or in its second."""
    return listing.text + (REVISED.format(len(listing.title)) if version else "")


@dataclass(frozen=True)
class Remembered:
    """The real encoder's encodings of texts that are known before: a process starts without loading it."""

    encodings: dict[str, Encoding]
    name: str = MiniLM.name
    dimension: int = MiniLM.dimension

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        return [self.encodings[text] for text in texts]


def remember(papers: Sequence[Listing], cache: Path, file: Path) -> None:
    """Encode all that will be asked for, and write it to a file."""
    texts = {listing.title for listing in papers}
    for listing in papers:
        for version in (0, 1):
            paper = merge(Listing(title=listing.title, text=text_of(listing, version), source=""))
            texts.update(embedded_text(paper.title, chunk.text) for chunk in chunks(paper))
    ordered = sorted(texts)
    encoded = MiniLM(encoder_files(Settings(cache=cache))).encode(ordered)
    file.write_bytes(pickle.dumps(Remembered(dict(zip(ordered, encoded, strict=True)))))


def remembered(file: Path) -> Remembered:
    """Read what `remember` wrote."""
    found = pickle.loads(file.read_bytes())  # noqa: S301 - our own, of a moment ago
    assert isinstance(found, Remembered)  # noqa: S101 - for the types
    return found
