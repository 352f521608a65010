"""Bringing the other stores of a home up to its ledger, whatever its states say is left to do.

A process may die at any moment of it: the next one finds what is left, and does it.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from assistant.index.checksums import Checksums
from assistant.index.comparing import covers
from assistant.index.embedding import Embedded, Read, embedded, embedded_before, encode
from assistant.index.encoder import Encoder
from assistant.index.ingest import CURATED, ENCODER, THINNED
from assistant.index.kept import Kept
from assistant.index.ledger import Ledger, Record, State
from assistant.index.sharing import Sharing
from assistant.index.tokens import Tokens
from assistant.index.vectors import Vectors
from assistant.index.words import Words

BATCH = 64
"""Papers indexed between two marks in the ledger: what a killed ingest may have to do again."""

DISCARDING = "discarding"
"""The ledger's fact that a rebuild has not yet deleted what it makes anew."""

REMAKING = "remaking"
"""The ledger's fact that the vectors on a shared server are to be compared with new ones, each of them."""

UNMENDED = "unmended"
"""The ledger's fact that vectors were written or deleted, or are soon, so that Chroma's graph may have no way
to some."""

Progress = Callable[[int, int], None]
"""Told, as indexing goes on, how many papers are done and how many there are to do."""


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


def settle(stores: Stores, progress: Progress | None = None) -> None:
    """Bring the other stores up to the ledger; call it with the home locked.

    While a batch is written, the next one is encoded.
    """
    # Whoever died before all vectors were looked through may have left some of these that are not found.
    comparing = bool(stores.ledger.fact(REMAKING) or stores.ledger.fact(UNMENDED))
    _let_go(stores)
    done, total = 0, stores.ledger.counts()[State.PENDING]
    left = total
    tell = progress if progress is not None and total else lambda *_: None
    tell(done, total)
    written: Future[int] | None = None
    being_written: frozenset[str] = frozenset()
    with ThreadPoolExecutor(1) as beside:
        while batch := _next_batch(stores.ledger, being_written):
            if stores.sharing is not None and written is not None:
                written.result()  # a server is told of one batch after the other
            prepared = _prepare(stores, batch, comparing=comparing)
            if written is not None:
                done += written.result()
                tell(done, total)
            left -= len(batch)
            written = beside.submit(_write_batch, stores, batch, prepared, last=left <= 0)
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


def _prepare(stores: Stores, batch: Sequence[Record], *, comparing: bool) -> _Prepared:
    published = stores.sharing.publish(batch) if stores.sharing is not None else []
    needs = _needs(stores, batch, comparing=comparing)
    if stores.vectors is None or not needs.anything:
        return _Prepared(published, needs, [], [])
    before = embedded_before(needs.anything, stores.kept.of(needs.anything, stores.encoder_name))
    known = {one.record.paper.paper_id for one in before}
    unread = [held for held in needs.anything if held.paper.paper_id not in known]
    return _Prepared(published, needs, encode(unread, stores.encoder()) if unread else [], before)


def _write_batch(stores: Stores, batch: Sequence[Record], prepared: _Prepared, *, last: bool) -> int:
    """Write papers into every store, and mark them when all have them; gives how many they are."""
    needs = prepared.needs
    made = {one.record.paper.paper_id: one for one in (*prepared.before, *embedded(prepared.read))}
    if stores.vectors is not None and needs.vectors:
        _write_vectors(stores, stores.vectors, needs.vectors, made)
    if last:
        _mend(stores)
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


def _write_vectors(
    stores: Stores, vectors: Vectors, records: Sequence[Record], made: Mapping[str, Embedded]
) -> None:
    thinned = stores.ledger.fact(THINNED) != ""  # an older version has left no such fact
    if stores.sharing is not None:
        # While these were encoded, another home may have changed or removed some: they are its own to write.
        records = stores.sharing.unchanged(records)
    if records and (thinned or stores.sharing is not None):
        _note_unmended(stores)
    given = [made[held.paper.paper_id] for held in records if held.paper.paper_id in made]
    vectors.replace(records, [chunk for one in given for chunk in one.vectors()], thinned=thinned)


