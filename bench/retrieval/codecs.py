"""Ways to keep token vectors, to compare with the one that the index has."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.corpus import Paper, read_sources
from assistant.index.chunking import embedded_text
from assistant.index.encoder import Encoder, Matrix, unit
from assistant.index.quantisation import BOUNDARY, LEVELS
from assistant.index.tokens import worded
from assistant.resources import resource

SEED = 0


@dataclass(frozen=True, slots=True)
class Codec:
    """A way to keep token vectors, said by what is left of them."""

    label: str
    bytes_per_token: int
    left: Callable[[Matrix], Matrix]
    """From vectors of length 1, shape `(tokens, dimension)`, to what comes back of them, shaped alike."""


def codecs(learnt_from: Matrix) -> list[Codec]:
    """Give the codecs that are compared, with directions learnt from some token vectors."""
    mean = learnt_from.mean(axis=0)
    plain, centred = _directions(learnt_from), _directions(learnt_from - mean)
    dimension = learnt_from.shape[1]

    def rotated(components: int, rounded: Callable[[Matrix], Matrix]) -> Callable[[Matrix], Matrix]:
        rotation, _ = np.linalg.qr(np.random.default_rng(SEED).normal(size=(components, components)))
        basis = (centred[:, :components] @ rotation).astype(np.float32)

        def left(vectors: Matrix) -> Matrix:
            rest = (vectors - mean) @ basis
            levels = rounded(rest)
            # Exact for the product with itself, and so right on average for others.
            scale = (rest * rest).sum(axis=1) / np.maximum((rest * levels).sum(axis=1), 1e-12)
            return np.asarray((levels * scale[:, None]) @ basis.T + mean, np.float32)

        return left

    def bytes_of(components: int) -> Callable[[Matrix], Matrix]:
        basis = plain[:, :components]

        def left(vectors: Matrix) -> Matrix:
            kept = vectors @ basis
            scale = np.abs(kept).max(axis=1, keepdims=True) / 127
            return np.asarray((np.round(kept / scale) * scale) @ basis.T, np.float32)

        return left

    return [
        Codec("full precision", 4 * dimension, lambda vectors: vectors),
        Codec("64 components, a byte each, not centred", 64 + 2, bytes_of(64)),
        Codec("128 components, four bits each", 64 + 2, rotated(128, _four_bits)),
        Codec("256 components, two bits each", 64 + 2, rotated(256, _two_bits)),
        Codec(f"{dimension} components, a bit each", dimension // 8 + 2, rotated(dimension, np.sign)),
        Codec(f"{dimension} components, two bits each", dimension // 4 + 2, rotated(dimension, _two_bits)),
    ]


def token_vectors(encoder: Encoder, papers: Sequence[Paper]) -> dict[str, Matrix]:
    """Encode papers, each in one window, as the index does; gives their token vectors, of length 1."""
    texts = [embedded_text(paper.title, paper.text) for paper in papers]
    encodings = encoder.encode(texts)
    return {
        paper.paper_id: unit(encoding.states[worded(text, encoding)])
        for paper, text, encoding in zip(papers, texts, encodings, strict=True)
    }


def shipped_vectors(encoder: Encoder) -> Matrix:
    """Encode the shipped papers: what directions are learnt from."""
    listings = read_sources([resource("corpus/papers.jsonl")]).listings
    papers = [
        Paper(paper_id=str(number), title=listing.title, text=listing.text)
        for number, listing in enumerate(listings)
    ]
    return np.concatenate(list(token_vectors(encoder, papers).values()))


def kept_by(codec: Codec, vectors: Mapping[str, Matrix]) -> dict[str, Matrix]:
    """Put the token vectors of papers through a codec."""
    return {paper: codec.left(each) for paper, each in vectors.items()}


def _directions(vectors: Matrix) -> Matrix:
    _, found = np.linalg.eigh(vectors.astype(np.float64).T @ vectors)
    return np.asarray(found[:, ::-1], np.float32)


def _two_bits(vectors: Matrix) -> Matrix:
    edge = BOUNDARY * vectors.std(axis=1, keepdims=True)
    chosen = (vectors > -edge).astype(np.uint8) + (vectors > 0) + (vectors > edge)
    return np.asarray(LEVELS[chosen], np.float32)


def _four_bits(vectors: Matrix) -> Matrix:
    """Round to sixteen even steps, the best even ones for a normal variable (Max 1960, table II)."""
    step = 0.3352 * vectors.std(axis=1, keepdims=True)
    return np.asarray(np.clip(np.floor(vectors / step), -8, 7) + 0.5, np.float32)
