"""Whether the stores of a home hold the same: each one compared with the ledger, and with its checksums.

What a comparison needs is read here; `comparing` has the comparisons themselves.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assistant.errors import DamageError
from assistant.index.checksums import Checksums
from assistant.index.comparing import (
    REBUILD,
    Disagreement,
    Store,
    close,
    compare_tokens,
    compare_vectors,
    compare_words,
    expected_sketches,
    indexed,
    unlike_ledger,
)
from assistant.index.ledger import Ledger, State
from assistant.index.words import Words

if TYPE_CHECKING:
    from assistant.index.index import Index
    from assistant.index.vectors import HeldChunk, Vectors

AT_OPENING = 2_000
"""Vectors that are compared with their checksums whenever they are opened, which takes a moment; of
more, `assistant status --check` does it."""

OPENINGS = 3
"""Openings of which none finds a vector that is named as not found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What comparing the stores of a home gave."""

    papers: int
    unfinished: int
    """Papers that an ingest which was stopped has left to be indexed or removed; no disagreement."""
    unchecked: int
    """Papers that an older version indexed without checksums: their vectors and tokens are there, but only
    `rebuild` makes what they hold comparable."""
    disagreements: tuple[Disagreement, ...]

    @property
    def agreed(self) -> bool:
        """Whether every store holds what the ledger says."""
        return not self.disagreements


# What is compared whenever a store is opened


def unlike_words(words: Words, ledger: Ledger) -> str | None:
    """Say where the word index has not as many papers as the ledger; None where it has."""
    held, indexed = words.count(), ledger.counts()[State.INDEXED]
    return None if held == indexed else f"The word index holds {held} papers of {indexed}: {REBUILD}."


def unlike_vectors(vectors: "Vectors", ledger: Ledger, checksums: Checksums) -> str | None:
    """Say where Chroma has not as many chunks as were written, or of a small collection other vectors."""
    held, written = vectors.count(), checksums.chunks()
    if written is None:  # an older version indexed some: of those, each has at least one
        indexed = ledger.counts()[State.INDEXED]
        return None if held >= indexed else f"The vectors are {held}, of {indexed} papers: {REBUILD}."
    if held != written:
        return f"The vectors are {held}, and {written} were written: {REBUILD}."
    if held <= AT_OPENING:
        found, expected = vectors.sketches(), expected_sketches(checksums.all())
        if not close(found, expected):
            return f"Some vectors are not those that were written: {REBUILD}."
    return None


# What is compared when asked to


def check(index: "Index") -> Check:
    """Compare every store of a home with its ledger; call it with the home locked."""
    faults = index.ledger.faults()
    listed = index.ledger.vouched()
    records = {key: record for key, _, record in listed if record is not None}
    checksums = index.checksums.all()
    disagreements = [*unlike_ledger(faults, {key: title for key, title, record in listed if record is None})]
    counts = index.ledger.counts()
    try:
        index.words.reload()
        index.words.verify()
        lost = [record for record in indexed(records) if not index.words.finds(record)]
        disagreements += compare_words(records, index.words.papers(), {held.paper.paper_id for held in lost})
    except DamageError as error:
        disagreements.append(Disagreement(Store.WORDS, str(error)))
    has_vectors = False
    try:
        if (vectors := index.vectors) is not None:
            has_vectors = True
            held = _searched(vectors)
            if index.sharing is not None:
                # What another home is writing this moment is no stranger.
                unknown = {chunk.paper_id for chunk in held} - records.keys()
                strangers = index.sharing.strangers(unknown)
                held = [one for one in held if one.paper_id in records or one.paper_id in strangers]
            disagreements += compare_vectors(records, held, checksums, ranks_words=vectors.ranks_words)
    except DamageError as error:
        disagreements.append(Disagreement(Store.VECTORS, str(error)))
    if has_vectors or index.tokens.count():
        try:
            counted = index.tokens.frequencies()
            disagreements += compare_tokens(records, index.tokens.each(), counted, checksums)
        except DamageError as error:
            disagreements.append(Disagreement(Store.TOKENS, str(error)))
    return Check(
        papers=counts[State.INDEXED] + counts[State.PENDING],
        unfinished=counts[State.PENDING] + counts[State.LEAVING],
        unchecked=sum(held.paper.paper_id not in checksums for held in indexed(records)),
        disagreements=tuple(disagreements),
    )


def _searched(vectors: "Vectors") -> list["HeldChunk"]:
    """Go through all chunks, and look in other openings for what the first one does not find.

    Chroma puts what was written lately into a graph of each opening's own, side by side and so each time in
    another order: one may miss what the next finds.
    """
    vectors.reload()
    held = list(vectors.each())
    for _ in range(OPENINGS - 1):
        if all(chunk.found for chunk in held):
            break
        vectors.reload()
        found = {chunk.chunk_id for chunk in vectors.each() if chunk.found}
        held = [replace(chunk, found=chunk.found or chunk.chunk_id in found) for chunk in held]
    return held
