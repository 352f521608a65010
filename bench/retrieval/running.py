"""Running the searches over a collection: effects, and the figures that come of them."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from assistant.index.encoder import Encoder
from assistant.index.index import Index
from assistant.index.settling import Progress
from assistant.settings import Settings
from bench.retrieval.collection import Collection, Query
from bench.retrieval.measures import Estimate, Floats, estimate, measure
from bench.retrieval.systems import ASSISTANT, LABELS, LLAMAINDEX, OURS, Ranking, Search


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one search gave for each query of a collection."""

    system: str
    rankings: tuple[Ranking, ...]
    milliseconds: Floats
    """Shape `(queries,)`: from the query's text to its ranking."""
    stored: int
    """Bytes of the files that the search reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The figures of one search over one group of queries."""

    system: str
    label: str
    measures: dict[str, Estimate]
    ahead: Estimate | None
    """How much higher the assistant's nDCG@10 is, query by query; None where it did not run."""
    milliseconds: Estimate
    """The median query's."""
    bytes_per_paper: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The figures of all searches over one group of queries."""

    group: str
    """The suite, and the kind within it; empty for a collection without suites."""
    queries: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All figures of one collection."""

    name: str
    papers: int
    tables: tuple[Table, ...]
    stages: dict[str, Estimate]
    """The median milliseconds of each stage of the assistant's search; empty where it did not run."""


def run_systems(
    collection: Collection, names: Sequence[str], home: Path, encoder: Encoder, *, rebuild: bool = False
) -> list[Run]:
    """Index the papers where that is not done yet, and put every query to every search.

    Args:
        collection: what is searched.
        names: the searches, in their order.
        home: a folder that keeps the indexes.
        encoder: encodes for all of them.
        rebuild: make our index anew, for an index that an earlier version has made.
    """
    folder = home / collection.key
    runs: dict[str, Run] = {}
    if OURS.keys() & set(names):
        with opened(folder / "assistant", encoder) as index:
            index.ingest(collection.reading, progress_line(f"{collection.name}: indexing"))
            if rebuild:
                index.rebuild(progress_line(f"{collection.name}: indexing anew"))
        # Opened again, so that the sizes are those of a home at rest and the times those of a later process.
        with opened(folder / "assistant", encoder) as index:
            for name in (name for name in names if name in OURS):
                stores = [index.home.folder / store for store in OURS[name].stores] or [index.home.folder]
                runs[name] = _put_all(
                    name, partial(OURS[name].search, index), collection, sum(map(_size, stores))
                )
    if LLAMAINDEX in names:
        from bench.retrieval import llamaindex

        llamaindex.build(folder / LLAMAINDEX, collection.papers, encoder)
        stored = _size(folder / LLAMAINDEX)
        with llamaindex.opened(folder / LLAMAINDEX, encoder) as search:
            runs[LLAMAINDEX] = _put_all(LLAMAINDEX, search, collection, stored)
    return [runs[name] for name in names]


@contextmanager
def opened(folder: Path, encoder: Encoder) -> Iterator[Index]:
    """Open a home with an encoder that is loaded already."""
    index = Index(Settings.load(home=folder), encoder=encoder)
    try:
        yield index
    finally:
        index.close()


def _put_all(name: str, search: Search, collection: Collection, stored: int) -> Run:
    search(collection.queries[0].text)  # what opens on first use is no query's time
    rankings, milliseconds = [], []
    tell = progress_line(f"{collection.name}: {LABELS[name]}")
    for number, query in enumerate(collection.queries, 1):
        start = time.perf_counter()
        rankings.append(search(query.text))
        milliseconds.append((time.perf_counter() - start) * 1000)
        tell(number, len(collection.queries))
    return Run(system=name, rankings=tuple(rankings), milliseconds=np.array(milliseconds), stored=stored)


def _size(path: Path) -> int:
    """Count the bytes of a file, or of all files in a folder."""
    return sum(file.stat().st_size for file in [path, *path.rglob("*")] if file.is_file())


def progress_line(what: str) -> Progress:
    """Give what writes over a line on standard error, each time that a hundredth more is done."""
    shown = -1

    def tell(done: int, total: int) -> None:
        nonlocal shown
        hundredths = done * 100 // total
        if hundredths != shown:
            shown = hundredths
            end = "\n" if done == total else ""
            print(f"\r{what}: {done:,} of {total:,}", end=end, file=sys.stderr, flush=True)

    return tell


# From runs to figures


def figures(collection: Collection, runs: Sequence[Run], *, seed: int = 0) -> Figures:
    """Work out the figures of every group of queries; changes nothing."""
    relevant = [query.relevant for query in collection.queries]
    values = {run.system: measure([ranking.papers for ranking in run.rankings], relevant) for run in runs}
    estimated = partial(estimate, seed=seed)
    tables = []
    for group, members in groups(collection.queries):
        best = values[ASSISTANT]["nDCG@10"][members] if ASSISTANT in values else None
        rows = [
            Row(
                system=run.system,
                label=LABELS[run.system],
                measures={name: estimated(each[members]) for name, each in values[run.system].items()},
                ahead=None if best is None else estimated(best - values[run.system]["nDCG@10"][members]),
                milliseconds=estimated(run.milliseconds[members], np.median),
                bytes_per_paper=run.stored / len(collection.papers),
            )
            for run in runs
        ]
        tables.append(Table(group=group, queries=len(members), rows=tuple(rows)))
    return Figures(
        name=collection.name,
        papers=len(collection.papers),
        tables=tuple(tables),
        stages=_stages([run for run in runs if run.system == ASSISTANT], estimated),
    )


def groups(queries: Sequence[Query]) -> list[tuple[str, list[int]]]:
    """Name each suite and each kind within it, with the positions of their queries."""
    found: dict[str, list[int]] = {}
    for suite in dict.fromkeys(query.suite for query in queries):
        inside = [position for position, query in enumerate(queries) if query.suite == suite]
        found[suite] = inside
        for kind in sorted({queries[position].kind for position in inside} - {""}):
            found[f"{suite}, {kind}"] = [position for position in inside if queries[position].kind == kind]
    return list(found.items())


def _stages(runs: Sequence[Run], estimated: Callable[..., Estimate]) -> dict[str, Estimate]:
    rankings = [ranking for run in runs for ranking in run.rankings]
    stages = dict.fromkeys(stage for ranking in rankings for stage in ranking.seconds)
    return {
        stage: estimated(
            np.array([ranking.seconds.get(stage, 0.0) * 1000 for ranking in rankings]), np.median
        )
        for stage in stages
    }
