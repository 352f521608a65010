"""Some seconds of what `python -m bench.concurrency` does for minutes."""

import re
import subprocess
import sys
from pathlib import Path

from assistant.index.minilm_weights import EncoderFiles

SMALL = ("--seconds", "6", "--writers", "2", "--readers", "2", "--questions", "100")
REPOSITORY = Path(__file__).parents[2]


def test_writers_and_readers_threads_and_tasks_share_one_home(
    environment: dict[str, str], model_files: EncoderFiles
) -> None:
    assert model_files.model.is_file()
    done = subprocess.run(
        [sys.executable, "-m", "bench.concurrency", *SMALL],
        cwd=REPOSITORY,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    # It fails where a paper is lost, a reader meets an error, or an answer is another one than it was alone.
    assert done.returncode == 0, done.stdout + done.stderr
    figures = dict(re.findall(r"^\| (.+?) \| (.+?) \|$", done.stdout, re.MULTILINE))
    assert figures["writers that ended well"] == "2 of 2"
    assert figures["errors of readers"] == "0"
    assert figures["citations of papers not in the ledger"] == "0"
    # All of this would be so of a bench in which nothing happens.
    acknowledged, held = map(int, figures["papers acknowledged, and in the ledger"].split(", "))
    assert acknowledged == held > 40
    assert int(figures["answers given meanwhile"]) > 0
    assert figures["32 threads: answers as from one"].startswith("200 of 200")
    assert figures["200 aask at once: answers as from one"].startswith("200 of 200")
