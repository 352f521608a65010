"""Bringing what was read into the ledger, and the other stores up to the ledger.

The two steps are apart so that a process may die between or within them: `write` is one transaction,
and `settle` does whatever the ledger's states say is left to do.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from assistant.corpus import Paper, Reading, Rejection, merge, paper_id
from assistant.index.checksums import Checksums
from assistant.index.comparing import covers
from assistant.index.embedding import Embedded, Read, embedded, embedded_before, encode
from assistant.index.encoder import Encoder
from assistant.index.kept import Kept
from assistant.index.ledger import Ledger, Record, State, content_hash
from assistant.index.sharing import Sharing
from assistant.index.tokens import Tokens
from assistant.index.vectors import Vectors
from assistant.index.words import Words

BATCH = 64
"""Papers indexed between two marks in the ledger: what a killed ingest may have to do again."""

CURATED = "curated"
"""The ledger's fact that someone chose this home's papers: the shipped ones never go into it again."""

ENCODER = "encoder"
"""The ledger's fact that names the encoder of the index."""

DISCARDING = "discarding"
"""The ledger's fact that a rebuild has not yet deleted what it makes anew."""

THINNED = "thinned"
"""The ledger's fact that vectors were deleted, or soon are, from the folder of them; empty in a new one."""

REMAKING = "remaking"
"""The ledger's fact that the vectors on a shared server are to be made anew, though they look right."""

Progress = Callable[[int, int], None]
"""Told, as indexing goes on, how many papers are done and how many there are to do."""


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
class Stores:
    """The stores of a home, and the encoder where the index has vectors."""

    ledger: Ledger
    words: Words
    vectors: Vectors | None
    tokens: Tokens
    kept: Kept
    checksums: Checksums
    encoder_name: str
    encoder: Callable[[], Encoder]
    """Loads the encoder: called only when there is something to encode."""
    sharing: Sharing | None = None
    """Where a server holds papers and vectors for several homes."""


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
        if planned.report.updated:
            ledger.set_fact(THINNED, "yes")  # before the first of their vectors gives way
        for key, paper in planned.papers.items():
            ledger.put(
                paper, shipped=shipped, state=State.PENDING if key in planned.pending else State.INDEXED
            )


def settle(stores: Stores, progress: Progress | None = None) -> None:
    """Bring the other stores up to the ledger; call it with the home locked.

    While a batch is written, the next one is encoded.
    """
    _let_go(stores)
    done, total = 0, stores.ledger.counts()[State.PENDING]
    left, wrote = total, False
    tell = progress if progress is not None and total else lambda *_: None
    tell(done, total)
    written: Future[int] | None = None
    being_written: frozenset[str] = frozenset()
    with ThreadPoolExecutor(1) as beside:
        while batch := _next_batch(stores.ledger, being_written):
            if stores.sharing is not None and written is not None:
                written.result()  # a server is told of one batch after the other
            prepared = _prepare(stores, batch)
            if written is not None:
                done += written.result()
                tell(done, total)
            left -= len(batch)
            wrote = wrote or prepared.writes
            written = beside.submit(_write_batch, stores, batch, prepared, mending=wrote and left <= 0)
            being_written = frozenset(record.paper.paper_id for record in batch)
        if written is not None:
            written.result()
    stores.kept.drop_former()
    tell(total, total)


