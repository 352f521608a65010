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


def reached(collection: Any, page: Any) -> list[bool]:
    """Say of each chunk of a page whether the search for its vector gives it, or one just like it.

    Args:
        collection: Chroma's.
        page: what it gives of some chunks, with their vectors.
    """
    if not page["ids"]:
        return []
    nearest = collection.query(query_embeddings=page["embeddings"], n_results=1, include=["distances"])
    first = zip(page["ids"], nearest["ids"], nearest["distances"] or [], strict=True)
    # One just like it may be found in its place: their distance from each other is none.
    return [own in others or min(away, default=1.0) < SAME for own, others, away in first]


def mend(collection: Any, pages: Callable[[], Iterable[Any]], size: int) -> None:
    """Write over the vectors that are not reached, which gives them neighbours, up to `TRIES` times.

    Args:
        collection: Chroma's.
        pages: gets the chunks in question, with their vectors, as they are then.
        size: how many may be read and written at once.
    """
    for _ in range(TRIES):
        lost = [
            key
            for page in pages()
            for key, is_reached in zip(page["ids"], reached(collection, page), strict=True)
            if not is_reached
        ]
        if not lost:
            return
        for start in range(0, len(lost), size):
            # As they are by now: on a server, another home may have written or deleted some meanwhile.
            held = collection.get(ids=lost[start : start + size], include=["embeddings"])
            if held["ids"]:
                collection.update(ids=held["ids"], embeddings=held["embeddings"])
