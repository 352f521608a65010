"""A full disk, and a home that cannot be written: nothing acknowledged is lost."""

import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Run

Inside = Callable[[str, str], subprocess.CompletedProcess[str]]

MORE = [
    {"title": f"Kettle {number}", "abstract": f"Kettle {number} boils {number} litres. " * 10}
    for number in range(60)
]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Sixty papers."""
    path = tmp_path / "page.jsonl"
    path.write_text("\n".join(map(json.dumps, MORE)), encoding="utf-8")
    return path


@pytest.fixture
def inside(small_home: Path, environment: dict[str, str], tmp_path: Path) -> Inside:
    """Runs a shell script in which `home` is a file system of its own, of so many kilobytes."""
    allowed = ["unshare", "--mount", "--map-root-user"]
    probe = "mount -t tmpfs -o size=64k tmpfs /mnt"
    if not shutil.which("unshare") or subprocess.run([*allowed, "sh", "-c", probe], check=False).returncode:
        pytest.skip("file systems cannot be mounted here")

    def run_inside(size: str, script: str) -> subprocess.CompletedProcess[str]:
        home = tmp_path / "mounted"
        home.mkdir()
        begin = f"mount -t tmpfs -o size={size} tmpfs {home} && cp -r {small_home}/. {home}\n"
        return subprocess.run(
            [*allowed, "sh", "-c", begin + script],
            env={**environment, "ASSISTANT_HOME": str(home)},
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run_inside


def test_a_full_disk_is_said_and_the_ingest_goes_on_when_there_is_room(inside: Inside, page: Path) -> None:
    done = inside(
        "8m",
        f"""
        dd if=/dev/zero of="$ASSISTANT_HOME/filler" bs=64k 2> /dev/null
        truncate --size=-128k "$ASSISTANT_HOME/filler"
        assistant ingest {page} 2>&1; echo "ended $?"
        rm "$ASSISTANT_HOME/filler"
        assistant papers list | wc -l
        assistant ingest {page} && assistant status --check
        """,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    refused, ended, known, *_, checked = done.stdout.splitlines()
    assert ended == "ended 1"
    assert refused.startswith("assistant: ")
    assert "make room" in refused
    assert "run the command again" in refused
    assert int(known) in (12, 72)
    assert checked == "Check    the ledger, the vectors, the words and the token vectors agree"


def test_a_home_that_cannot_be_written_is_said_and_left_as_it_was(inside: Inside, page: Path) -> None:
    done = inside(
        "64m",
        f"""
        mount -o remount,ro "$ASSISTANT_HOME"
        for command in "ingest {page}" "ingest --rebuild" "papers remove doorbells"; do
            assistant $command 2>&1; echo "ended $?"
        done
        mount -o remount,rw "$ASSISTANT_HOME"
        assistant papers list | wc -l
        assistant status --check
        """,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[1:6:2] == ["ended 1"] * 3
    for sentence in lines[0:6:2]:
        assert "cannot be written (Read-only file system): make it writable" in sentence
    assert lines[6] == "12"
    assert lines[-1] == "Check    the ledger, the vectors, the words and the token vectors agree"


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
sys.argv[1:] = sys.argv[2:]
from assistant.terminal.app import main
main()
"""


def test_a_file_that_may_not_grow_is_said_and_the_ingest_goes_on_when_it_may(
    small_home: Path, page: Path, run: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(small_home, home)
    largest = max(path.stat().st_size for path in home.rglob("*") if path.is_file())
    assert resource.RLIM_INFINITY in resource.getrlimit(resource.RLIMIT_FSIZE)
    refused = subprocess.run(
        [sys.executable, "-c", LIMITED, str(largest + 30_000), "ingest", page],
        env={**environment, "ASSISTANT_HOME": str(home)},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert refused.returncode == 1
    assert refused.stderr.startswith("assistant: ")
    assert "make room" in refused.stderr
    assert "run the command again" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert run("ingest", page).returncode == 0
    assert run("status", "--check").returncode == 0
    assert len(run("papers", "list").stdout.splitlines()) == 72
