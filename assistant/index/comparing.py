"""What two stores of a home say of the same papers, compared: functions of values, which read nothing."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from assistant.corpus import Paper
from assistant.index.checksums import TOLERANCE, Checksum
from assistant.index.chunking import chunk_id
from assistant.index.ledger import Record, State, content_hash
from assistant.index.sparse import KEY, paper_vector
from assistant.index.tokens import PaperTokens
from assistant.index.words import day_number

if TYPE_CHECKING:
    from assistant.index.vectors import ChunkText, HeldChunk

REBUILD = "run assistant ingest --rebuild"
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


def indexed(records: Mapping[str, Record]) -> list[Record]:
    """Leave out what an unfinished ingest has yet to bring or take."""
    return [held for held in records.values() if held.state is State.INDEXED]


def expected_sketches(checksums: Mapping[str, Checksum]) -> dict[str, tuple[float, float]]:
    """Give the sketch that each chunk's vector has to have."""
    return {
        chunk_id(key, number): (float(row[0]), float(row[1]))
        for key, checksum in checksums.items()
        for number, row in enumerate(checksum.sketches)
    }


def close(found: Mapping[str, tuple[float, float]], written: Mapping[str, tuple[float, float]]) -> bool:
    """Whether the same chunks have the same sketches."""
    same = found.keys() == written.keys()
    rows = [found[key] for key in written] if same else []
    return same and bool(np.allclose(rows, list(written.values()), rtol=0, atol=TOLERANCE))


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
    records: Mapping[str, Record],
    held: Iterable["HeldChunk"],
    checksums: Mapping[str, Checksum],
    *,
    ranks_words: bool = False,
) -> Iterable[Disagreement]:
    """Compare what Chroma holds with the ledger: which papers, their chunks, and the vectors of those.

    Args:
        records: the ledger's, by paper.
        held: the chunks.
        checksums: those of the papers that have one.
        ranks_words: whether chunks have to have sparse vectors, as `covers` says.
    """
    of_paper: dict[str, list[HeldChunk]] = {}
    for chunk in held:
        of_paper.setdefault(chunk.paper_id, []).append(chunk)
    yield from _presence(Store.VECTORS, "collection of vectors", records, of_paper.keys())
    texts, numbers, unfound = [], [], []
    for record in indexed(records):
        key = record.paper.paper_id
        if not (chunks := of_paper.get(key, [])):
            continue
        texts_held = {chunk.chunk_id: chunk.held for chunk in chunks}
        if not covers(record.paper, texts_held, ranks_words=ranks_words):
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


def covers(paper: Paper, chunks: Mapping[str, "ChunkText"], *, ranks_words: bool = False) -> bool:
    """Whether chunks are a paper's own, numbered through, and leave out nothing but white space.

    Args:
        paper: as the ledger has it.
        chunks: what Chroma has of it.
        ranks_words: whether its words have to be there as a sparse vector, which the first chunk has.
    """
    expected = {"paper_id": paper.paper_id, "title": paper.title, "content_hash": content_hash(paper)}
    if paper.published is not None:
        expected["published"] = day_number(paper.published)  # type: ignore[assignment]
    end = 0
    for number in range(len(chunks)):
        chunk = chunks.get(chunk_id(paper.paper_id, number))
        if chunk is None:
            return False
        metadata = dict(chunk.metadata)
        words = metadata.pop(KEY, None)
        if ranks_words and number == 0 and getattr(words, "indices", None) != paper_vector(paper).indices:
            return False
        start = metadata.pop("start", None)
        if metadata != expected or not isinstance(start, int):
            return False
        if paper.text[start : start + len(chunk.text)] != chunk.text or paper.text[end:start].strip():
            return False
        end = start + len(chunk.text)
    return not paper.text[end:].strip()


def _as_written(key: str, chunks: Sequence["HeldChunk"], checksum: Checksum) -> bool:
    return close({chunk.chunk_id: chunk.sketch for chunk in chunks}, expected_sketches({key: checksum}))


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
    lacking = [record.paper.paper_id for record in indexed(records) if record.paper.paper_id not in held]
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
