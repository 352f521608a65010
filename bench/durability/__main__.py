"""Kill ingests, updates, removals and rebuilds at random moments, and look whether anything was lost.

    python -m bench.durability [--kills 100] [--seed N] [--papers 150] [--pages GLOB ...]

After each kill, a new process opens the home, finishes what was left undone (in one of three cases it is
killed as well, and the next one finishes), has every store compared with the ledger, each paper searched for
by its own words and vectors, and some by their titles. What was acknowledged must be there once, and whole;
of a step that was not, all or nothing. A step is acknowledged when its call has returned.
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

from assistant import Settings
from assistant.corpus import Listing, Reading, paper_id
from assistant.index.index import Index
from assistant.index.ledger import State
from assistant.index.settling import DISCARDING
from assistant.retrieval import retrieve
from bench.durability.killing import Death, Tell, in_child
from bench.durability.papers import INVENTED, Remembered, papers_of, remember, remembered, text_of

Versions = Mapping[str, int]
"""Which version of each paper a home holds, by title."""

OPERATIONS = ("first ingest", "update", "remove", "rebuild")
PARTS = 3
"""Pages that a first ingest takes up one after the other, each acknowledged."""
AGAIN = 1 / 3
"""How often the process that finishes is killed too."""
SEARCHED = 40
"""Papers searched for by their titles after each kill; by their own words and vectors, all are."""
FOUND_AMONG = 10

HEADINGS = (
    "operation",
    "killed",
    "midway",
    "killed again while finishing",
    "done before",
    "papers lost",
    "half",
    "not found",
    "disagreements",
    "failures",
    "median seconds to finish and check",
)


@dataclass
class Tally:
    """What happened to one kind of operation."""

    kills: int = 0
    midway: int = 0
    """Kills that left something to be finished."""
    again: int = 0
    """Kills of the process that was finishing it."""
    ended: int = 0
    """Operations that were done before the kill came."""
    lost: int = 0
    """Papers acknowledged and gone, or in an older version."""
    half: int = 0
    """Steps of which a part was there, and papers of no version."""
    unfound: int = 0
    """Papers that the search for their title did not find."""
    disagreements: int = 0
    failures: list[str] = field(default_factory=list)
    """What a process that was not killed said when it failed, or a check when it found something."""
    seconds: list[float] = field(default_factory=list)
    """How long finishing, checking and searching took."""

    @property
    def sound(self) -> bool:
        """Whether nothing went wrong."""
        return not (self.lost or self.half or self.unfound or self.disagreements or self.failures)


class Soak:
    """A home that is written, killed and looked at, again and again."""

    def __init__(self, papers: Sequence[Listing], encoder: Remembered, folder: Path, seed: int) -> None:
        self._papers = {paper.title: paper for paper in papers}
        self._encoder = encoder
        self._folder = folder
        self._chance = random.Random(seed)  # noqa: S311 - which moment, no secret
        self._homes = 0
        self._held: Versions = {}
        self._typical: dict[str, float] = {}
        self.tallies = {operation: Tally() for operation in OPERATIONS}

    def kill(self, operation: str) -> None:
        """Kill one operation, and look."""
        if operation != "first ingest" and len(self._held) < len(self._papers):
            # Whatever a removal took, or a kill kept away, comes back first.
            missing = dict.fromkeys(sorted(self._papers.keys() - self._held.keys()), 0)
            filling = [({**self._held, **missing}, partial(self._ingest, missing))]
            self._looked(operation, filling, in_child(partial(self._do, filling)))
        steps = self._steps(operation)
        if operation not in self._typical:
            # Once undisturbed: a kill comes at any moment of the time that it takes.
            death = in_child(partial(self._do, steps))
            self._typical[operation] = death.seconds
            self._looked(operation, steps, death)
            steps = self._steps(operation)
        tally = self.tallies[operation]
        death = in_child(
            partial(self._do, steps), kill_after=self._chance.uniform(0, self._typical[operation])
        )
        tally.kills += death.killed
        tally.ended += len(death.told) == len(steps)
        self._looked(operation, steps, death)

    def _steps(self, operation: str) -> list[tuple[Versions, Callable[[Index], object]]]:
        """Give what is done, and after each step what the home then holds."""
        titles = sorted(self._held)
        if operation == "first ingest":
            self._homes += 1
            self._held = {}
            titles = sorted(self._papers)
            self._chance.shuffle(titles)
            pages = [titles[part::PARTS] for part in range(PARTS)]
            return [
                (
                    dict.fromkeys(chain.from_iterable(pages[: number + 1]), 0),
                    partial(self._ingest, dict.fromkeys(page, 0)),
                )
                for number, page in enumerate(pages)
            ]
        some = self._chance.sample(titles, max(1, len(titles) // 3))
        if operation == "update":
            changed = {title: 1 - self._held[title] for title in some}
            return [({**self._held, **changed}, partial(self._ingest, changed))]
        if operation == "remove":
            gone = some[: max(1, len(some) // 3)]
            left = {title: version for title, version in self._held.items() if title not in gone}
            return [(left, lambda index: index.remove([index.find(title) for title in gone]))]
        return [(self._held, lambda index: index.rebuild())]

    def _ingest(self, versions: Versions, index: Index) -> None:
        index.ingest(
            Reading(
                listings=tuple(
                    Listing(title=title, text=text_of(self._papers[title], version), source="page.txt")
                    for title, version in versions.items()
                )
            )
        )

    def _open(self) -> Index:
        return Index(Settings(home=self._folder / f"home{self._homes}"), encoder=self._encoder)

    def _do(self, steps: Sequence[tuple[Versions, Callable[[Index], object]]], tell: Tell) -> None:
        tell("begun")
        index = self._open()
        for _, step in steps:
            step(index)
            tell("acknowledged")

    def _looked(
        self, operation: str, steps: Sequence[tuple[Versions, Callable[[Index], object]]], death: Death
    ) -> None:
        tally = self.tallies[operation]
        if death.failure:
            tally.failures.append(death.failure)
        if self._left():
            tally.midway += death.killed
            if self._chance.random() < AGAIN:
                moment = self._chance.uniform(0, self._typical[operation])
                tally.again += in_child(self._finish, kill_after=moment).killed
        looked = in_child(self._look)
        tally.seconds.append(looked.seconds)
        if looked.failure or not looked.told:
            tally.failures.append(looked.failure or "Looking gave nothing.")
            return
        seen = json.loads(looked.told[-1])
        tally.disagreements += len(seen["disagreements"])
        tally.failures += seen["disagreements"]
        tally.unfound += len(seen["unfound"])
        done = len(death.told)
        before = steps[done - 1][0] if done else self._held
        after = steps[min(done, len(steps) - 1)][0]
        held: Versions = seen["held"]
        if held not in (before, after):
            certain = {title for title in before if after.get(title) == before[title]}
            lost = [title for title in certain if held.get(title) != before[title]]
            tally.lost += len(lost)
            tally.half += not lost
        self._held = held

    def _left(self) -> bool:
        death = in_child(self._count)
        return death.told[-1:] != ("0",)

    def _count(self, tell: Tell) -> None:
        tell("begun")
        ledger = self._open().ledger
        counts = ledger.counts()
        left = counts[State.PENDING] + counts[State.LEAVING] + bool(ledger.fact(DISCARDING))
        tell(str(left))

    def _finish(self, tell: Tell) -> None:
        tell("begun")
        index = self._open()
        if any(index.ledger.counts().values()):  # an empty home would get the shipped papers
            index.ensure_papers()

    def _look(self, tell: Tell) -> None:
        self._finish(tell)
        index = self._open()
        check = index.check()
        wrong = [one.sentence for one in check.disagreements]
        if check.unfinished or check.unchecked:
            wrong.append(f"{check.unfinished} unfinished, {check.unchecked} unchecked")
        held = {paper.title: self._version(paper.title, paper.text) for paper in index.ledger.papers()}
        asked = self._chance.sample(sorted(held), min(SEARCHED, len(held)))
        unfound = [
            title
            for title in asked
            if paper_id(title)
            not in [hit.paper.paper_id for hit in retrieve(index, title, limit=FOUND_AMONG).hits]
        ]
        tell(json.dumps({"held": held, "disagreements": wrong, "unfound": unfound}))

    def _version(self, title: str, text: str) -> int:
        paper = self._papers[title]
        return next((version for version in (0, 1) if text_of(paper, version) == text), -1)


def soak(papers: Sequence[Listing], kills: int, seed: int, folder: Path, cache: Path) -> dict[str, Tally]:
    """Kill so many times, each kind of operation as often as the others, and tally what happened."""
    # Whatever a child needs is imported here, once; nothing is opened.
    import chromadb  # noqa: F401

    import assistant.index.vectors  # noqa: F401

    known = folder / "encodings"
    death = in_child(partial(_remember, papers, cache, known))
    if death.failure:
        raise RuntimeError(death.failure)
    soaked = Soak(papers, remembered(known), folder, seed)
    for number in range(kills):
        soaked.kill(OPERATIONS[number % len(OPERATIONS)])
        print(f"\r{number + 1} of {kills}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return soaked.tallies


def _remember(papers: Sequence[Listing], cache: Path, file: Path, tell: Tell) -> None:
    tell("begun")
    remember(papers, cache, file)


def table(tallies: Mapping[str, Tally]) -> str:
    """Lay the tallies out as Markdown."""
    lines = [f"| {' | '.join(HEADINGS)} |", "|---" * len(HEADINGS) + "|"]
    for operation, tally in tallies.items():
        figures = (
            tally.kills,
            tally.midway,
            tally.again,
            tally.ended,
            tally.lost,
            tally.half,
            tally.unfound,
            tally.disagreements,
            len(tally.failures),
            f"{statistics.median(tally.seconds or [0]):.2f}",
        )
        lines.append(f"| {operation} | {' | '.join(map(str, figures))} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the soak; exit 1 when anything went wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.durability", description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=None, help="by default a new one, which is printed")
    parser.add_argument(
        "--pages", nargs="+", default=[], help="files, globs or folders; else invented papers"
    )
    parser.add_argument("--papers", type=int, default=INVENTED, help="how many are invented")
    given = parser.parse_args(arguments)
    seed = random.randrange(10**6) if given.seed is None else given.seed  # noqa: S311 - no secret
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        papers = papers_of(given.pages, seed, given.papers)
        tallies = soak(papers, given.kills, seed, Path(folder), Settings.load().cache)
    print(table(tallies))
    for failure, times in Counter(text for tally in tallies.values() for text in tally.failures).items():
        print(f"{times} × {failure}")
    return 0 if all(tally.sound for tally in tallies.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
