"""The words of papers and questions as sparse vectors, for a server that ranks by them.

BM25 is the product of two vectors. A question's says how rare each of its stems is, which the server counts
(`bm25` of its index, Chroma's `idf.rs`: ln(1 + (N - n + 0.5) / (n + 0.5))); a paper's says how often each of
its stems is there, damped, and measured by the paper's length (Robertson and Zaragoza, 2009). What differs
from the words at home: the average length is a constant, since a vector is written once, and N counts chunks.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from assistant.corpus import Paper
from assistant.index.words import analyzer, words_of

if TYPE_CHECKING:
    from chromadb.base_types import SparseVector

KEY = "words"
"""The metadata of a paper's first chunk that has the vector of the whole paper."""

K1, B = 1.2, 0.75
"""As Tantivy has them."""
USUAL_LENGTH = 157
"""Stems of a paper: the mean of the shipped ones."""

DIGITS = 4
"""Behind the point of a value, of at most K1 + 1."""
MOST = 400
"""Stems of a vector, of a longer paper those that count most: the cloud takes 8,182 bytes of metadata."""


def paper_vector(paper: Paper) -> "SparseVector":
    """Give a paper's side of BM25: for each of its stems, how much its frequency counts."""
    counts = _counts(words_of(paper))
    norm = K1 * (1 - B + B * sum(counts.values()) / USUAL_LENGTH)
    return _sparse({stem: count * (K1 + 1) / (count + norm) for stem, count in counts.items()})


def question_vector(text: str) -> "SparseVector | None":
    """Give a question's side of it but for the rarity of its stems; None where it has none."""
    counts = _counts(text)
    return _sparse(dict.fromkeys(counts, 1.0)) if counts else None


def has_sparse(schema: Mapping[str, Any] | None, key: str) -> bool:
    """Tell whether a collection's schema, as a server writes it, has sparse vectors of this key.

    >>> index = {"sparse_vector": {"sparse_vector_index": {"enabled": True}}}
    >>> has_sparse({"keys": {"words": index}}, "words")
    True
    """
    index = ((schema or {}).get("keys") or {}).get(key) or {}
    return bool(((index.get("sparse_vector") or {}).get("sparse_vector_index") or {}).get("enabled"))


def _counts(text: str) -> Counter[int]:
    return Counter(_number(stem) for stem in analyzer().analyze(text))


def _number(stem: str) -> int:
    """Give a stem its dimension, 31 bits of a digest: no list of words has to be shared between homes."""
    return int.from_bytes(hashlib.blake2b(stem.encode(), digest_size=4).digest(), "big") >> 1


def _sparse(weights: dict[int, float]) -> "SparseVector":
    from chromadb.base_types import SparseVector

    dimensions = sorted(sorted(weights, key=weights.__getitem__)[-MOST:])
    return SparseVector(dimensions, [round(weights[dimension], DIGITS) for dimension in dimensions])
