"""Papers, and the readers that turn listing pages and JSON lines into them."""

from assistant.corpus.jsonl import read_jsonl
from assistant.corpus.pages import read_page
from assistant.corpus.paper import (
    Listing,
    Paper,
    Reading,
    Rejection,
    TextKind,
    merge,
    normalised_title,
    paper_id,
)
from assistant.corpus.reading import read_sources

__all__ = [
    "Listing",
    "Paper",
    "Reading",
    "Rejection",
    "TextKind",
    "merge",
    "normalised_title",
    "paper_id",
    "read_jsonl",
    "read_page",
    "read_sources",
]
