"""Abstracts by the million: the shipped corpus's sentences, recombined, with names coined anew.

A paper is made after a shipped one: as many sentences (or fewer, where that is asked for), of which some are
its own and the others are of the papers nearest to it. The names of methods in them, those that one shipped
paper or two have, give way to coined names of the same length, which are drawn so that some are common and
most are rare, as words are (Zipf). The title is the shipped one behind a coined name that no other paper has.

Nothing of this is encoded. A sentence keeps the token vectors that the encoder gave it in its own paper; a
paper's vector is the mean over them, as the encoder's pooling is, moved by Gaussian noise of the shipped
papers' covariance. That is near what the encoder would give, and not the same.
The first papers are the shipped ones as they are, so that the curated questions have an answer at any size.
"""

import pickle
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.answering.asking import COINED
from assistant.answering.sentences import sentences
from assistant.corpus import Listing, Paper, merge, paper_id, read_sources
from assistant.index.chunking import Chunk, chunks, embedded_text
from assistant.index.encoder import Encoder, Encoding, Matrix, Vector, unit
from assistant.index.ledger import Record, State
from assistant.index.quantisation import Codes
from assistant.index.tokens import OUTSIDE, PaperTokens, paper_tokens
from assistant.index.vectors import EmbeddedChunk
from assistant.resources import resource

BLOCK = 5_000
"""Papers that share a random number generator: paper and block are the same in collections of any size."""

NEAREST = 8
"""Shipped papers that lend sentences to one made after another."""
OWN = 4.0
"""How much likelier a sentence of its own is than one of theirs."""
NOISE = 0.3
"""Length of the noise, of a vector of length 1."""

FEW = 2
"""Shipped papers that have a name, at the most, for it to be coined anew."""
COMMON = 10_000_000
"""Names that can be drawn; the first are the commonest."""
SHORTEST = 4
"""Letters of a name that is coined anew."""

FIRST, LAST = date(2015, 1, 1), date(2024, 12, 31)
DATED = 0.8
"""The share of papers with a date."""

_CONSONANTS, _VOWELS = "bcdfghjklmnprstvxz", "aeiou"
_NAME = re.compile(r"^[\w+^-]+(?=:)")


@dataclass(frozen=True, slots=True)
class Borrowed:
    """A sentence of a shipped paper, with what the encoder made of it there."""

    text: str
    names: tuple[tuple[int, int], ...]
    """Where the names stand that are coined anew."""
    ids: NDArray[np.int32]
    spans: NDArray[np.int32]
    """Counted from the sentence's start."""
    codes: Codes
    total: Vector
    """The sum of the last layer's vectors of its tokens."""
    tokens: int


@dataclass(frozen=True, slots=True)
class Shipped:
    """A shipped paper: whole, as an ingest would write it, and in parts."""

    paper: Paper
    embedded: tuple[tuple[Chunk, Vector], ...]
    tokens: PaperTokens
    sentences: tuple[Borrowed, ...]
    title: str
    """Without a name at its head."""
    title_ids: NDArray[np.int32]
    title_codes: Codes
    rest: Vector
    """The sum of the vectors of all tokens that are in no sentence."""
    rest_tokens: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """A paper as an ingest would write it, encoder and all."""

    paper: Paper
    embedded: tuple[tuple[Chunk, Vector], ...]
    read: Callable[[], PaperTokens]
    """Brings the tokens together, which only the ledger needs."""

    @property
    def record(self) -> Record:
        return Record(self.paper, shipped=False, state=State.INDEXED)

    @property
    def chunks(self) -> list[EmbeddedChunk]:
        return [EmbeddedChunk(self.record, chunk, vector) for chunk, vector in self.embedded]


