"""Try to break whatever reads text from outside: pages, JSON lines, questions, a model's replies, papers.

    python -m bench.fuzz [--minutes N] [--seed S] [--only NAME]

Three trials, printed as Markdown. First every reader and every function that searches texts by regular
expressions is given long texts of one repeated piece, at two lengths: time that grows faster than the text
shows. Then a megabyte of each, or as much of it as is ever taken, which must be read within a second of the
processor. Then Hypothesis makes up texts, from a seed, for as long as asked; whatever is raised but our own
errors, takes longer than two seconds a megabyte (with something for short texts and lines) each time that it
is read, or breaks a promise is told.
"""

import argparse
import sys
import time

from bench.fuzz.readers import TRIED
from bench.fuzz.trials import SECONDS_A_MEGABYTE, a_megabyte, fuzz, growth, is_quadratic

LONG = 25_000
"""Characters of the shorter one of two texts that are compared."""


def main() -> None:
    """Print what was tried and what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=5.0, help="for the texts that are made up")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=TRIED, help="one reader alone")
    options = parser.parse_args()
    names = [options.only] if options.only else list(TRIED)
    print(f"Seed {options.seed}, {options.minutes:g} minutes, texts of Hypothesis and of repeated pieces.\n")
    print(
        "| reader | slowest megabyte | growth at 4 times the length | made up | longest | slowest | found |"
    )
    print("|---|---|---:|---:|---:|---:|---|")
    failed = False
    for name in names:
        grown = list(growth(TRIED[name], LONG))
        worst = max(grown, key=lambda found: found[2])
        faster = [piece for piece, before, after in grown if is_quadratic(before, after)]
        long = sorted(a_megabyte(name), key=lambda found: -found[1])
        slow = [f"a second is too short for {piece!r}" for piece, took in long if took > SECONDS_A_MEGABYTE]
        tried = fuzz(name, time.monotonic() + 60 * options.minutes / len(names), options.seed)
        found = [*(f"faster than the text: {piece!r}" for piece in faster), *slow, *tried.found]
        failed = failed or bool(found)
        told = "; ".join(found).replace("|", "\\|").encode("ascii", "backslashreplace").decode()
        cells = (
            name,
            f"`{long[0][0]!a}` {long[0][1]:.2f} s".replace("|", "\\|"),
            f"{worst[2] / worst[1]:.1f}",
            f"{tried.texts:,}",
            f"{tried.longest:,}",
            f"{1000 * tried.slowest:.0f} ms",
            told[:300] or "nothing",
        )
        print(f"| {' | '.join(cells)} |", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
