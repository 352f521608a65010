"""The command: `python -m bench.growth`.

Builds a home of each size, where it is not there yet, and measures it: each figure over several processes.
"""

import argparse
import json
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from assistant.index.encoder import Encoder
from assistant.index.index import Index
from assistant.index.minilm import MiniLM
from assistant.index.minilm_weights import encoder_files
from assistant.settings import Settings
from bench.growth.asking import questions
from bench.growth.building import build, disk
from bench.growth.corpus import Generator, read_shipped
from bench.growth.exact import recall
from bench.growth.report import as_markdown

SIZES = (1_000, 10_000, 100_000, 1_000_000)
RUNS = 5
QUESTIONS = 120
SINCE = "2023"
"""Two of the ten years that the papers are of, and so of a sixth of them: one in five has no date."""
COMPARED = 150
"""Questions whose nearest vectors are also found exactly."""

LARGE = 200_000
"""From this size on abstracts are short, and Chroma gets no texts: else a million takes 30 GB."""
SHORT = 4
"""Sentences of a short abstract, at the most."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Build, measure, print, and write the figures."""
    given = _parser().parse_args(arguments)
    given.folder.mkdir(parents=True, exist_ok=True)
    encoder = MiniLM(encoder_files(Settings.load()))
    report: dict[str, Any] = {
        "machine": machine(),
        "seed": given.seed,
        "runs": given.runs,
        "questions": given.questions,
        "sizes": [],
    }
    for size in given.sizes:
        built = _build(given.folder, size, given.seed, encoder)
        report["sizes"].append({**built, **_measure(given.folder / str(size), given, encoder)})
        _write(report, given.json)
    print(as_markdown(report))


def _write(report: dict[str, Any], path: Path | None) -> None:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(report, indent=1) + "\n")
        path.with_suffix(".md").write_text(as_markdown(report))


def _build(folder: Path, size: int, seed: int, encoder: Encoder) -> dict[str, Any]:
    large = size >= LARGE
    most = SHORT if large else None
    index = Index(Settings.load(home=folder / str(size)), encoder=encoder)
    try:
        generator = Generator(read_shipped(folder, encoder), seed=seed, most=most, texts=not large)
        seconds = build(index, generator, size)
    finally:
        index.close()
    return {
        "papers": size,
        "sentences": most,
        "texts": not large,
        "build": seconds,
        "disk": disk(folder / str(size)),
    }


def _measure(home: Path, given: argparse.Namespace, encoder: Encoder) -> dict[str, Any]:
    texts = [question.question for question in questions(sys.maxsize, given.seed)]
    vectors = np.stack([encoding.pooled() for encoding in encoder.encode(texts)])
    with tempfile.NamedTemporaryFile(suffix=".npy") as file:
        np.save(file, vectors)
        file.flush()
        count = str(given.questions)
        # By turns, so that what else the machine does meets both.
        runs = [
            (
                _child("ask", str(home), "--count", count, "--seed", str(given.seed + run)),
                _child("query", str(home), "--count", count, "--vectors", file.name),
                _child("ask", str(home), "--count", count, "--seed", str(given.seed + run), "--since", SINCE),
            )
            for run in range(given.runs)
        ]
    asked, queried, dated = ([summary(one) for one in each] for each in zip(*runs, strict=True))
    return {
        "ask": asked,
        "query": queried,
        "dated": dated,
        "recall": recall(home, vectors[:COMPARED], tuple(given.efforts)),
    }


def _child(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.growth.asking", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own module
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def summary(run: dict[str, Any]) -> dict[str, Any]:
    """Reduce a process's figures: milliseconds for times, shares of the questions that name one paper."""

    def percentiles(prefix: str, seconds: list[float]) -> dict[str, float]:
        return {f"{prefix}p{rank}": float(np.percentile(seconds, rank)) * 1e3 for rank in (50, 95)}

    kept = {key: run[key] for key in ("opening", "resident", "anonymous", "peak", "load")}
    kept |= percentiles("", run["seconds"])
    if "processor" in run:
        kept |= percentiles("processor_", run["processor"])
        kept["stages"] = {stage: float(np.median(each)) * 1e3 for stage, each in run["stages"].items()}
        kept |= {key: run[key] / max(1, run["asked"]) for key in ("found", "first")}
    return kept


def machine() -> dict[str, Any]:
    """Say on what the figures were measured."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    processor = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "")
    return {
        "processor": processor or platform.processor(),
        "cores": os.cpu_count(),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "python": platform.python_version(),
        "chromadb": version("chromadb"),
        "tantivy": version("tantivy"),
        "sqlite": sqlite3.sqlite_version,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument(
        "--sizes",
        nargs="+",
        type=int,
        default=SIZES,
        metavar="PAPERS",
        help="at least 1,000 each, from which on Chroma keeps its graph in files (default: %(default)s)",
    )
    parser.add_argument("--folder", type=Path, required=True, help="keeps the homes for later runs")
    parser.add_argument(
        "--runs", type=int, default=RUNS, help="processes of each size (default: %(default)s)"
    )
    parser.add_argument(
        "--questions", type=int, default=QUESTIONS, help="of each process (default: %(default)s)"
    )
    parser.add_argument("--efforts", nargs="*", type=int, default=(), help="other values of ef_search to try")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--json", metavar="FILE", type=Path, help="write the figures here, and beside as Markdown"
    )
    return parser


if __name__ == "__main__":
    main()
