"""Try to break whatever reads text from outside: pages, JSON lines, questions, a model's replies, papers.

    python -m bench.fuzz [--minutes N] [--seed S] [--only NAME]

Two trials, printed as Markdown. First every reader and every function that searches texts by regular
expressions is given long texts of one repeated piece, at two lengths: time that grows faster than the text
shows. Then Hypothesis makes up texts, from a seed, for as long as asked; whatever is raised but our own
errors, takes more than two seconds of the processor a megabyte (and more than a tenth of a second) each time
that it is read, or breaks a promise is told.
"""

import argparse
import io
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from assistant.answering.asking import Asking, coined_names, figures
from assistant.answering.budget import unfenced
from assistant.answering.citations import MARKER, CitationFilter, cited_sentences, read_numbers
from assistant.answering.followups import Before, asks_only_for_dates, bearing
from assistant.answering.reply import Reply
from assistant.answering.sentences import sentences
from assistant.corpus import Paper, normalised_title, paper_id, read_jsonl, read_page, read_sources
from assistant.corpus.flaws import flaw, quoted
from assistant.errors import AssistantError
from assistant.evaluation.judging.claims import clauses
from assistant.evaluation.judging.quantities import quantities
from assistant.evaluation.judging.structured import Claims, read_form
from assistant.evaluation.judging.wording import claims_something, words
from assistant.evaluation.measures import holds_fact
from assistant.evaluation.measures import words as count_words
from assistant.evaluation.questions import read_questions
from assistant.evaluation.reports.text import legible
from assistant.retrieval.filters import DateRange
from assistant.retrieval.search import checked_question
from assistant.secrets import public_address, redacted
from assistant.terminal.cleaning import cleaned, escaped
from assistant.terminal.live import MarkdownWriter

MEGABYTE = 2**20
SECONDS_A_MEGABYTE = 2.0
"""Of the processor, beside other work."""
READINGS: Mapping[str, int] = {
    "files of any encoding": 12,
    "citation parser": 3,
    "a model's reply": 2,
    "coined names": 2,
    "titles": 2,
    "keys": 2,
    "words": 3,
}
"""How often a text is read in one trial, where it is not once."""
SECONDS_A_LINE = 5e-5
"""Allowed beside it: a page is labelled line by line, however short they are, and has 100,000 at the most."""
LEAST = 0.1
"""Seconds that may pass whatever the length: what is shorter is no hang."""
LONG = 25_000
"""Characters of the shorter one of two texts that are compared."""
SHOWN = 9

PAPER = Paper(
    paper_id=paper_id("KettleNet: Tea"), title="KettleNet: Tea", text="We boil water with KettleNet."
)
BEFORE = Before((PAPER,), (PAPER,), (PAPER,), "What does KettleNet save? Water [1].")


class BrokenError(Exception):
    """A promise that a reader did not keep."""


def promise(kept: object, what: str) -> None:
    """Insist on something."""
    if not kept:
        raise BrokenError(what)


# What is tried


def page(text: str) -> None:
    """Read a listing page."""
    for listing in read_page(text, source="page").listings:
        promise(listing.title.strip() and listing.text.strip(), "a paper without a title or a text")
        promise(flaw(listing.title) is None and flaw(listing.text) is None, "a flaw got in")


def jsonl(text: str) -> None:
    """Read JSON lines."""
    for listing in read_jsonl(text, source="lines").listings:
        promise(listing.title.strip() and listing.text.strip(), "a paper without a title or a text")
        paper_id(listing.title).encode()
        listing.text.encode()


def source(text: str) -> None:
    """Read bytes, whole and cut, as text of several encodings."""
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "latin-1", "utf-16-le", "cp1252"):
        content = text.encode(encoding, "ignore")
        for given_bytes in (content, content[:-1]):
            read_sources("-", stdin=io.BytesIO(given_bytes))


