"""Finding the paper that a person names."""

import difflib
from collections.abc import Callable

from assistant.corpus import Paper, normalised_title, paper_id
from assistant.errors import PaperNotFoundError
from assistant.index.ledger import Ledger, State
from assistant.index.words import Words

SHORTEST_ID_PREFIX = 4
"""Digits of a paper's identifier that a person has to type at least."""

COMPARED = 1_000
"""Titles that a name which fits none is compared with, letter by letter."""


def find_paper(reference: str, ledger: Ledger, words: Callable[[], Words]) -> Paper:
    """Find a paper by its title, however it is spelt, or by the first digits of its identifier.

    Args:
        reference: what the person wrote.
        ledger: the papers.
        words: opens the word index, which only a large collection needs, for a title to suggest.

    Raises:
        PaperNotFoundError: none or several fit; names the nearest title.
    """
    matching = _held(ledger, [paper_id(reference)])
    if not matching and len(reference) >= SHORTEST_ID_PREFIX:
        matching = _held(ledger, ledger.beginning(reference.casefold(), 2))
    if len(matching) == 1:
        return matching[0]
    by_title = {normalised_title(title): title for title in _titles_like(reference, ledger, words)}
    near = difflib.get_close_matches(normalised_title(reference), by_title, n=1, cutoff=0.5)
    hint = f"; the nearest title is {by_title[near[0]]!r}" if near else ""
    raise PaperNotFoundError(
        f"{'Several papers' if matching else 'No paper'} here can be meant by {reference!r}{hint}: "
        "assistant papers list shows them all."
    )


def _held(ledger: Ledger, keys: list[str]) -> list[Paper]:
    records = ledger.records(keys).values()
    return [held.paper for held in records if held.state is not State.LEAVING]


def _titles_like(reference: str, ledger: Ledger, words: Callable[[], Words]) -> list[str]:
    """Give the titles that a reference may be meant for: all of a few, of many those that share words."""
    titles = ledger.titles(COMPARED + 1)
    if len(titles) <= COMPARED:
        return titles
    found = ledger.papers_by_id(words().search(reference, COMPARED // 10))
    return [paper.title for paper in found.values()]
