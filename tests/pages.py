"""Listing pages, and what is read of them."""

import json
from pathlib import Path
from typing import Any

from assistant.corpus import Listing, Reading, read_page

FIXTURES = Path(__file__).parent / "fixtures" / "pages"
LAYOUTS = ["blank-lines", "glued", "details"]
BANNER = "Get trending papers in your email inbox!"
BYLINE = "byAK and the research community"
HEADER = f"new\n\n{BANNER}\n\nSubscribe\n\n{BYLINE}\n\nMar 12\n\n"
SENTENCE = "This sentence stands for an abstract and is as short as the shortest that one meets on a page."
LONG = "An abstract is usually a paragraph of many sentences, such as this one. " * 15 + "Here it ends."


def page(name: str) -> str:
    return (FIXTURES / f"{name}.txt").read_text(encoding="utf-8")


def expected(name: str) -> list[dict[str, Any]]:
    """The JSON lines that stand beside a page and say what is on it."""
    return [
        json.loads(line) for line in (FIXTURES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    ]


def records(reading: Reading) -> list[dict[str, Any]]:
    return [record(listing) for listing in reading.listings]


def record(listing: Listing) -> dict[str, Any]:
    fields = {
        "title": listing.title,
        "abstract": listing.text,
        "published": listing.published.isoformat() if listing.published else None,
        "author_count": listing.author_count,
        "organization": listing.organization,
    }
    return {name: value for name, value in fields.items() if value is not None}


def read(text: str) -> Reading:
    return read_page(text, source="page.txt")


def titles(text: str) -> list[str]:
    return [listing.title for listing in read(text).listings]


def reasons(text: str) -> list[str]:
    return [str(rejection) for rejection in read(text).rejected]