def _note_unmended(stores: Stores) -> None:
    if not stores.ledger.fact(UNMENDED):
        with stores.ledger.transaction():
            stores.ledger.set_fact(UNMENDED, "yes")


def _mend(stores: Stores) -> None:
    """Look for the vectors that no search finds, where there may be some, and give them neighbours."""
    if stores.vectors is not None and stores.ledger.fact(UNMENDED):
        stores.vectors.mend()
        with stores.ledger.transaction():
            stores.ledger.set_fact(UNMENDED, "")


@dataclass(frozen=True, slots=True)
class _Needs:
    """What of a batch has to be made."""

    anything: Sequence[Record]
    """Papers that have to be read by the encoder, and kept checksums of."""
    vectors: Sequence[Record]
    """Those of them whose vectors have to be written."""


def _needs(stores: Stores, batch: Sequence[Record], *, comparing: bool) -> _Needs:
    """Find out what is there already: another home may have made the vectors, and this one the rest.

    Args:
        stores: of the home.
        batch: the papers.
        comparing: whether vectors are to be made of all of them, and compared with those that are there.
    """
    if stores.sharing is None:
        return _Needs(batch, batch)
    made = stores.checksums.made(held.paper.paper_id for held in batch)
    vectors: Sequence[Record] = []
    if stores.vectors is not None:
        texts, ranks_words = stores.vectors.texts(batch), stores.vectors.ranks_words
        vectors = [
            held
            for held in batch
            if comparing
            or not covers(held.paper, texts.get(held.paper.paper_id, {}), ranks_words=ranks_words)
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
            forgotten = [*gone, *_left_behind(stores, batch, gone)]
            if forgotten and stores.sharing is not None:
                _note_unmended(stores)
            stores.vectors.forget(forgotten)
        if stores.sharing is not None:
            stores.sharing.note(gone, curated=bool(stores.ledger.fact(CURATED)))
    if not stores.ledger.has()[State.PENDING]:
        _mend(stores)  # before they are erased: whoever dies in it finds them leaving still
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


def _left_behind(stores: Stores, leaving: Sequence[Record], gone: Sequence[Record]) -> list[Record]:
    """Choose the papers of which a home without vectors has left those on the server that it removed."""
    known = {held.paper.paper_id for held in gone}
    others = [held for held in leaving if held.paper.paper_id not in known]
    if stores.sharing is None or stores.vectors is None or not others:
        return []
    # In this order: whoever takes a paper up again lists it before it writes its vectors. Who does so in this
    # very moment loses them again; the next home that hears of it makes them anew.
    absent = stores.sharing.strangers(stores.vectors.texts(others))
    return [held for held in others if held.paper.paper_id in absent]


def leave_no_others(stores: Stores) -> None:
    """Delete the vectors on a server that are of none of its papers, after the others were compared."""
    if stores.sharing is None or not stores.ledger.fact(REMAKING):
        return
    if stores.vectors is not None:
        # Listed first: whoever takes a paper up lists it before it writes its vectors.
        of_chunk = {key: key.rpartition("-")[0] for key in stores.vectors.chunk_ids()}
        strangers = stores.sharing.strangers(of_chunk.values())
        if strangers:
            _note_unmended(stores)
        stores.vectors.discard([key for key, paper in of_chunk.items() if paper in strangers])
        _mend(stores)
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
        shared: whether the vectors are on a server, where those that are as they should be stay.
    """
    with ledger.transaction():
        # A process may die before, or while, the folders of the other stores are deleted.
        ledger.set_fact(DISCARDING, "yes")
        ledger.set_fact(REMAKING, "yes" if shared else "")
        kept.set_aside()
        checksums.clear()
        ledger.set_fact(ENCODER, encoder)
        ledger.mark_all(State.PENDING, among=State.INDEXED)
