"""The tables of speed, the page that shows them, and the guard of the hot paths."""

import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant import Settings
from assistant.corpus import Reading, read_sources
from assistant.index.index import Index
from assistant.index.minilm import MiniLM
from assistant.resources import resource
from bench.speed.__main__ import TABLES
from bench.speed.guard import HotPath, paths
from bench.speed.page import PAGE, RESULTS, renewed
from bench.speed.processes import run
from bench.speed.report import Row, Table, as_json, as_markdown, from_json, machine

PAPERS = 60

# The tables


def test_the_page_shows_the_figures_that_were_kept() -> None:
    page = PAGE.read_text()
    assert "<!-- bench.speed cold -->" in page
    assert renewed(page) == page


def test_markdown_and_json_are_of_the_same_runs() -> None:
    for path in [RESULTS / f"{name}.json" for name in TABLES]:
        table = from_json(json.loads(path.read_text()))
        assert path.with_suffix(".md").read_text() == as_markdown(table)
        assert table.name == path.stem
        for row in table.rows:
            assert len(row.ours) >= 5
            assert len(row.other) in (0, len(row.ours))


def test_the_ratio_is_taken_run_by_run() -> None:
    row = Row(what="ask", unit="s", ours=(1.0, 4.0, 3.0), other=(2.0, 16.0, 3.0), target="<= 0.5")
    assert row.ratios == [0.5, 0.25, 1.0]
    assert row.met is True
    assert dataclasses.replace(row, target=">= 0.6").met is False
    assert dataclasses.replace(row, target="").met is None
    alone = Row(what="p50", unit="ms", ours=(30.0, 39.0, 90.0), target="<= 40")
    assert alone.met is True
    table = Table(name="t", title="A table", other="peer", rows=(row, alone), machine=machine())
    assert from_json(json.loads(json.dumps(as_json(table)))) == table
    lines = as_markdown(table).splitlines()
    assert lines[4] == "| ask, s | 3.00 (1.00–4.00) | 3.00 (2.00–16.0) | 0.50 (0.25–1.00) | ≤ 0.5 ✓ |"
    assert lines[5] == "| p50, ms | 39.0 (30.0–90.0) | – | – | ≤ 40 ✓ |"


def test_a_process_is_measured_from_start_to_exit() -> None:
    script = "import time; time.sleep(0.2); held = bytearray(300_000_000); print('done')"
    ended = run([sys.executable, "-c", script], {"PATH": ""})
    assert ended.output == "done\n"
    assert ended.seconds > 0.2
    assert ended.peak > 300
    assert 0 < ended.processor < 30
    with pytest.raises(SystemExit, match="ZeroDivisionError"):
        run([sys.executable, "-c", "1 / 0"], {"PATH": ""})


# The guard


TRIES = 3
"""What else the machine does may fall on one side of a ratio alone; work that has crept in stays there."""


@pytest.fixture(scope="module")
def hot_paths(
    encoder: MiniLM, cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[HotPath]]:
    read = read_sources([resource("corpus/papers.jsonl")])
    index = Index(Settings(home=tmp_path_factory.mktemp("hot") / "home", cache=cache), encoder=encoder)
    index.ingest(Reading(listings=read.listings[:PAPERS]))
    yield paths(index)
    index.close()


@pytest.mark.parametrize("number", range(3))
def test_no_work_has_crept_into_a_hot_path(hot_paths: list[HotPath], number: int) -> None:
    path = hot_paths[number]
    assert any(path.ratio() < path.bound for _ in range(TRIES)), path.name


@pytest.mark.parametrize("number", range(3))
def test_work_that_is_done_twice_would_be_seen(hot_paths: list[HotPath], number: int) -> None:
    path = hot_paths[number]
    assert any(1.7 < path.ratio(2) / path.ratio() < 2.4 for _ in range(TRIES))
    assert path.bound < 1.7 * path.usual