class Generator:
    """Draws papers, the same for the same seed."""

    def __init__(
        self, shipped: Sequence[Shipped], *, seed: int = 0, most: int | None = None, texts: bool = True
    ) -> None:
        """Work out which papers lend to which.

        Args:
            shipped: the shipped papers.
            seed: of everything that is drawn.
            most: sentences of a paper at the most; by default as many as the shipped one has.
            texts: whether the chunks that Chroma gets have their texts. No question reads them; its index of
                their trigrams takes half of the time, and nearly all of the space.
        """
        self._shipped = shipped
        self._seed = seed
        self._most = most
        self._texts = texts
        vectors = np.stack([one.embedded[0][1] for one in shipped])
        nearest = np.argsort(-(vectors @ vectors.T), axis=1, kind="stable")[:, : NEAREST + 1]
        self._pools = [
            [(paper, number) for paper in row.tolist() for number in range(len(shipped[paper].sentences))]
            for row in nearest
        ]
        self._weights = [
            np.log([OWN if paper == row else 1.0 for paper, _ in pool])
            for row, pool in enumerate(self._pools)
        ]
        # The factor gives noise of the shipped vectors' covariance; its mean squared length is scaled to 1.
        factor = (vectors - vectors.mean(axis=0)) / np.sqrt(len(vectors))
        self._factor: Matrix = (factor / np.linalg.norm(factor)).astype(np.float32)

    def block(self, number: int, end: int = BLOCK) -> list[Drawn]:
        """Draw the papers from `number * BLOCK` on, all of the block or the first so many."""
        random = np.random.default_rng([self._seed, number])
        noise = random.standard_normal((BLOCK, len(self._shipped)), np.float32) @ self._factor
        first = number * BLOCK
        return [
            self._kept(position)
            if position < len(self._shipped)
            else self._made(position, random, noise[position - first])
            for position in range(first, first + end)
        ]

    def _kept(self, position: int) -> Drawn:
        one = self._shipped[position]
        return Drawn(one.paper, one.embedded, lambda: one.tokens)

    def _made(self, position: int, random: np.random.Generator, noise: Vector) -> Drawn:
        base = int(random.integers(len(self._shipped)))
        model, pool, weights = self._shipped[base], self._pools[base], self._weights[base]
        count = min(len(model.sentences), self._most or len(model.sentences))
        # The largest of weights shifted by Gumbel's noise: drawn by weight, none twice.
        picked = np.argpartition(-(weights + random.gumbel(size=len(pool))), count - 1)[:count]
        order = sorted((pool[each][1], pool[each][0]) for each in picked.tolist())
        borrowed = [self._shipped[paper].sentences[number] for number, paper in order]
        names: dict[str, str] = {}
        texts = [_renamed(sentence, names, random) for sentence in borrowed]
        title = f"{coined(position)}: {model.title}"
        total = model.rest + np.sum([sentence.total for sentence in borrowed], axis=0)
        vector = unit(unit(total) + NOISE * noise)
        paper = Paper(
            paper_id=paper_id(title),
            title=title,
            text=" ".join(texts),
            published=_day(random),
            sources=("growth.jsonl",),
        )
        chunk = Chunk(f"{paper.paper_id}-0", paper.text if self._texts else "", 0)
        return Drawn(paper, ((chunk, vector),), partial(_together, model, borrowed, texts))


def _together(model: Shipped, borrowed: Sequence[Borrowed], texts: Sequence[str]) -> PaperTokens:
    starts = np.cumsum([0, *(len(text) + 1 for text in texts[:-1])]).tolist()
    spans = [sentence.spans + np.int32(start) for sentence, start in zip(borrowed, starts, strict=True)]
    return PaperTokens(
        np.concatenate([model.title_ids, *(sentence.ids for sentence in borrowed)]),
        np.concatenate([np.full((len(model.title_ids), 2), OUTSIDE, np.int32), *spans]),
        np.concatenate([model.title_codes, *(sentence.codes for sentence in borrowed)]),
    )


def coined(number: int, length: int = 0) -> str:
    """Coin a name: another for each number, of two capitals and at least so many letters.

    >>> coined(0), coined(1), coined(90, 9)
    ('BabaBa', 'CabaBa', 'BabebaBab')
    """
    syllables: list[str] = []
    rest = number
    while rest or len(syllables) < 3:  # noqa: PLR2004 - three syllables look like a name
        rest, here = divmod(rest, len(_CONSONANTS) * len(_VOWELS))
        vowel, consonant = divmod(here, len(_CONSONANTS))
        syllables.append(_CONSONANTS[consonant] + _VOWELS[vowel])
    while 2 * len(syllables) < length:
        syllables.append("ba")
    name = "".join(syllables[:-1]).capitalize() + syllables[-1].capitalize()
    return name[:length] if length else name


