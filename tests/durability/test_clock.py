"""A clock that is set back, before a process and while it runs: no store goes by it."""

import json
import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Run

from assistant.corpus import Listing, Reading
from assistant.index.index import Index

OpenIndex = Callable[..., Index]

YEAR = 365 * 86_400
PAPERS = 60


class Clock:
    """The time of day that processes see, this many seconds from the machine's."""

    def __init__(self, folder: Path) -> None:
        self._offset = folder / "offset"
        self.set(0)
        library = folder / "clock.so"
        source = Path(__file__).with_name("clock.c")
        compiler = shutil.which("cc")
        if compiler is None or not sys.platform.startswith("linux"):
            pytest.skip("a clock of one's own takes Linux and a C compiler")
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
        self.variables = {"LD_PRELOAD": str(library), "CLOCK_OFFSET": str(self._offset)}

    def set(self, seconds: int) -> None:
        """Move it, for processes that run too."""
        mode = "r+b" if self._offset.exists() else "wb"
        with self._offset.open(mode) as file:
            file.write(struct.pack("l", seconds))


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.jsonl"
    _write(path, "boils")
    return path


def _write(page: Path, verb: str) -> None:
    papers = [
        {"title": f"Kettle {number}", "abstract": f"Kettle {number} {verb} {number} litres. " * 10}
        for number in range(PAPERS)
    ]
    page.write_text("\n".join(map(json.dumps, papers)), encoding="utf-8")


@pytest.fixture
def beginning(environment: dict[str, str], tmp_path: Path, clock: Clock) -> Iterator[Callable[..., object]]:
    """Starts the installed command and goes on while it runs."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: str | Path) -> subprocess.Popen[str]:
        started.append(
            subprocess.Popen(
                ["assistant", *arguments],
                env={**environment, **clock.variables, "ASSISTANT_HOME": str(tmp_path / "home")},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def test_a_clock_set_back_between_commands_and_within_one_changes_nothing(
    run: Run, clock: Clock, page: Path, beginning: Callable[..., "subprocess.Popen[str]"]
) -> None:
    clock.set(10 * YEAR)
    told = subprocess.run(
        [sys.executable, "-c", "import time; print(time.time())"],
        env={**os.environ, **clock.variables},
        check=True,
        capture_output=True,
        text=True,
    )
    assert float(told.stdout) > time.time() + 9 * YEAR
    ingest = beginning("ingest", page)
    for years in range(9, -6, -1):  # while it runs: each time further back
        time.sleep(0.1)
        clock.set(years * YEAR)
    said, _ = ingest.communicate(timeout=120)
    assert ingest.returncode == 0, said
    clock.set(-5 * YEAR)
    agreed = "the ledger, the vectors, the words and the token vectors agree"
    assert agreed in run("status", "--check", **clock.variables).stdout

    clock.set(-10 * YEAR)
    _write(page, "whistles at")
    assert run("ingest", page, **clock.variables).returncode == 0
    assert run("papers", "remove", "Kettle 7", **clock.variables).returncode == 0
    clock.set(-20 * YEAR)
    assert "whistles at 9 litres" in run("papers", "show", "Kettle 9", **clock.variables).stdout
    assert "Kettle 9" in run("search", "Which one whistles at 9 litres?", **clock.variables).stdout
    for offset in (-20 * YEAR, 0):
        clock.set(offset)
        status = run("status", "--check", **clock.variables)
        assert (status.returncode, agreed in status.stdout) == (0, True)
        assert len(run("papers", "list", **clock.variables).stdout.splitlines()) == PAPERS - 1


def test_files_of_the_future_change_nothing(
    new_index: OpenIndex, small_home: Path, library: Reading, tmp_path: Path
) -> None:
    # Every file is of the future, as it looks to whoever's clock was set back by ten years.
    home = tmp_path / "home"
    shutil.copytree(small_home, home)
    future = time.time() + 10 * 365 * 86_400

    def set_back() -> None:
        for path in [home, *home.rglob("*")]:
            os.utime(path, (future, future))

    set_back()
    index = new_index()
    changed = Listing(title="A Survey of Doorbells", text="Doorbells ring.", source="a.txt")
    new = Listing(title="Kettles", text="A kettle boils water.", source="a.txt")
    assert index.ingest(Reading(listings=(changed, new))).updated == 1
    index.remove([index.find("kettles")])
    index.close()

    set_back()
    again = new_index()
    assert again.check().disagreements == ()
    assert again.find("A Survey of Doorbells").text == "Doorbells ring."
    assert len(again.ledger.papers()) == len(library.listings)
    set_back()
    again.rebuild()
    assert again.check().disagreements == ()
