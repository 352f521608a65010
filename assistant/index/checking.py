"""Whether the stores of a home hold the same: each one compared with the ledger, and with its checksums.

What a comparison needs is read first; the comparisons themselves are functions of values.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from assistant.corpus import Paper
from assistant.errors import DamageError
from assistant.index.checksums import TOLERANCE, Checksum, Checksums
from assistant.index.ledger import Ledger, Record, State, content_hash
from assistant.index.tokens import PaperTokens
from assistant.index.words import Words, day_number

if TYPE_CHECKING:
    from assistant.index.index import Index
    from assistant.index.vectors import ChunkText, HeldChunk, Vectors

REBUILD = "run assistant ingest --rebuild"
AT_OPENING = 2_000
"""Vectors that are compared with their checksums whenever they are opened, which takes 90 milliseconds; of
more, `assistant status --check` does it."""
NAMED = 3
"""Papers that a sentence names."""


class Store(StrEnum):
    """Where something is held."""

    LEDGER = "ledger"
    VECTORS = "vectors"
    WORDS = "words"
    TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One thing in which a store is not what the ledger says."""

    store: Store
    sentence: str
    """What is wrong, and its cure."""
    papers: tuple[str, ...] = ()
    """The identifiers of the papers concerned, where it is about papers."""


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
        found, expected = vectors.sketches(), _expected(checksums.all())
        if not _close(found, expected):
            return f"Some vectors are not those that were written: {REBUILD}."
    return None


def _expected(checksums: Mapping[str, Checksum]) -> dict[str, tuple[float, float]]:
    return {
        f"{key}-{number}": (float(row[0]), float(row[1]))
        for key, checksum in checksums.items()
        for number, row in enumerate(checksum.sketches)
    }


def _close(found: Mapping[str, tuple[float, float]], written: Mapping[str, tuple[float, float]]) -> bool:
    same = found.keys() == written.keys()
    rows = [found[key] for key in written] if same else []
    return same and bool(np.allclose(rows, list(written.values()), rtol=0, atol=TOLERANCE))


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
        lost = [record for record in _indexed(records) if not index.words.finds(record)]
        disagreements += compare_words(records, index.words.papers(), {held.paper.paper_id for held in lost})
    except DamageError as error:
        disagreements.append(Disagreement(Store.WORDS, str(error)))
    has_vectors = False
    try:
        if (vectors := index.vectors) is not None:
            has_vectors = True
            vectors.reload()
            held = list(vectors.each())
            if index.sharing is not None:
                # What another home is writing this moment is no stranger.
                unknown = {chunk.paper_id for chunk in held} - records.keys()
                strangers = index.sharing.strangers(unknown)
                held = [one for one in held if one.paper_id in records or one.paper_id in strangers]
            disagreements += compare_vectors(records, held, checksums)
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
        unchecked=sum(held.paper.paper_id not in checksums for held in _indexed(records)),
        disagreements=tuple(disagreements),
    )


def _indexed(records: Mapping[str, Record]) -> list[Record]:
    return [held for held in records.values() if held.state is State.INDEXED]


def unlike_ledger(faults: Sequence[str], changed: Mapping[str, str]) -> Iterable[Disagreement]:
    """Say what is wrong with the ledger itself.

    Args:
        faults: what SQLite finds wrong with the file.
        changed: titles, by paper, of what is not what was written.
    """
    if faults:
        yield Disagreement(
            Store.LEDGER,
            f"The ledger's file is damaged ({faults[0].splitlines()[-1]}): assistant papers export prints "
            "the papers that can still be read, to be ingested into a new home.",
        )
    if changed:
        yield Disagreement(
            Store.LEDGER,
            f"The ledger holds something else than was written of {_named(changed)}: "
            "ingest their pages again.",
            tuple(changed),
        )


def compare_words(
    records: Mapping[str, Record], held: Counter[str], unfound: Collection[str]
) -> Iterable[Disagreement]:
    """Compare the word index with the ledger.

    Args:
        records: the ledger's, by paper.
        held: how often the index holds each paper.
        unfound: papers that their own words do not find.
    """
    yield from _presence(Store.WORDS, "word index", records, held.keys())
    if twice := _titles(records, [key for key, times in held.items() if times > 1]):
        yield _of_papers(Store.WORDS, "The word index holds more than once", twice)
    if unlike := _titles(records, [key for key in unfound if key in held]):
        yield _of_papers(Store.WORDS, "The word index has not the words, or the date, of", unlike)


