"""A handful of what `python -m bench.durability` does at length."""

import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.index.minilm_weights import EncoderFiles

REPOSITORY = Path(__file__).parents[2]

KILLS = 4
PAPERS = 72
"""Two batches of an ingest."""

Figures = Callable[..., list[dict[str, str]]]


@pytest.fixture
def figures(environment: dict[str, str], model_files: EncoderFiles) -> Figures:
    """Runs a bench, which has to end well, and gives the figures of its table by their heading."""
    assert model_files.model.is_file()

    def run(module: str, *arguments: str) -> list[dict[str, str]]:
        seed = random.randrange(10**6)  # noqa: S311 - no secret; printed by the bench
        done = subprocess.run(
            [sys.executable, "-m", module, "--seed", str(seed), *arguments],
            cwd=REPOSITORY,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        rows = [
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in done.stdout.splitlines()
            if re.match(r"\|", line)
        ]
        return [dict(zip(rows[0], row, strict=True)) for row in rows[2:]]

    return run


def test_killed_processes_lose_nothing(figures: Figures) -> None:
    found = figures("bench.durability", "--kills", str(KILLS), "--papers", str(PAPERS))
    assert [row["operation"] for row in found] == ["first ingest", "update", "remove", "rebuild"]
    for name in ("papers lost", "half", "not found", "disagreements", "failures"):
        assert {row[name] for row in found} == {"0"}
    # Some kills come after the end; that all do would be no test.
    assert sum(int(row["killed"]) for row in found) > 0


def test_damaged_files_are_refused_and_made_anew(figures: Figures) -> None:
    found = figures("bench.durability.damage", "--flips", "1", "--sample", "8")
    assert sum(int(row["times"]) for row in found) == 8
    for row in found:
        assert (row["found otherwise"], row["crashed"]) == ("0", "0")
        # What a damaged ledger held is exported, as far as it can be read; all else is made again.
        assert row["store"] == "ledger" or row["mended"] == row["times"]


def test_homes_that_share_a_server_lose_nothing(figures: Figures) -> None:
    found = figures("bench.durability.shared", "--trials", "1", "--papers", "40")
    told = {row["3 homes at once"]: int(row[""]) for row in found}
    assert told.pop("trials") == 1
    assert told.pop("papers acknowledged") > 0
    assert told.pop("searches meanwhile") > 0
    assert set(told.values()) == {0}
