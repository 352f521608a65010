"""What one process sees that asks a home, and one that only has Chroma: each prints its figures as JSON."""

import argparse
import json
import os
import random
import resource as limits
import time
from pathlib import Path
from typing import Any

import numpy as np

from assistant import Assistant, Settings
from assistant.corpus import paper_id
from assistant.evaluation.questions import CuratedQuestion, load_suite
from assistant.index.encoder import Matrix
from assistant.index.place import COLLECTION
from assistant.resources import resource

SUITES = ("single", "multi", "topic", "unanswerable", "false-premise")
FIRST = 20
"""Questions asked before the clock runs: a process is warm after them."""
CHUNKS = 200
"""What a search asks Chroma for."""


def questions(count: int, seed: int) -> list[CuratedQuestion]:
    """Draw curated questions: for each process others, so that none finds what another has read from disk."""
    every = [question for suite in SUITES for question in load_suite(suite, resource("eval/questions"))]
    return random.Random(seed).sample(every, min(count, len(every)))  # noqa: S311 - no secret


def ask(home: Path, count: int, seed: int, since: str | None = None) -> dict[str, Any]:
    """Open a home and ask; time by the clock and by the processor, memory, and what was found."""
    chosen = questions(count + FIRST, seed)
    start = time.perf_counter()
    with Assistant.open(settings=Settings(home=home, model="extractive")) as assistant:
        assistant.ask(chosen[0].question)
        opening = time.perf_counter() - start
        for question in chosen[1:FIRST]:
            assistant.ask(question.question, since=since)
        walls, processor, stages = [], [], []
        found = first = asked = 0
        for question in chosen[FIRST:]:
            begun, used = time.perf_counter(), time.process_time()
            answer = assistant.ask(question.question, since=since)
            walls.append(time.perf_counter() - begun)
            processor.append(time.process_time() - used)
            stages.append(answer.seconds)
            if question.suite == "single":
                asked += 1
                right = {paper_id(title) for title in question.titles}
                sources = [hit.paper.paper_id for hit in answer.sources]
                found += bool(right & set(sources))
                first += bool(right & set(sources[:1]))
        return {
            "opening": opening,
            "seconds": walls,
            "processor": processor,
            "stages": {stage: [each.get(stage, 0.0) for each in stages] for stage in stages[0]},
            "asked": asked,
            "found": found,
            "first": first,
            **memory(),
        }


def query(home: Path, vectors: Matrix) -> dict[str, Any]:
    """Open only Chroma's collection, and query it."""
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    start = time.perf_counter()
    client = chromadb.PersistentClient(
        str(home / "vectors"), settings=ChromaSettings(anonymized_telemetry=False)
    )
    collection = client.get_collection(COLLECTION, embedding_function=None)
    collection.query(query_embeddings=vectors[:1], n_results=CHUNKS, include=["distances"])
    opening = time.perf_counter() - start
    walls = []
    for vector in vectors[1:]:
        begun = time.perf_counter()
        collection.query(query_embeddings=vector[np.newaxis], n_results=CHUNKS, include=["distances"])
        walls.append(time.perf_counter() - begun)
    return {"opening": opening, "seconds": walls, **memory()}


def memory() -> dict[str, int]:
    """Give this process's memory in bytes: all of it, what no file backs, and the most there was."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    held = {
        name: int(lines[key].split()[0]) * 1024
        for name, key in (("resident", "VmRSS"), ("anonymous", "RssAnon"), ("peak", "VmHWM"))
    }
    return {**held, "most": limits.getrusage(limits.RUSAGE_SELF).ru_maxrss * 1024}


def main() -> None:
    """Do one of the two."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["ask", "query"])
    parser.add_argument("home", type=Path)
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--since")
    parser.add_argument("--vectors", type=Path)
    given = parser.parse_args()
    before = os.getloadavg()[0]
    if given.what == "ask":
        figures = ask(given.home, given.count, given.seed, given.since)
    else:
        figures = query(given.home, np.load(given.vectors)[: given.count])
    print(json.dumps({**figures, "load": [before, os.getloadavg()[0]]}))


if __name__ == "__main__":
    main()
