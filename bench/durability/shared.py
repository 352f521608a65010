"""Have several homes write one Chroma server at once, and compare all stores afterwards.

    python -m bench.durability.shared [--trials 100] [--homes 3] [--papers 100] [--seed N]

Each trial has a database of its own on a real `chroma run`. All homes take up papers, most of them the same;
then they change some and remove others, again at once, while one more home searches. What was acknowledged
has to be on every home then, as it was acknowledged, and every store has to hold what its ledger says.
"""

import argparse
import itertools
import random
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from assistant import Assistant, Settings
from assistant.corpus import Listing, Paper, Reading, merge
from assistant.index.index import Index
from bench.durability.chroma_run import ChromaRun
from bench.durability.killing import Tell, in_child
from bench.durability.papers import invented, remember, remembered, text_of

ENCODINGS = "encodings"

TAKEN, CHANGED, REMOVED = 0.7, 0.3, 0.1
"""Of the papers, what each home takes up at first; what some change; and what one removes."""


@dataclass
class Outcome:
    """What came of the trials."""

    trials: int = 0
    acknowledged: int = 0
    """Papers that were to be on every home in the end."""
    lost: int = 0
    returned: int = 0
    """Papers that were removed, and are there."""
    other: int = 0
    """Papers whose text is not the one that was acknowledged last."""
    disagreements: list[str] = field(default_factory=list)
    searches: int = 0
    errors: list[str] = field(default_factory=list)
    """Of the home that searches."""


def trial(
    indexes: Sequence[Index],
    reader: Index,
    papers: Sequence[Listing],
    outcome: Outcome,
    chance: random.Random,
) -> None:
    """Let homes write at once, twice; then let each see what the others wrote, and compare.

    Args:
        indexes: those of the homes that write.
        reader: that of the home that searches.
        papers: what they write of.
        outcome: is added to.
        chance: draws which home writes which.
    """
    shares = [chance.sample(papers, round(TAKEN * len(papers))) for _ in indexes]
    _at_once([partial(_ingest, index, share, 0) for index, share in zip(indexes, shares, strict=True)])

    titles = {listing.title for share in shares for listing in share}
    there = [listing for listing in papers if listing.title in titles]
    shuffled = chance.sample(there, len(there))
    gone = shuffled[: round(REMOVED * len(there))]
    changed = shuffled[len(gone) : len(gone) + round(CHANGED * len(there))]
    with _searching(Assistant(reader), there, outcome):
        _at_once(
            [
                partial(
                    _change, index, chance.sample(changed, len(changed) // 2), gone[number :: len(indexes)]
                )
                for number, index in enumerate(indexes)
            ]
        )
        # What nobody drew is changed by one of them alone.
        _ingest(indexes[0], changed, 1)

    wanted = {_paper(each, int(each in changed)).title: _paper(each, int(each in changed)) for each in there}
    for listing in gone:
        del wanted[listing.title]
    outcome.acknowledged += len(wanted)
    for index in indexes:
        index.ingest(Reading())  # takes in what the others wrote
        held = {paper.title: paper.text for paper in index.ledger.papers()}
        outcome.lost += len(wanted.keys() - held.keys())
        outcome.returned += len(held.keys() - wanted.keys())
        outcome.other += sum(held.get(title, paper.text) != paper.text for title, paper in wanted.items())
        outcome.disagreements += [one.sentence for one in index.check().disagreements]
    outcome.trials += 1


def _paper(listing: Listing, version: int) -> Paper:
    return merge(replace(listing, text=text_of(listing, version)))


def _ingest(index: Index, listings: Sequence[Listing], version: int) -> None:
    index.ingest(Reading(listings=tuple(replace(one, text=text_of(one, version)) for one in listings)))


def _change(index: Index, changed: Sequence[Listing], gone: Sequence[Listing]) -> None:
    _ingest(index, changed, 1)
    index.remove([_paper(listing, 0) for listing in gone])


def _at_once(works: Sequence[Callable[[], None]]) -> None:
    with ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(work) for work in works]:
            done.result()


@contextmanager
def _searching(assistant: Assistant, papers: Sequence[Listing], outcome: Outcome) -> Iterator[None]:
    """Search beside what is done in this context, until it is left."""
    done = threading.Event()

    def search() -> None:
        for listing in itertools.cycle(papers):
            if done.is_set():
                return
            try:
                assistant.search(listing.title)
                outcome.searches += 1
            except Exception as error:  # noqa: BLE001 - it is what is looked for
                outcome.errors.append(f"{type(error).__name__}: {error}")

    beside = threading.Thread(target=search)
    beside.start()
    try:
        yield
    finally:
        done.set()
        beside.join()


def run(folder: Path, trials: int, homes: int, papers: Sequence[Listing], seed: int) -> Outcome:
    """Start a server, run the trials, and stop it."""
    encoder, chance, outcome = remembered(folder / ENCODINGS), random.Random(seed), Outcome()  # noqa: S311
    server = ChromaRun(folder / "server")
    try:
        for number in range(trials):
            shared = Settings(
                home=folder, chroma_url=server.url, chroma_database=server.database(), model="extractive"
            )
            with ExitStack() as opened:
                indexes = [
                    opened.enter_context(
                        closing(Index(shared.model_copy(update={"home": home}), encoder=encoder))
                    )
                    for home in [folder / f"trial {number}" / f"home {name}" for name in range(homes + 1)]
                ]
                trial(indexes[1:], indexes[0], papers, outcome, chance)
            print(f"\r{number + 1} of {trials}", end="", file=sys.stderr, flush=True)
    finally:
        server.kill()
    print(file=sys.stderr)
    return outcome


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; exit 1 when anything was lost or met an error."""
    parser = argparse.ArgumentParser(prog="python -m bench.durability.shared")
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--homes", type=int, default=3, help="that write; one more searches")
    parser.add_argument("--papers", type=int, default=100)
    parser.add_argument("--seed", type=int, default=None, help="by default a new one, which is printed")
    given = parser.parse_args(arguments)
    seed = random.randrange(10**6) if given.seed is None else given.seed  # noqa: S311 - no secret
    print(f"seed {seed}", flush=True)
    papers, cache = invented(seed, given.papers), Settings.load().cache
    with tempfile.TemporaryDirectory() as folder:

        def know(tell: Tell) -> None:
            tell("begun")
            remember(papers, cache, Path(folder) / ENCODINGS)

        if failure := in_child(know).failure:
            raise RuntimeError(failure)
        outcome = run(Path(folder), given.trials, given.homes, papers, seed)
    rows = {
        "trials": outcome.trials,
        "papers acknowledged": outcome.acknowledged,
        "lost": outcome.lost,
        "removed and there again": outcome.returned,
        "another text than acknowledged": outcome.other,
        "disagreements": len(outcome.disagreements),
        "searches meanwhile": outcome.searches,
        "errors of those": len(outcome.errors),
    }
    print("\n".join([f"| {given.homes} homes at once | |", "|---|---|"]))
    print("\n".join(f"| {name} | {figure} |" for name, figure in rows.items()))
    for sentence in sorted({*outcome.disagreements, *outcome.errors}):
        print(f"- {sentence}", file=sys.stderr)
    return bool(outcome.lost or outcome.returned or outcome.other or outcome.disagreements or outcome.errors)


if __name__ == "__main__":
    sys.exit(main())
