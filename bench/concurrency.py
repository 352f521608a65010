"""Write and read one home from many processes, threads and tasks at once, and say what went wrong.

    python -m bench.concurrency [--seconds 60] [--writers 4] [--readers 8] [--questions 2000]

Some processes take up papers while others ask; 32 threads share one Assistant; 200 questions are asked at
once from asynchronous code; and one process asks thousands, to see whether files, threads or memory grow.
The papers are those that are shipped.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import queue
import random
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path
from typing import TYPE_CHECKING

from assistant import Assistant, Settings
from assistant.corpus import paper_id
from assistant.errors import AssistantError
from assistant.evaluation.questions import load_suite
from assistant.resources import resource

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

THREADS, TASKS = 32, 200
FIRST, BATCH = 40, 3
"""Papers in the home before the writers begin, and in one ingest of theirs."""
PATIENCE = 120.0
"""Seconds a writer waits for the others."""
AT_ONCE = 2.0
"""Seconds within which a reader must see what was acknowledged."""

Line = dict[str, object]


@dataclass
class Told:
    """What a reader saw."""

    answers: int = 0
    errors: list[str] = field(default_factory=list)
    strangers: int = 0
    """Citations of papers that the ledger does not have."""
    seen_after: list[float] = field(default_factory=list)
    """Seconds from an acknowledgement to the last search that missed the paper."""


def settings_of(home: Path) -> Settings:
    """Give the settings of all processes."""
    return Settings.load(home=home).model_copy(update={"model": "extractive", "lock_timeout": PATIENCE})


def write(
    home: Path, lines: list[Line], acknowledged: "Queue[tuple[float, str]]", ready: Barrier, over: Event
) -> None:
    """Take papers up a few at a time, and say when each was acknowledged."""
    with Assistant.open(settings=settings_of(home)) as assistant, tempfile.TemporaryDirectory() as folder:
        ready.wait(PATIENCE)
        for start in range(0, len(lines), BATCH):
            if over.is_set():
                break
            batch = lines[start : start + BATCH]
            page = Path(folder) / f"{start}.jsonl"
            page.write_text("".join(f"{json.dumps(line)}\n" for line in batch), encoding="utf-8")
            assistant.ingest(page)
            for line in batch:
                acknowledged.put((time.time(), str(line["title"])))


def read(
    home: Path, acknowledged: "Queue[tuple[float, str]]", told: "Queue[Told]", ready: Barrier, over: Event
) -> None:
    """Ask, and look for what was acknowledged."""
    seen = Told()
    with Assistant.open(settings=settings_of(home)) as assistant:
        ready.wait(PATIENCE)
        questions = [question.question for question in load_suite("single")]
        random.Random(os.getpid()).shuffle(questions)  # noqa: S311 - no secret
        for question in questions * 100:
            if over.is_set():
                break
            try:
                if (fresh := _next(acknowledged)) is not None:
                    seen.seen_after.append(_seen_after(assistant, *fresh))
                answer = assistant.ask(question)
                seen.answers += 1
                known = {paper.paper_id for paper in assistant.papers()}
                seen.strangers += sum(citation.paper_id not in known for citation in answer.citations)
            except AssistantError as error:
                seen.errors.append(str(error))
            except Exception as error:  # noqa: BLE001 - it is what is looked for
                seen.errors.append(f"{type(error).__name__}: {error}")
    told.put(seen)


def _next(acknowledged: "Queue[tuple[float, str]]") -> tuple[float, str] | None:
    try:
        return acknowledged.get_nowait()
    except queue.Empty:
        return None


def _seen_after(assistant: Assistant, when: float, title: str) -> float:
    """Search for a paper by its title until it is found.

    Gives the seconds from its acknowledgement to the last search that missed it; 0 where none did.
    """
    missed = 0.0
    while True:
        asked = time.time()
        if paper_id(title) in {hit.paper.paper_id for hit in assistant.search(title)}:
            return missed
        missed = asked - when
        if missed > 10 * AT_ONCE:
            raise RuntimeError(f"{title} was acknowledged and is not found")


def processes(home: Path, seconds: float, writing: int, reading: int) -> bool:
    """Run writers and readers; prints what they saw, and tells whether all was well."""
    lines = [json.loads(line) for line in resource("corpus/papers.jsonl").read_text("utf-8").splitlines()]
    with Assistant.open(settings=settings_of(home)) as assistant, tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "first.jsonl"
        page.write_text("".join(f"{json.dumps(line)}\n" for line in lines[:FIRST]), encoding="utf-8")
        assistant.ingest(page)
    context = multiprocessing.get_context("spawn")
    acknowledged: Queue[tuple[float, str]] = context.Queue()
    shown: Queue[tuple[float, str]] = context.Queue()
    told: Queue[Told] = context.Queue()
    ready, over = context.Barrier(writing + reading + 1), context.Event()
    rest = lines[FIRST:]
    writers = [
        context.Process(target=write, args=(home, rest[number::writing], acknowledged, ready, over))
        for number in range(writing)
    ]
    readers = [context.Process(target=read, args=(home, shown, told, ready, over)) for _ in range(reading)]
    for process in (*readers, *writers):
        process.start()
    ready.wait(PATIENCE)
    taken: list[str] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            when, title = acknowledged.get(timeout=0.1)
        except queue.Empty:
            continue
        taken.append(title)
        shown.put((when, title))
    over.set()
    seen = [told.get(timeout=120) for _ in readers]
    for process in (*writers, *readers):
        process.join(120)
    while (last := _next(acknowledged)) is not None:
        taken.append(last[1])
    return _report(
        home, [str(line["title"]) for line in lines[:FIRST]] + taken, seen, [p.exitcode for p in writers]
    )


def _report(home: Path, taken: list[str], seen: list[Told], codes: list[int | None]) -> bool:
    with Assistant.open(settings=settings_of(home)) as assistant:
        held = {paper.paper_id for paper in assistant.papers()}
        found = sum(
            paper_id(title) in {hit.paper.paper_id for hit in assistant.search(title, limit=3)}
            for title in taken
        )
    waits = [wait for each in seen for wait in each.seen_after]
    errors = [error for each in seen for error in each.errors]
    rows = {
        "writers that ended well": f"{codes.count(0)} of {len(codes)}",
        "papers acknowledged, and in the ledger": f"{len(taken)}, {len({*map(paper_id, taken)} & held)}",
        "found by their own title": f"{found} of {len(taken)}",
        "answers given meanwhile": str(sum(each.answers for each in seen)),
        "errors of readers": str(len(errors)),
        "citations of papers not in the ledger": str(sum(each.strangers for each in seen)),
        f"a search of {len(waits)} missed a new paper after": f"{max(waits, default=0):.2f} s at the latest",
    }
    _print(f"{len(codes)} writers and {len(seen)} readers", rows)
    for error in sorted(set(errors)):
        print(f"- {error}", file=sys.stderr)
    return (
        not any(codes)
        and {paper_id(title) for title in taken} <= held
        and found == len(taken)
        and not errors
        and not any(each.strangers for each in seen)
        and max(waits, default=0.0) <= AT_ONCE
    )


def together(assistant: Assistant) -> bool:
    """Ask from many threads, and from asynchronous code; every answer must be the one of a single thread."""
    questions = [question.question for question in load_suite("single")][:20]
    alone = {question: assistant.ask(question).text for question in questions}
    many = [questions[number % len(questions)] for number in range(TASKS)]
    with ThreadPoolExecutor(THREADS) as pool:
        start = time.perf_counter()
        same = sum(
            answer.text == alone[asked]
            for asked, answer in zip(many, pool.map(assistant.ask, many), strict=True)
        )
        threads = time.perf_counter() - start

    async def all_at_once() -> int:
        answers = await asyncio.gather(*map(assistant.aask, many))
        return sum(answer.text == alone[asked] for asked, answer in zip(many, answers, strict=True))

    start = time.perf_counter()
    asynchronous = asyncio.run(all_at_once())
    tasks = time.perf_counter() - start
    _print(
        "One Assistant, shared",
        {
            f"{THREADS} threads: answers as from one": f"{same} of {len(many)}, in {threads:.1f} s",
            f"{TASKS} aask at once: answers as from one": f"{asynchronous} of {len(many)}, in {tasks:.1f} s",
        },
    )
    return same == len(many) and asynchronous == TASKS


def growth(assistant: Assistant, count: int) -> bool:
    """Ask again and again; open files, threads and memory must not grow."""
    questions = [question.question for question in load_suite("single")]
    measured = []
    for number in range(count + 1):
        if number in (count // 4, count // 2, count):
            measured.append((number, *_held()))
        assistant.ask(questions[number % len(questions)])
    rows = {
        f"after {number:,} questions": f"{files} open files, {threads} threads, {megabytes:.0f} MB"
        for number, files, threads, megabytes in measured
    }
    _print("One process that asks on", rows)
    first, last = measured[0], measured[-1]
    return last[1] <= first[1] and last[2] <= first[2] and last[3] <= 1.05 * first[3]


def _held() -> tuple[int, int, float]:
    """Count this process's open files, threads and megabytes."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    values = dict(line.split(":", 1) for line in status.splitlines())
    files = len(list(Path("/proc/self/fd").iterdir()))
    return files, int(values["Threads"]), int(values["VmRSS"].split()[0]) / 1024


def _print(title: str, rows: dict[str, str]) -> None:
    print(f"\n| {title} | |\n| --- | --- |")
    for name, value in rows.items():
        print(f"| {name} | {value} |", flush=True)


def main() -> None:
    """Run all of it; exits with 1 where something was not as it must be."""
    parser = argparse.ArgumentParser(description="Write and read one home from many sides at once.")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long writers and readers run")
    parser.add_argument("--writers", type=int, default=4, help="processes that take up papers")
    parser.add_argument("--readers", type=int, default=8, help="processes that ask")
    parser.add_argument("--questions", type=int, default=2_000, help="how many one process asks")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        well = [processes(home, given.seconds, given.writers, given.readers)]
        with Assistant.open(settings=settings_of(home)) as assistant:
            well += [together(assistant), growth(assistant, given.questions)]
    if not all(well):
        sys.exit("Not everything was as it must be: see above.")


if __name__ == "__main__":
    main()
