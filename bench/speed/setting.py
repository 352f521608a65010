"""What all tables stand on: the papers, the questions, and a finished index of each side."""

import json
import shutil
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from assistant.corpus import read_sources
from assistant.evaluation.questions import load_suite
from assistant.index.ingest import plan
from assistant.index.minilm_weights import encoder_files
from assistant.resources import resource
from assistant.settings import Settings
from bench.speed.processes import Ended, environment, run

QUESTION = "What does WideNet share across its layers?"
SUITES = ("single", "multi", "topic", "unanswerable")
EACH = 25
"""Questions of each suite, evenly from all of it."""

HERE = Path(__file__).parent
MAKE_GRAPH = """
from assistant.index.minilm_weights import encoder_files
from assistant.settings import Settings

encoder_files(Settings.load())
"""


class Setting:
    """A folder with everything in it; nothing outside of it is written."""

    def __init__(self, folder: Path, pages: Sequence[str] = (), most: int | None = None) -> None:
        """Write papers and questions down, and find the encoder.

        Args:
            folder: takes everything; indexes that it holds are used again.
            pages: patterns of papers to take instead of those that are shipped.
            most: how many of the papers to take, evenly from all of them; None for all.
        """
        self.folder = folder
        (folder / "home").mkdir(parents=True, exist_ok=True)
        self.papers = folder / "papers.jsonl"
        listed = read_sources(list(pages) or [resource("corpus/papers.jsonl")])
        papers = list(plan(listed, {}).papers.values())
        papers = papers[:: max(1, len(papers) // (most or len(papers)))][:most]
        self.papers.write_text(
            "".join(f"{json.dumps({'title': each.title, 'text': each.text})}\n" for each in papers)
        )
        self.count = len(papers)
        self.questions = folder / "questions.json"
        asked = [[each.question for each in load_suite(suite)] for suite in SUITES]
        chosen = [suite[:: max(1, len(suite) // EACH)][:EACH] for suite in asked]
        self.questions.write_text(json.dumps([question for suite in chosen for question in suite]))
        settings = Settings.load()
        self.environment = environment(folder, settings.cache)
        # Made by another process, where it is not there: none that this one starts has less memory than it.
        run([sys.executable, "-c", MAKE_GRAPH], self.environment)
        self.files = encoder_files(settings)

    def ours(self, mode: str, *arguments: str | Path, home: Path | None = None) -> Ended:
        """Run our side of a table."""
        return self._run([sys.executable, "-m", "bench.speed.ours", mode, *arguments], home)

    def command(self, *arguments: str | Path, home: Path | None = None) -> Ended:
        """Run the `assistant` command."""
        return self._run([Path(sys.executable).parent / "assistant", *arguments], home)

    def _run(self, command: list[str | Path], home: Path | None) -> Ended:
        return run(command, {**self.environment, "ASSISTANT_HOME": str(home or self.home)})

    def peer(self, mode: str, *arguments: str | Path, index: Path | None = None) -> Ended:
        """Run the peer's side of a table."""
        own: list[str | Path] = [
            HERE / "peer.py",
            mode,
            self.files.model,
            self.files.tokenizer,
            index or self.peer_index,
        ]
        return run([sys.executable, *own, *arguments], self.environment)

    @cached_property
    def home(self) -> Path:
        """Our finished index."""
        home = self.folder / "finished"
        self.ours("ingest", self.papers, home=home)  # of what it holds already, nothing is done again
        return home

    @cached_property
    def peer_index(self) -> Path:
        """The peer's finished index."""
        index, finished = self.folder / "peer", self.folder / "peer finished"
        if not finished.exists():
            self.peer("ingest", self.papers, index=self.fresh(index.name))
            finished.touch()
        return index

    def fresh(self, name: str) -> Path:
        """Give a folder with nothing in it."""
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        return folder