def _next_batch(ledger: Ledger, being_written: AbstractSet[str]) -> list[Record]:
    """Give the oldest papers that wait, without those that are not marked yet, but soon will be."""
    waiting = ledger.in_state(State.PENDING, BATCH + len(being_written))
    return [record for record in waiting if record.paper.paper_id not in being_written][:BATCH]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A batch that has been read by the encoder, as far as it has to be, and can be written."""

    published: Sequence[Record]
    """Papers that the server has from now on, of which other homes are still to be told."""
    needs: "_Needs"
    read: Sequence[Read]
    before: Sequence[Embedded]
    """Papers that need not be read by it again."""

    @property
    def writes(self) -> bool:
        """Whether vectors are written, or were before this home was killed; else others wrote them all."""
        return bool(self.needs.vectors or self.published)


def _prepare(stores: Stores, batch: Sequence[Record]) -> _Prepared:
    published = stores.sharing.publish(batch) if stores.sharing is not None else []
    needs = _needs(stores, batch)
    if stores.vectors is None or not needs.anything:
        return _Prepared(published, needs, [], [])
    before = embedded_before(needs.anything, stores.kept.of(needs.anything, stores.encoder_name))
    known = {one.record.paper.paper_id for one in before}
    unread = [held for held in needs.anything if held.paper.paper_id not in known]
    return _Prepared(published, needs, encode(unread, stores.encoder()) if unread else [], before)


def _write_batch(stores: Stores, batch: Sequence[Record], prepared: _Prepared, *, mending: bool) -> int:
    """Write papers into every store, and mark them when all have them; gives how many they are.

    Args:
        stores: of the home.
        batch: the papers.
        prepared: what the encoder made of them.
        mending: whether to look through all vectors for those that no search finds.
    """
    needs = prepared.needs
    made = {one.record.paper.paper_id: one for one in (*prepared.before, *embedded(prepared.read))}
    if stores.vectors is not None:
        lacking = [made[held.paper.paper_id] for held in needs.vectors if held.paper.paper_id in made]
        chunks = [chunk for one in lacking for chunk in one.vectors()]
        # An older version has left no such fact, and what others did on a server nobody notes.
        thinned = stores.sharing is not None or stores.ledger.fact(THINNED) != ""
        stores.vectors.replace(needs.vectors, chunks, thinned=thinned)
        if mending and thinned:
            stores.vectors.mend()
    if stores.sharing is not None:
        stores.sharing.note(prepared.published, curated=bool(stores.ledger.fact(CURATED)))
    stores.words.replace(batch)
    with stores.ledger.transaction():
        checksums = stores.tokens.replace([(key, one.encoded.tokens) for key, one in made.items()])
        stores.kept.replace(
            [(one.record, one.encoded) for one in made.values()], checksums, stores.encoder_name
        )
        stores.checksums.replace(
            needs.anything, checksums, {key: one.sketches() for key, one in made.items()}
        )
        if stores.sharing is not None:
            stores.sharing.published(batch)
        stores.ledger.mark(batch, State.INDEXED)
        stores.ledger.advance()
        stores.tokens.seal()
    return len(batch)


@dataclass(frozen=True, slots=True)
class _Needs:
    """What of a batch has to be made."""

    anything: Sequence[Record]
    """Papers that have to be read by the encoder, and kept checksums of."""
    vectors: Sequence[Record]
    """Those of them whose vectors have to be written."""


def _needs(stores: Stores, batch: Sequence[Record]) -> _Needs:
    """Find out what is there already: another home may have made the vectors, and this one the rest."""
    if stores.sharing is None:
        return _Needs(batch, batch)
    made = stores.checksums.made(held.paper.paper_id for held in batch)
    vectors: Sequence[Record] = []
    if stores.vectors is not None:
        texts = stores.vectors.texts(batch)
        remaking = bool(stores.ledger.fact(REMAKING))
        ranks_words = stores.vectors.ranks_words
        vectors = [
            held
            for held in batch
            if remaking or not covers(held.paper, texts.get(held.paper.paper_id, {}), ranks_words=ranks_words)
        ]
    written = {held.paper.paper_id for held in vectors}
    anything = [held for held in batch if held.paper.paper_id in written or held.paper.paper_id not in made]
    return _Needs(anything, vectors)


def _let_go(stores: Stores) -> None:
    leaving = stores.ledger.in_state(State.LEAVING)
    if not leaving:
        return
    with stores.ledger.transaction():
        stores.ledger.set_fact(THINNED, "yes")
    for start in range(0, len(leaving), BATCH):
        batch = leaving[start : start + BATCH]
        # What another home has removed from the server, it may have taken up again by now.
        gone = batch if stores.sharing is None else stores.sharing.withdraw(batch)
        if stores.vectors is not None:
            stores.vectors.forget(gone)
        if stores.sharing is not None:
            stores.sharing.note(gone, curated=bool(stores.ledger.fact(CURATED)))
    stores.words.replace(leaving, leaving=True)
    with stores.ledger.transaction():
        ids = [held.paper.paper_id for held in leaving]
        stores.tokens.forget(ids)
        stores.kept.forget(ids)
        stores.checksums.forget(ids)
        if stores.sharing is not None:
            stores.sharing.withdrawn(leaving)
        stores.ledger.erase(leaving)
        stores.ledger.advance()
        stores.tokens.seal()


def leave_no_others(stores: Stores) -> None:
    """Delete the vectors on a server that are of none of its papers, after the vectors were made anew."""
    if stores.sharing is None or not stores.ledger.fact(REMAKING):
        return
    if stores.vectors is not None:
        # Listed first: whoever takes a paper up lists it before it writes its vectors.
        of_chunk = {key: key.rpartition("-")[0] for key in stores.vectors.chunk_ids()}
        strangers = stores.sharing.strangers(of_chunk.values())
        stores.vectors.discard([key for key, paper in of_chunk.items() if paper in strangers])
    with stores.ledger.transaction():
        stores.ledger.set_fact(REMAKING, "")


def forget_derived(
    ledger: Ledger, kept: Kept, checksums: Checksums, encoder: str, *, shared: bool = False
) -> None:
    """Have everything but the papers made anew, by this encoder; call it with the home locked.

    Args:
        ledger: the papers.
        kept: what the encoder made of them.
        checksums: those of what was written.
        encoder: the name of the encoder.
        shared: whether the vectors are on a server, where they stay until others take their place.
    """
    with ledger.transaction():
        # A process may die before, or while, the folders of the other stores are deleted.
        ledger.set_fact(DISCARDING, "yes")
        ledger.set_fact(REMAKING, "yes" if shared else "")
        kept.set_aside()
        checksums.clear()
        ledger.set_fact(ENCODER, encoder)
        ledger.mark_all(State.PENDING, among=State.INDEXED)
