"""A paper, what one page lists of it, and when two listings are the same paper."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

TextKind = Literal["abstract", "summary"]
"""Whether a paper's text is its own abstract or somebody's summary of it."""

ID_DIGITS = 15
"""Sixty bits: no two of a million papers collide, and a signed 64-bit field of the word index holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One paper as one source lists it: a record of a listing page or a line of JSON."""

    title: str
    text: str
    kind: TextKind = "abstract"
    published: date | None = None
    author_count: int | None = None
    organization: str | None = None
    source: str
    """Where it was read: a file's name as the user gave it, or `-` for standard input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A file, or a record in it, that was not taken, and why."""

    source: str
    line: int | None
    """The line the reason speaks of, from 1; None where it speaks of the whole source."""
    reason: str

    def __str__(self) -> str:
        """`source:line: reason`, the form editors and terminals make clickable."""
        place = self.source if self.line is None else f"{self.source}:{self.line}"
        return f"{place}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What reading one or more sources gave."""

    listings: tuple[Listing, ...] = ()
    rejected: tuple[Rejection, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A paper of the collection, merged from every listing of it."""

    paper_id: str
    """Fifteen hexadecimal digits, a function of the normalised title alone."""
    title: str
    text: str
    kind: TextKind = "abstract"
    published: date | None = None
    author_count: int | None = None
    organization: str | None = None
    sources: tuple[str, ...] = ()


def normalised_title(title: str) -> str:
    """Fold case, spacing and punctuation, so that one paper's spellings of its title agree.

    >>> normalised_title("Go  Wider—Instead of *Deeper*?") == normalised_title("go wider instead of deeper")
    True
    """
    folded = unicodedata.normalize("NFKC", title).casefold()
    words = re.findall(r"\w+", folded)
    # A title of punctuation alone still needs an identity of its own.
    return " ".join(words) or folded.strip()


def paper_id(title: str) -> str:
    """Name the paper with this title: the same for every spelling that normalises alike."""
    return hashlib.sha256(normalised_title(title).encode()).hexdigest()[:ID_DIGITS]


def merge(listing: Listing, known: Paper | None = None) -> Paper:
    """Bring what a listing says into what is known of the same paper.

    The newer text replaces the older, except that an abstract is never replaced by a summary.
    A field that the listing leaves out keeps its known value.
    """
    if known is None:
        return Paper(
            paper_id=paper_id(listing.title),
            title=listing.title,
            text=listing.text,
            kind=listing.kind,
            published=listing.published,
            author_count=listing.author_count,
            organization=listing.organization,
            sources=(listing.source,),
        )
    takes_text = listing.kind == "abstract" or known.kind == "summary"
    return replace(
        known,
        title=listing.title if takes_text else known.title,
        text=listing.text if takes_text else known.text,
        kind=listing.kind if takes_text else known.kind,
        published=listing.published or known.published,
        author_count=listing.author_count or known.author_count,
        organization=listing.organization or known.organization,
        sources=known.sources if listing.source in known.sources else (*known.sources, listing.source),
    )
