"""Damage every file of a home, and look whether an assistant notices, and whether a rebuild mends it.

    python -m bench.durability.damage [--flips 20] [--sample N] [--seed N]

Each file is truncated to half, filled with zeros, deleted, and, in as many places as asked for, one byte of
it is changed. An assistant then searches: it may refuse, with the cure, or find what it found before, where
the damage does not touch what is found. Anything else is a failure. Then `ingest --rebuild`, after which all
must be found as before, unless it is the ledger that was damaged: then what can be exported is counted.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from assistant import AssistantError, Settings
from assistant.corpus import Listing, Reading
from assistant.index.index import Index
from assistant.index.salvage import readable_papers
from assistant.retrieval import retrieve
from bench.durability.killing import Tell, in_child
from bench.durability.papers import INVENTED, Remembered, invented, remember, remembered

ASKED = 10
"""Titles that are searched for."""
CURES = ("assistant ingest --rebuild", "assistant papers export", "its page again", "the pages again")

AS_BEFORE, REFUSED, OTHERWISE, CRASHED = "found as before", "refused", "found otherwise", "crashed"


@dataclass(frozen=True)
class Damage:
    """One thing done to one file."""

    store: str
    file: Path
    """From the home on."""
    kind: str
    do: Callable[[Path], None]


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    damage: Damage
    search: str
    said: str
    seen: bool
    """Whether `status --check` named it."""
    mended: bool = True
    """Whether all was as before after a rebuild."""
    exported: int = 0
    """Papers that could be exported from a damaged ledger."""


def damages(home: Path, flips: int, chance: random.Random) -> Iterator[Damage]:
    """List what is to be done to each file of a home."""
    for path in sorted(home.rglob("*")):
        if not path.is_file() or not path.stat().st_size:
            continue
        file = path.relative_to(home)
        store = {"vectors": "Chroma", "words": "Tantivy"}.get(file.parts[0], "ledger")
        yield Damage(store, file, "truncated", lambda path: _overwrite(path, len(path.read_bytes()) // 2))
        yield Damage(store, file, "zeroed", lambda path: _write(path, bytes(path.stat().st_size)))
        yield Damage(store, file, "deleted", Path.unlink)
        for _ in range(flips):
            where, bit = chance.randrange(path.stat().st_size), 1 << chance.randrange(8)
            yield Damage(store, file, "a byte changed", partial(_flip, where=where, bit=bit))


def _overwrite(path: Path, size: int) -> None:
    _write(path, path.read_bytes()[:size])


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _flip(path: Path, *, where: int, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[where] ^= bit
    path.write_bytes(content)


class Home:
    """A sound home, and copies of it that are damaged."""

    def __init__(self, papers: Sequence[Listing], encoder: Remembered, folder: Path) -> None:
        self.folder = folder / "sound"
        self._copy = folder / "damaged"
        self._encoder = encoder
        self._titles = [paper.title for paper in papers[:: len(papers) // ASKED]]
        made = in_child(partial(self._make, papers))
        if made.failure:
            raise RuntimeError(made.failure)
        self._before = made.told[-1]

    def _make(self, papers: Sequence[Listing], tell: Tell) -> None:
        tell("begun")
        index = Index(Settings(home=self.folder), encoder=self._encoder)
        index.ingest(Reading(listings=tuple(papers)))
        tell(self._found(index))
        index.close()

    def _found(self, index: Index) -> str:
        return json.dumps(
            [
                [
                    (hit.paper.title, hit.paper.text, round(hit.score, 4))
                    for hit in retrieve(index, title).hits
                ]
                for title in self._titles
            ]
        )

    def suffer(self, damage: Damage) -> Outcome:
        """Damage a copy, search it, check it, and rebuild it."""
        shutil.rmtree(self._copy, ignore_errors=True)
        shutil.copytree(self.folder, self._copy)
        damage.do(self._copy / damage.file)
        searched = in_child(self._search)
        said = searched.failure or " ".join(searched.told)
        if searched.failure:
            search = CRASHED
        elif said == self._before:
            search, said = AS_BEFORE, ""
        else:
            search = REFUSED if any(cure in said for cure in CURES) else OTHERWISE
        checked = in_child(self._check)
        seen = bool(checked.failure) or checked.told != ("sound",)
        if damage.store == "ledger":
            return Outcome(damage, search, said, seen, exported=self._exported())
        rebuilt = in_child(self._rebuild)
        mended = rebuilt.told == (self._before, "sound")
        return Outcome(damage, search, said or rebuilt.failure, seen, mended)

    def _open(self) -> Index:
        return Index(Settings(home=self._copy), encoder=self._encoder)

    def _search(self, tell: Tell) -> None:
        tell("begun")
        try:
            index = self._open()
            index.ensure_papers()
            index.refresh()
            tell(self._found(index))
        except AssistantError as error:
            tell(" ".join(str(error).split()))

    def _check(self, tell: Tell) -> None:
        tell("begun")
        try:
            disagreements = self._open().check().disagreements
            tell(" ".join(one.sentence for one in disagreements) or "sound")
        except AssistantError as error:
            tell(" ".join(str(error).split()))

    def _rebuild(self, tell: Tell) -> None:
        tell("begun")
        index = self._open()
        index.rebuild()
        tell(self._found(index))
        tell(" ".join(one.sentence for one in index.check().disagreements) or "sound")

    def _exported(self) -> int:
        """Count the papers that can be exported from the damaged copy."""
        try:
            return sum(paper is not None for paper in readable_papers(self._copy / "ledger.sqlite3"))
        except AssistantError:
            return 0


def run(folder: Path, cache: Path, flips: int, sample: int | None, seed: int) -> list[Outcome]:
    """Do everything to every file, each time to a fresh copy."""
    import chromadb  # noqa: F401

    import assistant.index.vectors  # noqa: F401

    papers = invented(seed)
    known = folder / "encodings"

    def know(tell: Tell) -> None:
        tell("begun")
        remember(papers, cache, known)

    if failure := in_child(know).failure:
        raise RuntimeError(failure)
    home = Home(papers, remembered(known), folder)
    chance = random.Random(seed)  # noqa: S311 - which byte, no secret
    todo = list(damages(home.folder, flips, chance))
    todo = todo if sample is None else chance.sample(todo, min(sample, len(todo)))
    outcomes = []
    for number, damage in enumerate(todo, start=1):
        outcomes.append(home.suffer(damage))
        print(f"\r{number} of {len(todo)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return outcomes


def table(outcomes: Sequence[Outcome]) -> str:
    """Lay the outcomes out as Markdown, a line for each store and kind of damage."""
    headings = (
        "store",
        "damage",
        "times",
        REFUSED,
        AS_BEFORE,
        OTHERWISE,
        CRASHED,
        "named by --check",
        "mended",
        "exported",
    )
    lines = [f"| {' | '.join(headings)} |", "|---" * len(headings) + "|"]
    groups: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault((outcome.damage.store, outcome.damage.kind), []).append(outcome)
    for (store, kind), group in groups.items():
        ends = Counter(outcome.search for outcome in group)
        mended, exported = str(sum(outcome.mended for outcome in group)), "–"
        if store == "ledger":
            counts = [outcome.exported for outcome in group]
            mended, exported = "–", f"{min(counts)} to {max(counts)} of {INVENTED}"
        figures = (len(group), ends[REFUSED], ends[AS_BEFORE], ends[OTHERWISE], ends[CRASHED])
        seen = sum(outcome.seen for outcome in group)
        lines.append(f"| {store} | {kind} | {' | '.join(map(str, (*figures, seen, mended, exported)))} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; exit 1 when something was answered from damage, crashed, or was not mended."""
    parser = argparse.ArgumentParser(prog="python -m bench.durability.damage")
    parser.add_argument("--flips", type=int, default=20, help="bytes to change in each file, one at a time")
    parser.add_argument("--sample", type=int, default=None, help="so many of all damages; by default each")
    parser.add_argument("--seed", type=int, default=None, help="by default a new one, which is printed")
    given = parser.parse_args(arguments)
    seed = random.randrange(10**6) if given.seed is None else given.seed  # noqa: S311 - no secret
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        outcomes = run(Path(folder), Settings.load().cache, given.flips, given.sample, seed)
    print(table(outcomes))
    bad = [one for one in outcomes if one.search in (OTHERWISE, CRASHED) or not one.mended]
    for one in bad:
        print(f"{one.damage.file} {one.damage.kind}: {one.search}, mended {one.mended}: {one.said[:300]}")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
