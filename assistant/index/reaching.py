"""Whether Chroma's graph leads to each of its vectors, and what makes it lead there again.

An approximate search goes from neighbour to neighbour (hnswlib: Malkov and Yashunin, 2018). Where a vector is
written over, or among many deleted ones, another may be left that is nobody's neighbour: no search gives it.
"""

from collections.abc import Callable, Iterable
from typing import Any

SAME = 1e-5
"""The cosine distance under which two vectors are one."""
TRIES = 5
"""How often vectors are given other neighbours, since each may take another one's."""
QUERIES = 20
"""Vectors searched for in a request: as many as Chroma's quota allows by default (`NumQueryEmbeddings`)."""


def reached(collection: Any, page: Any) -> list[bool]:
    """Say of each chunk of a page whether the search for its vector gives it, or one just like it.

    Args:
        collection: Chroma's.
        page: what it gives of some chunks, with their vectors.
    """
    found: list[bool] = []
    for start in range(0, len(page["ids"]), QUERIES):
        keys, rows = (page[field][start : start + QUERIES] for field in ("ids", "embeddings"))
        nearest = collection.query(query_embeddings=rows, n_results=1, include=["distances"])
        # One just like it may be found in its place: their distance from each other is none.
        found += [
            own in others or min(away, default=1.0) < SAME
            for own, others, away in zip(keys, nearest["ids"], nearest["distances"] or [], strict=True)
        ]
    return found


def mend(collection: Any, page: Any) -> int:
    """Write over the vectors of a page that are not reached, which gives them neighbours.

    Args:
        collection: Chroma's.
        page: as `reached` takes it.

    Returns:
        How many there were.
    """
    is_reached = zip(page["ids"], reached(collection, page), strict=True)
    lost = list(dict.fromkeys(key for key, found in is_reached if not found))
    if lost:
        _write_again(collection, lost)
    return len(lost)


def _write_again(collection: Any, keys: list[str]) -> None:
    """Write vectors as they are; of those that another home changes in that moment, delete the chunk.

    Its new text would have the old vector, which nobody could tell; what is missing is made anew by the next
    home that hears of the change, this one among them.
    """
    held = collection.get(ids=keys, include=["embeddings", "metadatas"])
    if not held["ids"]:
        return
    collection.update(ids=held["ids"], embeddings=held["embeddings"])
    before = dict(zip(held["ids"], held["metadatas"], strict=True))
    now = collection.get(ids=held["ids"], include=["metadatas"])
    changed = [key for key, one in zip(now["ids"], now["metadatas"], strict=True) if one != before[key]]
    if changed:
        collection.delete(ids=changed)


def until_reached(mending: Callable[[], Iterable[int]]) -> None:
    """Mend until nothing is left to be, up to `TRIES` times.

    Where very many vectors have the same few nearest ones, some may still not be reached.

    Args:
        mending: mends everything once, and gives how many were not reached.
    """
    for _ in range(TRIES):
        if not sum(mending()):
            return
