"""Bringing what was read into the ledger, in one transaction; `settling` brings the other stores up to it."""

from collections.abc import Mapping
from dataclasses import dataclass

from assistant.corpus import Paper, Reading, Rejection, merge, paper_id
from assistant.index.ledger import Ledger, Record, State, content_hash

CURATED = "curated"
"""The ledger's fact that someone chose this home's papers: the shipped ones never go into it again."""

ENCODER = "encoder"
"""The ledger's fact that names the encoder of the index."""

THINNED = "thinned"
"""The ledger's fact that vectors were deleted, or soon are, from the folder of them; empty in a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """What an ingest did."""

    listings: int = 0
    """Records read, the same paper as often as it was listed."""
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: tuple[Rejection, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a reading will change."""

    papers: dict[str, Paper]
    """Each paper listed, merged, by its identifier."""
    pending: frozenset[str]
    """Those of them that need indexing."""
    report: IngestReport


def plan(
    reading: Reading, known: Mapping[str, Record], *, shipped: bool = False, shared: bool = False
) -> Plan:
    """Work out what a reading changes; changes nothing.

    To a user's own reading, papers that are leaving or that only the repository shipped are unknown.

    Args:
        reading: what was read.
        known: the ledger's records of the papers listed, by identifier.
        shipped: whether it is the repository's own corpus.
        shared: whether a server is to have every change, and not only those that need indexing.
    """
    held = {
        key: record
        for key, record in known.items()
        if record.state is not State.LEAVING and (shipped or not record.shipped)
    }
    papers: dict[str, Paper] = {}
    for listing in reading.listings:
        key = paper_id(listing.title)
        before = papers.get(key) or (held[key].paper if key in held else None)
        papers[key] = merge(listing, before)
    changed = {
        key
        for key in papers.keys() & held.keys()
        if content_hash(papers[key]) != content_hash(held[key].paper)
    }
    added = papers.keys() - held.keys()
    told = {key for key in papers.keys() & held.keys() if shared and papers[key] != held[key].paper}
    waiting = {key for key in papers.keys() & held.keys() if held[key].state is State.PENDING}
    return Plan(
        papers,
        frozenset(added | changed | told | waiting),
        IngestReport(
            listings=len(reading.listings),
            added=len(added),
            updated=len(changed),
            unchanged=len(papers) - len(added) - len(changed),
            rejected=reading.rejected,
        ),
    )


def write(planned: Plan, ledger: Ledger, *, shipped: bool = False) -> None:
    """Write a plan into the ledger, in one transaction; call it with the home locked.

    The first reading of a user's own makes the papers that the repository shipped give way.
    """
    if not planned.papers:
        return
    with ledger.transaction():
        if not shipped:
            ledger.set_fact(CURATED, "yes")
            ledger.mark_shipped_leaving()
        if planned.report.updated or ledger.has()[State.LEAVING]:
            ledger.set_fact(THINNED, "yes")  # before the first of their vectors gives way
        for key, paper in planned.papers.items():
            ledger.put(
                paper, shipped=shipped, state=State.PENDING if key in planned.pending else State.INDEXED
            )
