"""The nearest papers of a range of dates, in a collection of any size.

Chroma looks at every chunk's date in SQLite, and then searches its graph the longer, the fewer fit: in a
large collection either takes seconds. There the vectors of a few papers are all compared; where many fit, so
do many of the nearest, which are looked for whatever their date, and those of other dates left out.
"""

import math
from itertools import islice

from assistant.index.chunking import chunk_id
from assistant.index.encoder import Vector
from assistant.index.index import Index
from assistant.index.vectors import Vectors
from assistant.retrieval.filters import DateRange

SMALL = 2_000
"""Papers of a collection, up to which Chroma's own condition is quick."""
FEW = 1_000
"""Papers of a range, up to which all are compared."""
SPARE = 2.0
"""How many times as many are looked for as would do if dates had nothing to do with the question."""
MOST = 6_000
"""Chunks that are looked for at the most: of a range that has a hundredth of the papers, some sixty fit."""


def nearest(index: Index, vectors: Vectors, vector: Vector, limit: int, dates: DateRange) -> dict[str, float]:
    """Score papers by the cosine of their nearest chunk.

    Args:
        index: of the papers.
        vectors: its vectors.
        vector: the question's, shape `(dimension,)`, of length 1.
        limit: chunks that count.
        dates: of the papers that count. Those without a date are of no range.

    Returns:
        Cosines by paper, best first, of at most `limit`.
    """
    if not dates.bounded:
        return vectors.search(vector, limit)
    papers = index.words.count()
    if papers <= SMALL or index.sharing is not None:  # Chroma Cloud gives 300 chunks at the most
        return vectors.search(vector, limit, since=dates.since, until=dates.until)
    fitting = index.words.within(dates.since, dates.until, FEW + 1)
    if len(fitting) <= FEW:
        chunks = index.checksums.chunks_of(fitting)
        names = [chunk_id(key, number) for key in fitting for number in range(chunks.get(key, 1))]
        return dict(islice(vectors.cosines(vector, names).items(), limit))
    share = index.words.count_within(dates.since, dates.until) / papers
    most = max(MOST, limit)
    wanted = min(most, math.ceil(SPARE * limit / share))
    while True:
        found = vectors.search(vector, wanted)
        within = index.ledger.within(found, dates.since, dates.until)
        kept = [(key, cosine) for key, cosine in found.items() if key in within]
        if len(kept) >= limit or wanted == most:
            return dict(kept[:limit])
        wanted = most