def questions(text: str) -> None:
    """Read a question file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "questions.jsonl"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            read_questions([path])
        except AssistantError as error:
            promise(str(error), "an error without words")


def citations(text: str) -> None:
    """Read markers, whole and in pieces."""
    whole, pieces = CitationFilter(SHOWN), CitationFilter(SHOWN)
    out = whole.feed(text) + whole.close()
    cut = "".join(pieces.feed(text[start : start + 7]) for start in range(0, len(text), 7)) + pieces.close()
    promise(out == cut, "where the text was cut matters")
    promise(all(1 <= number <= SHOWN for number in whole.cited), "a paper that was not shown is cited")
    for _, numbers in cited_sentences(out):
        promise(all(number <= max(len(whole.cited), 0) for number in numbers), "a marker that names nothing")


def numbers(text: str) -> None:
    """Read what stands between brackets."""
    found = read_numbers(text[:120], SHOWN)
    promise(found is None or all(1 <= number <= SHOWN for number in found[0]), "a number that names nothing")


def reply(text: str) -> None:
    """Clean and check a whole reply."""
    secret = "sk-abcdefghijkl"  # noqa: S105 - it opens nothing
    shown = Reply(SHOWN, [secret])
    out = shown.feed(text) + shown.close()
    promise(secret not in out, "a key came out")
    promise(cleaned(out) == out, "a control sequence came out")
    _ = shown.unsupported


def question(text: str) -> None:
    """Read what a question asks for, and how it leans on others."""
    asked = checked_question(text)
    bearing(asked, BEFORE)
    asks_only_for_dates(asked)
    Asking.read(asked)


def live(text: str) -> None:
    """Write Markdown on a terminal."""
    written: list[str] = []
    writer = MarkdownWriter(written.append, lambda: 80, colour=False)
    writer.write(text)
    writer.close()
    promise("\x1b" not in "".join(written), "a control sequence was written")


def clean(text: str) -> None:
    """Take out what a terminal would obey."""
    promise("\x1b" not in cleaned(text), "a control sequence is left")
    escaped(text)


def bound(text: str) -> None:
    """Read a date."""
    DateRange.parse(text, None)


TRIED: Mapping[str, Callable[[str], object]] = {
    "page reader": page,
    "JSONL reader": jsonl,
    "files of any encoding": source,
    "question files": questions,
    "citation parser": citations,
    "a marker's numbers": numbers,
    "a model's reply": reply,
    "a question": question,
    "text at a terminal": live,
    "cleaning": clean,
    "dates": bound,
    "sentences": sentences,
    "cited sentences": lambda text: list(cited_sentences(text)),
    "coined names": lambda text: (coined_names(text), figures(text)),
    "titles": lambda text: (normalised_title(text), quoted(text)),
    "fences": unfenced,
    "keys": lambda text: (redacted(text), public_address(text)),
    "clauses": clauses,
    "words": lambda text: (words(text), claims_something(text), count_words(text)),
    "quantities": quantities,
    "a judge's reply": lambda text: read_form(Claims, text, 3),
    "facts": lambda text: holds_fact(text, ["17.5%", "kettle", "(a"]),
    "reports": legible,
    "markers": MARKER.findall,
}
"""By name, everything that reads a text that others wrote."""

REPEATED = (
    *(".", ". ", " ", "\n", "\t", "1", "1^", "a^", "1+", "a", "s", "ing", "A1 ", "[1]", "[1", "[", "(1", "("),
    *(
        "; ",
        ": ",
        ", ",
        "the ",
        "that ",
        "sk-a",
        '"',
        ").",
        "| ",
        "-",
        " - ",
        "a.",
        "1,",
        "1.",
        "**a ",
        "*a ",
    ),
    *(
        "`",
        "<",
        "< ",
        "<a",
        "</paper ",
        "·\n",
        "• 4 authors\n",
        "A a\n\nBb ccc. ",
        '{"',
        '{"a":',
        "{}\n",
        "[[",
    ),
    *(
        "://",
        "://a@",
        "\x1b]",
        "\x1b[",
        "\u200b",
        "\u202e",
        "\u0301",
        "ﷺ",
        "\ud800",
        "x <",
        "\r",
        "Subscribe",
    ),
)
"""Pieces of which long texts are made."""

PIECES = (
    *REPEATED,
    *("KettleNet: Boiling Water with Fewer Joules", "We boil water. It saves 17.5%.", "Jun 13, 2024 1"),
    *("· ", "Daily Papers", "by AK and the research community", "Get trending papers in your inbox!"),
    *('{"title": "A", "abstract": "B."}', '"title"', '"abstract": ', "null", "1e999", "-0", "NaN", "\\ud800"),
    *('{"id": "a", "suite": "single", "question": "Q?", "titles": ["T"], "facts": [["f"]]}', '"suite": []'),
    *("'; DROP TABLE papers; --", "title:foo AND (bar OR *)~2^9", "{{ 7*7 }}", "{% for x in y %}", "$(id)"),
    *("`id`", "%s%n", "../../etc/passwd", "<script>alert(1)</script>", "NO_ANSWER_IN_PAPERS", "<think>"),
    *(
        "which of these is older",
        "the second one",
        "[99999999999]",
        "[1-9999999999]",
        "\u3010" + "4\u2020s\u3011",
    ),
    *(
        "مرحبا",
        "שלום",
        "👩‍👩‍👧‍👦",
        "\x00",
        "\ufeff",
        "\ufffe",
        "\u2028",
        "\x85",
        "\x0c",
        "\udfff",
        "2024-02-30",
    ),
)
"""Pieces of which texts are made up."""


def texts() -> st.SearchStrategy[str]:
    """Make up texts: of pieces, some many times over, and of any characters."""
    repeated = st.builds(lambda piece, times: piece * times, st.sampled_from(PIECES), st.integers(2, 3_000))
    part = st.sampled_from(PIECES) | st.text(max_size=30) | repeated
    return st.lists(part, max_size=25).map("".join)


# The trials


@dataclass(slots=True)
class Tried:
    """What came of one reader's trial."""

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
        reading = SECONDS_A_MEGABYTE * size / MEGABYTE + SECONDS_A_LINE * len(text.splitlines())
        allowed = max(LEAST, READINGS.get(name, 1) * reading)
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


def main() -> None:
    """Print what was tried and what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=TRIED, help="one reader alone")
    options = parser.parse_args()
    names = [options.only] if options.only else list(TRIED)
    print(f"Seed {options.seed}, {options.minutes:g} minutes, texts of Hypothesis and of repeated pieces.\n")
    print("| reader | worst piece | growth at 4 times the length | made up | longest | slowest | found |")
    print("|---|---|---:|---:|---:|---:|---|")
    failed = False
    for name in names:
        grown = list(growth(TRIED[name], LONG))
        worst = max(grown, key=lambda found: found[2])
        quadratic = [piece for piece, before, after in grown if is_quadratic(before, after)]
        tried = fuzz(name, time.monotonic() + 60 * options.minutes / len(names), options.seed)
        found = [*(f"faster than the text: {piece!r}" for piece in quadratic), *tried.found]
        failed = failed or bool(found)
        told = "; ".join(found).replace("|", "\\|").encode("ascii", "backslashreplace").decode()
        cells = (
            name,
            f"`{worst[0]!a}` {1000 * worst[2]:.0f} ms".replace("|", "\\|"),
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
