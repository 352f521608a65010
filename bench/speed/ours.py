"""The assistant's side of the tables that are not of whole commands, each in a process of its own.

    python -m bench.speed.ours ingest|encode|warm|throughput FILE [PAPERS A BATCH | CALLERS...]

`encode` is the floor of `ingest`: the encoder alone, on the same texts.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path


def ingest(file: Path) -> dict[str, float]:
    """Take up papers, so many a batch where that is said; gives the seconds of it."""
    from assistant import Assistant
    from assistant.index import settling

    settling.BATCH = int(sys.argv[3]) if len(sys.argv) > 3 else settling.BATCH  # noqa: PLR2004 - the third
    with Assistant.open() as assistant:
        begun = time.perf_counter()
        assistant.ingest(file)
        return {"work": time.perf_counter() - begun}


def encode(file: Path) -> dict[str, float]:
    """Encode papers and do nothing else; gives the seconds of it."""
    from assistant import Settings
    from assistant.index.chunking import embedded_text
    from assistant.index.minilm import MiniLM
    from assistant.index.minilm_weights import encoder_files

    papers = [json.loads(line) for line in file.read_text().splitlines()]
    encoder = MiniLM(encoder_files(Settings.load()))
    begun = time.perf_counter()
    for _ in encoder.encode([embedded_text(paper["title"], paper["text"]) for paper in papers]):
        pass
    return {"work": time.perf_counter() - begun}


def warm(file: Path) -> dict[str, list[float]]:
    """Ask each question; gives the seconds of each, by stage and as a whole."""
    from assistant import Assistant

    questions = json.loads(file.read_text())
    seconds: dict[str, list[float]] = {}
    with Assistant.open() as assistant:
        assistant.ask(questions[0])
        for question in questions:
            begun = time.perf_counter()
            answer = assistant.ask(question)
            seconds.setdefault("whole", []).append(time.perf_counter() - begun)
            for stage, spent in answer.seconds.items():
                seconds.setdefault(stage, []).append(spent)
    return seconds


def throughput(file: Path) -> dict[str, float]:
    """Have so many callers ask the questions between them; gives answers a second by callers."""
    from assistant import Assistant

    questions = json.loads(file.read_text())

    async def ask_all(assistant: Assistant, count: int) -> float:
        waiting = list(questions)

        async def ask() -> None:
            while waiting:
                await assistant.aask(waiting.pop())

        begun = time.perf_counter()
        await asyncio.gather(*(ask() for _ in range(count)))
        return len(questions) / (time.perf_counter() - begun)

    with Assistant.open() as assistant:
        assistant.ask(questions[0])
        return {each: asyncio.run(ask_all(assistant, int(each))) for each in sys.argv[3:]}


MODES: dict[str, Callable[[Path], object]] = {
    "ingest": ingest,
    "encode": encode,
    "warm": warm,
    "throughput": throughput,
}

if __name__ == "__main__":
    print(json.dumps(MODES[sys.argv[1]](Path(sys.argv[2]))))
