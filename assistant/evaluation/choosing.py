"""Which questions to ask: of some suites, a sample, those about new papers."""

import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from assistant.corpus import paper_id
from assistant.errors import InputError
from assistant.evaluation.questions import Dialogue


def of_suites(dialogues: Iterable[Dialogue], suites: Iterable[str]) -> list[Dialogue]:
    """Keep what is of some suites.

    Raises:
        InputError: nothing is of one of them.
    """
    kept, wanted = list(dialogues), list(suites)
    there = dict.fromkeys(dialogue[0].suite for dialogue in kept)
    for suite in wanted:
        if suite not in there:
            raise InputError(
                f"There are no questions of the suite {suite!r}: choose from {', '.join(there)}."
            )
    return [dialogue for dialogue in kept if dialogue[0].suite in wanted]


def sampled(dialogues: Sequence[Dialogue], size: int, seed: int) -> list[Dialogue]:
    """Draw some at random, spread over the suites as they are, and keep their order.

    What is drawn depends on the identifiers, the size and the seed alone.
    """
    generator = random.Random(seed)  # noqa: S311 - a sample, no secret
    by_suite: dict[str, list[int]] = {}
    for place, dialogue in enumerate(dialogues):
        by_suite.setdefault(dialogue[0].suite, []).append(place)
    order: list[tuple[float, int]] = []
    for places in by_suite.values():
        generator.shuffle(places)
        # Where in the whole each would stand, were its suite laid out evenly.
        order.extend(((rank + 0.5) / len(places), place) for rank, place in enumerate(places))
    return [dialogues[place] for place in sorted(place for _, place in sorted(order)[:size])]


def since(dialogues: Iterable[Dialogue], day: date, published: Mapping[str, date | None]) -> list[Dialogue]:
    """Keep what is about papers published from a day on, all of them.

    A question that names no paper, or one without a date, is about none that are known to be so new.

    Args:
        dialogues: what may be asked.
        day: the earliest day of publication.
        published: by the paper's identifier.
    """

    def is_new(identifier: str) -> bool:
        found = published.get(identifier)
        return found is not None and found >= day

    return [
        dialogue
        for dialogue in dialogues
        if any(turn.titles for turn in dialogue)
        and all(is_new(identifier) for turn in dialogue for identifier in turn.relevant)
    ]


def cluster(dialogue: Dialogue) -> str:
    """Name the paper that something is about: the first of its titles, or itself where it has none.

    The turns of a conversation stand or fall together, so that they are of one cluster.
    """
    titles = [title for turn in dialogue for title in turn.titles]
    return paper_id(titles[0]) if titles else dialogue[0].conversation or dialogue[0].question_id