def _renamed(sentence: Borrowed, names: dict[str, str], random: np.random.Generator) -> str:
    text = sentence.text
    for start, end in sentence.names:
        old = text[start:end]
        if old.casefold() not in names:
            # Its logarithm drawn evenly, a number is drawn in proportion to its inverse: Zipf's law.
            names[old.casefold()] = coined(int(COMMON ** random.random()), len(old))
        text = text[:start] + names[old.casefold()] + text[end:]
    return text


def _day(random: np.random.Generator) -> date | None:
    if random.random() > DATED:
        return None
    return FIRST + timedelta(days=int(random.integers((LAST - FIRST).days + 1)))


# The shipped papers, encoded once


def read_shipped(folder: Path, encoder: Encoder, listings: Sequence[Listing] | None = None) -> list[Shipped]:
    """Give the shipped papers, or others, and what the encoder makes of them; kept in a file."""
    file = folder / "shipped.pickle"
    if not file.is_file():
        if listings is None:
            listings = read_sources([resource("corpus/papers.jsonl")]).listings
        file.write_bytes(pickle.dumps(_encoded([merge(listing) for listing in listings], encoder)))
    found: list[Shipped] = pickle.loads(file.read_bytes())  # noqa: S301 - our own
    return found


def _encoded(papers: Sequence[Paper], encoder: Encoder) -> list[Shipped]:
    cut = [chunks(paper) for paper in papers]
    texts = [
        embedded_text(paper.title, chunk.text) for paper, of in zip(papers, cut, strict=True) for chunk in of
    ]
    by_text = dict(zip(texts, encoder.encode(texts), strict=True))
    wholes = [embedded_text(paper.title, paper.text) for paper in papers]
    missing = [text for text in wholes if text not in by_text]
    by_text |= dict(zip(missing, encoder.encode(missing), strict=True))
    names = _few(papers)
    return [
        _shipped(paper, of, by_text, by_text[whole], names)
        for paper, of, whole in zip(papers, cut, wholes, strict=True)
    ]


def _few(papers: Sequence[Paper]) -> set[str]:
    """Give the names that few papers have."""
    counts = Counter(
        name
        for paper in papers
        for name in {match.group().casefold() for match in COINED.finditer(f"{paper.title} {paper.text}")}
    )
    return {name for name, count in counts.items() if count <= FEW and len(name) >= SHORTEST}


def _shipped(
    paper: Paper, of: Sequence[Chunk], by_text: dict[str, Encoding], whole: Encoding, names: set[str]
) -> Shipped:
    read = [(chunk, text, by_text[text]) for chunk in of for text in [embedded_text(paper.title, chunk.text)]]
    text = embedded_text(paper.title, paper.text)
    tokens = paper_tokens([(Chunk(paper.paper_id, paper.text, 0), text, whole)])
    offset = len(text) - len(paper.text)
    borrowed = []
    rest, rest_tokens = whole.states.sum(axis=0), len(whole.states)
    for sentence in sentences(paper.text):
        starts, ends = tokens.spans.T
        inside = (starts >= sentence.start) & (ends <= sentence.end)
        if not inside.any():
            continue  # beyond the encoder's window
        every = (whole.spans[:, 0] - offset >= sentence.start) & (whole.spans[:, 1] - offset <= sentence.end)
        total = whole.states[every].sum(axis=0)
        rest, rest_tokens = rest - total, rest_tokens - int(every.sum())
        borrowed.append(
            Borrowed(
                sentence.text,
                tuple(m.span() for m in COINED.finditer(sentence.text) if m.group().casefold() in names),
                tokens.ids[inside],
                tokens.spans[inside] - np.int32(sentence.start),
                tokens.codes[inside],
                total,
                int(every.sum()),
            )
        )
    title = _NAME.sub("", paper.title).lstrip(": ")
    in_title = tokens.spans[:, 0] == OUTSIDE
    return Shipped(
        paper,
        tuple((chunk, encoding.pooled()) for chunk, _, encoding in read),
        paper_tokens(read),
        tuple(borrowed),
        title,
        tokens.ids[in_title],
        tokens.codes[in_title],
        rest,
        rest_tokens,
    )