def compare_vectors(
    records: Mapping[str, Record], held: Iterable["HeldChunk"], checksums: Mapping[str, Checksum]
) -> Iterable[Disagreement]:
    """Compare what Chroma holds with the ledger: which papers, their chunks, and the vectors of those."""
    of_paper: dict[str, list[HeldChunk]] = {}
    for chunk in held:
        of_paper.setdefault(chunk.paper_id, []).append(chunk)
    yield from _presence(Store.VECTORS, "collection of vectors", records, of_paper.keys())
    texts, numbers, unfound = [], [], []
    for record in _indexed(records):
        key = record.paper.paper_id
        if not (chunks := of_paper.get(key, [])):
            continue
        if not covers(record.paper, {chunk.chunk_id: chunk.held for chunk in chunks}):
            texts.append(key)
        if key in checksums and not _as_written(key, chunks, checksums[key]):
            numbers.append(key)
        elif not all(chunk.found for chunk in chunks):
            unfound.append(key)
    for keys, wording in (
        (texts, "The chunks in Chroma are not those of"),
        (numbers, "The vectors in Chroma are not those that were written of"),
        (unfound, "Chroma does not find by its own vector"),
    ):
        if keys:
            yield _of_papers(Store.VECTORS, wording, _titles(records, keys))


def covers(paper: Paper, chunks: Mapping[str, "ChunkText"]) -> bool:
    """Whether chunks are a paper's own, numbered through, and leave out nothing but white space."""
    expected = {"paper_id": paper.paper_id, "title": paper.title, "content_hash": content_hash(paper)}
    if paper.published is not None:
        expected["published"] = day_number(paper.published)  # type: ignore[assignment]
    end = 0
    for number in range(len(chunks)):
        chunk = chunks.get(f"{paper.paper_id}-{number}")
        if chunk is None:
            return False
        metadata = dict(chunk.metadata)
        start = metadata.pop("start", None)
        if metadata != expected or not isinstance(start, int):
            return False
        if paper.text[start : start + len(chunk.text)] != chunk.text or paper.text[end:start].strip():
            return False
        end = start + len(chunk.text)
    return not paper.text[end:].strip()


def _as_written(key: str, chunks: Sequence["HeldChunk"], checksum: Checksum) -> bool:
    return _close({chunk.chunk_id: chunk.sketch for chunk in chunks}, _expected({key: checksum}))


def compare_tokens(
    records: Mapping[str, Record],
    held: Iterable[tuple[str, PaperTokens | None]],
    frequencies: Counter[int],
    checksums: Mapping[str, Checksum],
) -> Iterable[Disagreement]:
    """Compare the token vectors with the ledger, and in how many papers each token occurs with them.

    Papers that an older version indexed without any are found by two signals of three: said elsewhere.

    Args:
        records: the ledger's, by paper.
        held: each paper's tokens, or None where they are not what was written.
        frequencies: in how many papers each token is kept to occur.
        checksums: those of the papers that have one.
    """
    counted: Counter[int] = Counter()
    keys, damaged = set(), []
    for key, tokens in held:
        keys.add(key)
        if tokens is None:
            damaged.append(key)
        else:
            counted.update(np.unique(tokens.ids).tolist())
    older = {key for key in records if key not in checksums or checksums[key].tokens is None}
    yield from _presence(Store.TOKENS, "store of token vectors", records, keys | older, found=keys)
    if damaged:
        yield _of_papers(
            Store.TOKENS, "The token vectors are not those that were written of", _titles(records, damaged)
        )
    elif counted != frequencies:
        wrong = sum(counted[token] != frequencies[token] for token in counted.keys() | frequencies.keys())
        yield Disagreement(
            Store.TOKENS, f"Of {wrong} tokens, the count of papers that have them is wrong: {REBUILD}."
        )


def _presence(
    store: Store,
    name: str,
    records: Mapping[str, Record],
    held: Collection[str],
    *,
    found: Collection[str] | None = None,
) -> Iterable[Disagreement]:
    """Compare which papers there are; what an unfinished ingest brings or takes may be there."""
    lacking = [record.paper.paper_id for record in _indexed(records) if record.paper.paper_id not in held]
    if lacking:
        yield _of_papers(store, f"The {name} lacks", _titles(records, lacking))
    unknown = {key: key for key in (held if found is None else found) if key not in records}
    if unknown:
        yield _of_papers(store, f"The {name} holds what the ledger does not,", unknown)


def _titles(records: Mapping[str, Record], keys: Iterable[str]) -> dict[str, str]:
    return {key: records[key].paper.title if key in records else key for key in sorted(keys)}


def _of_papers(store: Store, wording: str, titles: Mapping[str, str]) -> Disagreement:
    return Disagreement(store, f"{wording} {_named(titles)}: {REBUILD}.", tuple(titles))


def _named(titles: Mapping[str, str]) -> str:
    first = ", ".join(repr(title) for title in list(titles.values())[:NAMED])
    rest = f" and {len(titles) - NAMED} more" if len(titles) > NAMED else ""
    return f"{len(titles)} paper{'' if len(titles) == 1 else 's'} ({first}{rest})"
