"""How a reader is tried: on long texts of one piece, and on texts that Hypothesis makes up."""

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from assistant.errors import AssistantError
from bench.fuzz.pieces import REPEATED, texts
from bench.fuzz.readers import READINGS, TAKEN, TRIED, promise

MEGABYTE = 2**20
SECONDS_A_MEGABYTE = 1.0
"""Of the processor, for a megabyte of one piece, of which the better of two readings counts."""
MADE_UP = 2.0
"""The same for texts that are made up, for what they have of one: each is read once, beside other work."""
SECONDS_A_LINE = 3e-5
"""Allowed beside that: a page is labelled line by line, however short they are."""
LEAST = 0.1
"""Seconds that may pass beside these whatever the length: what is shorter is no hang."""


@dataclass(slots=True)
class Tried:
    """What came of the texts that were made up for one reader."""

    texts: int = 0
    longest: int = 0
    slowest: float = 0.0
    found: list[str] = field(default_factory=list)


def seconds(read: Callable[[str], object], text: str) -> float:
    """Time a reader, in seconds of the processor; our own errors are answers."""
    begun = time.thread_time()
    with suppress(AssistantError):
        read(text)
    return time.thread_time() - begun


def growth(
    read: Callable[[str], object], size: int = 5_000, times: int = 4
) -> Iterator[tuple[str, float, float]]:
    """Read long texts of each repeated piece: the piece, the seconds for a length, and for a longer one."""
    for piece in REPEATED:
        for end in ("", "x"):
            short, long = ("a" + (piece * length)[:length] + end for length in (size, size * times))
            before, after = seconds(read, short), seconds(read, long)
            if is_quadratic(before, after, times):
                after = min(after, seconds(read, long))  # something else may have come between
            yield piece + end, before, after


def is_quadratic(before: float, after: float, times: int = 4) -> bool:
    """Whether time grew clearly faster than the text."""
    return after > LEAST / 2 and after > before * times * 2


def a_megabyte(name: str) -> Iterator[tuple[str, float]]:
    """Read a megabyte of each repeated piece, or what is taken of it: the piece, the seconds a reading."""
    for piece in REPEATED:
        text = piece * (MEGABYTE // len(piece.encode("utf-8", "surrogatepass")))
        took = _best_of_two(TRIED[name], TAKEN.get(name, str)(text))
        yield piece, took / READINGS.get(name, 1)


def _best_of_two(read: Callable[[str], object], text: str) -> float:
    """Time a reader, and once more where it was slow: something else may have come between."""
    took = seconds(read, text)
    return took if took < SECONDS_A_MEGABYTE / 2 else min(took, seconds(read, text))


def fuzz(name: str, until: float, first_seed: int) -> Tried:
    """Make up texts for one reader until a time."""
    tried = Tried()
    read = TRIED[name]

    def once(text: str) -> None:
        took = seconds(read, text)
        tried.texts += 1
        tried.longest = max(tried.longest, len(text))
        tried.slowest = max(tried.slowest, took)
        size = len(text.encode("utf-8", "surrogatepass"))
        reading = MADE_UP * size / MEGABYTE + SECONDS_A_LINE * len(text.splitlines())
        allowed = LEAST + READINGS.get(name, 1) * reading
        promise(took <= allowed or seconds(read, text) <= allowed, f"{took:.2f} s for {len(text)} characters")

    trial = settings(
        max_examples=100,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )(given(texts())(once))
    number = first_seed
    while time.monotonic() < until:
        try:
            seed(number)(trial)()
        except Exception as error:  # noqa: BLE001 - finding out what is raised is the purpose
            where = traceback.extract_tb(error.__traceback__)[-1]
            tried.found.append(
                f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno}, seed {number})"
            )
            break
        number += 1
    return tried
