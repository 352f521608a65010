"""The papers on a shared server, and what two copies of a paper make together.

The server has a collection of papers, one entry each, and one of homes, in which each home that writes notes
what it changed last, after it has changed it. A home that knows the last note of every home has seen all
there is; else it looks at the papers noted since, or, where it was away for longer, at all.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from assistant.corpus import Listing, Paper, merge, paper_id
from assistant.index.encoder import Matrix
from assistant.index.ledger import Record
from assistant.index.server import PAGE, ChromaServer

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

PAPERS, HOMES = "papers-records", "papers-homes"
"""The collections; that of the vectors is named as in a home's own folder."""

CURATED = "curated"
"""The entry among the homes that says: somebody chose these papers, and the shipped ones never go in."""


NOTED = 500
"""Papers that a home's last notes name: some nine kilobytes."""


@dataclass(frozen=True, slots=True)
class Note:
    """What a home changed at a time."""

    mark: str
    """Tells it from every other."""
    paper_ids: list[str]


@dataclass(frozen=True, slots=True)
class SharedPaper:
    """A paper as the server has it."""

    paper: Paper
    shipped: bool
    digest: str


def text_of(paper: Paper, *, shipped: bool) -> str:
    """Write a paper as the server keeps it."""
    fields = {
        "title": paper.title,
        "text": paper.text,
        "kind": paper.kind,
        "published": paper.published.isoformat() if paper.published else None,
        "author_count": paper.author_count,
        "organization": paper.organization,
        "sources": paper.sources,
        "shipped": shipped,
    }
    return json.dumps(fields)


