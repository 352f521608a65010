"""Measure what a person waits for in a chat, and what our code adds to the first word of a model.

    python bench/waiting.py [--pages GLOB] [--home FOLDER] [--runs N]

The chat is the real program in a pseudo-terminal, on the shipped papers or on listing pages. The model is a
small server on loopback that answers at once: what is left of the wait, less the search and less the same
call by the openai package alone, is ours.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import SecretStr

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from peer import MODEL, Peer, Script
from screen import Terminal

from assistant import Assistant, Settings
from assistant.resources import resource

FIRST = "By how much does the best WideNet beat ViT on ImageNet-1K?"
LATER = (
    "and with what share of its parameters?",
    "What does PrimeDepth take from Stable Diffusion?",
    "how much faster than Marigold does that make it?",
    "which of these is older?",
)
CALLS = 50


def chat(home: Path) -> dict[str, list[float]]:
    """Start a chat, ask at once, go on; gives seconds by what was waited for."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    environment = {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", "ASSISTANT_HOME": str(home)}
    if cache := os.environ.get("ASSISTANT_CACHE"):
        environment["ASSISTANT_CACHE"] = cache
    terminal = Terminal(["assistant", "chat", "--no-history"], environment, home, columns=100)
    terminal.until("\n>")
    waits = {
        "prompt": [time.monotonic() - terminal.begun],
        "first answer, after the start": [],
        "later answers": [],
    }
    for number, question in enumerate((FIRST, *LATER), start=1):
        begun = terminal.begun if number == 1 else time.monotonic()
        terminal.type(f"{question}\r")
        terminal.until(lambda text, n=number: text.count("Sources (") + text.count("Closest papers") == n)  # type: ignore[misc]
        waits["first answer, after the start" if number == 1 else "later answers"].append(
            time.monotonic() - begun
        )
        terminal.until(lambda text: text.split("\n")[-2:-1] == [">"])
    terminal.type("\x04")
    terminal.end()
    return waits


def first_words(home: Path) -> list[float]:
    """Ask a model on loopback many times; gives the seconds to its first word that are ours."""
    import openai

    peer = Peer()
    try:
        settings = Settings.load(home=home).model_copy(
            update={"openai_base_url": peer.url, "openai_api_key": SecretStr("sk-loopback"), "model": MODEL}
        )
        with Assistant.open(settings=settings) as assistant:
            peer.says("It is 1.5% better [1].")
            assistant.ask(FIRST)
            script = Script(pieces=["It is 1.5% better", " [1]."])
            messages = peer.requests[-1].body["messages"]
            added = []
            with openai.OpenAI(base_url=peer.url, api_key="sk-loopback") as client:
                for _ in range(CALLS):
                    peer.says(script, script)
                    start = time.perf_counter()
                    with client.chat.completions.create(
                        model=MODEL, messages=messages, stream=True
                    ) as chunks:
                        next(iter(chunks))
                        bare = time.perf_counter() - start
                    start = time.perf_counter()
                    stream = assistant.stream(FIRST)
                    next(stream)
                    waited = time.perf_counter() - start
                    for _ in stream:
                        pass
                    seconds = stream.answer.seconds
                    search = sum(
                        spent for stage, spent in seconds.items() if stage not in {"waiting", "writing"}
                    )
                    added.append(waited - search - bare)
            return added
    finally:
        peer.close()


def row(what: str, seconds: Sequence[float]) -> str:
    """Write a row of the table."""
    low, middle, high = (1000 * each for each in (min(seconds), float(np.median(seconds)), max(seconds)))
    return f"| {what} | {len(seconds)} | {low:.0f} | {middle:.0f} | {high:.0f} |"


def main() -> None:
    """Ingest, measure, print."""
    parser = argparse.ArgumentParser(description="Measure what a person waits for.")
    parser.add_argument("--pages", help="a pattern of listing pages to ask instead of the shipped papers")
    parser.add_argument(
        "--home", type=Path, help="a folder to keep the index in; what it holds is used again"
    )
    parser.add_argument("--runs", type=int, default=5, help="how many chats to start (default: 5)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = given.home or Path(folder)
        with Assistant.open(settings=Settings.load(home=home)) as assistant:
            assistant.ingest(given.pages or resource("corpus/papers.jsonl"))
        waits: dict[str, list[float]] = {}
        for _ in range(given.runs):
            for what, seconds in chat(home).items():
                waits.setdefault(what, []).extend(seconds)
        print("| waited for | times | least ms | median ms | most ms |\n|---|---|---|---|---|")
        for what, seconds in waits.items():
            print(row(what, seconds))
        print(row("a model's first word: our share", first_words(home)))


if __name__ == "__main__":
    main()