def digest_of(text: str) -> str:
    """Digest a paper as the server keeps it."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read(key: str, text: str) -> SharedPaper | None:
    """Read a paper as the server keeps it; None where the entry is not what an assistant wrote."""
    try:
        fields = json.loads(text)
        published = fields["published"]
        paper = Paper(
            paper_id=key,
            title=_typed(fields["title"], str),
            text=_typed(fields["text"], str),
            kind="summary" if fields["kind"] == "summary" else "abstract",
            published=date.fromisoformat(published) if published else None,
            author_count=_typed(fields["author_count"], int, type(None)),
            organization=_typed(fields["organization"], str, type(None)),
            sources=tuple(_typed(source, str) for source in fields["sources"]),
        )
    except (KeyError, TypeError, ValueError):
        return None
    if paper_id(paper.title) != key or not paper.text:
        return None
    return SharedPaper(paper, bool(fields.get("shipped")), digest_of(text))


def _typed(value: Any, *types: type) -> Any:
    if not isinstance(value, types):
        raise TypeError
    return value


def united(local: Record, shared: SharedPaper, *, newer: bool) -> tuple[Paper, bool]:
    """Bring this home's copy of a paper and the server's together; gives whether both only shipped it too.

    No source is lost, no abstract gives way to a summary, and whichever home does it with whichever copy in
    the end gives the same: a copy that has all that the other has is given back as it is.

    Args:
        local: this home's.
        shared: the server's.
        newer: whether this home's was read since it was last the server's.
    """
    if local.shipped != shared.shipped:  # what somebody chose does not mix with what came along
        return (shared.paper, False) if local.shipped else (local.paper, False)
    ours, theirs = local.paper, shared.paper
    over, under = (ours, theirs) if newer else (theirs, ours)
    merged = merge(_listing(over), under)
    sources = (*theirs.sources, *(source for source in ours.sources if source not in theirs.sources))
    return replace(merged, sources=sources), local.shipped


def _listing(paper: Paper) -> Listing:
    return Listing(
        title=paper.title,
        text=paper.text,
        kind=paper.kind,
        published=paper.published,
        author_count=paper.author_count,
        organization=paper.organization,
        source=paper.sources[0] if paper.sources else "",
    )


class SharedPapers:
    """The collections of papers and of homes on a server."""

    def __init__(self, server: ChromaServer) -> None:
        """Open the collections, creating them where they are missing.

        Raises:
            ServerError: the server cannot be used.
        """
        self._server = server
        self._papers = server.collection(PAPERS)
        self._homes = server.collection(HOMES)

    @property
    def identity(self) -> str:
        """What tells these papers from those of another server, or of one that was emptied."""
        return str(self._papers.id)

    def notes(self) -> dict[str, list[Note]]:
        """Give the last notes of each home, oldest first, and none for `CURATED` where that is so."""
        with self._server.told():
            pages = list(_all(self._homes, ["documents"]))
        return {
            key: _notes(text)
            for page in pages
            for key, text in zip(page["ids"], page["documents"], strict=True)
        }

    def note(self, home: str, note: Note, *, curated: bool) -> None:
        """Add to the notes of a home; on the server's disk on return."""
        with self._server.told(writing=True):
            former = self._homes.get(ids=[home], include=["documents"])["documents"]
            notes, room = [note], NOTED - len(note.paper_ids)
            for one in reversed(_notes(former[0] if former else None)):
                room -= len(one.paper_ids)
                if room < 0:
                    break
                notes.insert(0, one)
            texts = {home: json.dumps([[one.mark, one.paper_ids] for one in notes])}
            if curated:
                texts[CURATED] = "[]"
            self._homes.upsert(
                ids=list(texts), documents=list(texts.values()), embeddings=_nowhere(len(texts))
            )

    def listed(self, paper_ids: Iterable[str] | None = None) -> dict[str, str]:
        """Give the digest of each paper, or of each that is there of some."""
        with self._server.told():
            pages = (
                list(_all(self._papers, ["metadatas"]))
                if paper_ids is None
                else [self._papers.get(ids=page, include=["metadatas"]) for page in _pages(paper_ids)]
            )
        return {
            key: str((metadata or {}).get("digest"))
            for page in pages
            for key, metadata in zip(page["ids"], page["metadatas"] or [], strict=True)
        }

    def present(self, paper_ids: Iterable[str]) -> set[str]:
        """Tell which of some papers the server has."""
        with self._server.told():
            return {
                key for page in _pages(paper_ids) for key in self._papers.get(ids=page, include=[])["ids"]
            }

    def fetch(self, paper_ids: Iterable[str]) -> Iterator[dict[str, SharedPaper | None]]:
        """Give papers, some at a time; None for those that cannot be read."""
        for page in _pages(paper_ids):
            with self._server.told():
                found = self._papers.get(ids=page, include=["documents"])
            texts = zip(found["ids"], found["documents"] or [], strict=True)
            yield {key: read(key, text or "") for key, text in texts}

    def put(self, texts: Mapping[str, str]) -> None:
        """Keep papers, in place of what is kept of them; on the server's disk on return."""
        with self._server.told(writing=True):
            for page in _pages(texts):
                self._papers.upsert(
                    ids=page,
                    documents=[texts[key] for key in page],
                    metadatas=[{"digest": digest_of(texts[key])} for key in page],
                    embeddings=_nowhere(len(page)),
                )

    def delete(self, paper_ids: Iterable[str]) -> None:
        """Delete papers."""
        with self._server.told(writing=True):
            for page in _pages(paper_ids):
                self._papers.delete(ids=page)


def _notes(text: str | None) -> list[Note]:
    try:
        return [Note(str(mark), [str(key) for key in keys]) for mark, keys in json.loads(text or "[]")]
    except (TypeError, ValueError):
        return []  # nobody who sees nothing of what it knows misses anything: it looks at all


def _all(collection: "Collection", include: list[Any]) -> Iterator[Any]:
    """Get all entries, page by page; what others write meanwhile may make it miss some."""
    offset = 0
    while True:
        found = collection.get(limit=PAGE, offset=offset, include=include)
        yield found
        if len(found["ids"]) < PAGE:
            return
        offset += PAGE


def _nowhere(count: int) -> Matrix:
    """Give the vectors of entries that have no place: Chroma wants one of each."""
    return np.ones((count, 1), np.float32)


def _pages(paper_ids: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(paper_ids)
    while page := list(islice(rest, PAGE)):
        yield page
