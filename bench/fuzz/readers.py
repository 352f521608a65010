"""Everything that reads a text that others wrote, and what it promises of any text."""

import io
import itertools
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from assistant.answering.asking import Asking, coined_names, figures
from assistant.answering.budget import unfenced
from assistant.answering.citations import MARKER, CitationFilter, cited_sentences, read_numbers
from assistant.answering.endless import LONGEST_TOKEN
from assistant.answering.followups import Before, asks_only_for_dates, bearing
from assistant.answering.reply import Reply
from assistant.answering.sentences import sentences
from assistant.corpus import Paper, normalised_title, paper_id, read_jsonl, read_page, read_sources
from assistant.corpus.flaws import LONGEST_LINE, flaw, quoted
from assistant.corpus.lines import MOST_LINES
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
from assistant.retrieval.search import LONGEST_QUESTION, checked_question
from assistant.secrets import public_address, redacted
from assistant.settings import Settings
from assistant.terminal.cleaning import cleaned, escaped
from assistant.terminal.live import MarkdownWriter

READINGS: Mapping[str, int] = {
    "files of any encoding": 12,
    "citation parser": 3,
    "a model's reply": 2,
    "cleaning": 2,
    "coined names": 2,
    "titles": 2,
    "keys": 2,
    "words": 3,
}
"""How often a text is read in one trial, where it is not once."""
REPLY = Settings.model_fields["reply"].default * LONGEST_TOKEN
"""Characters after which a model's reply is cut off, as the settings are."""
_OF_REPLIES = (
    *("a model's reply", "text at a terminal", "sentences", "cited sentences"),
    *("clauses", "words", "quantities", "a judge's reply"),
)


def _page(text: str) -> str:
    """Cut a page where it would be refused: behind its last line, and at the end of long ones."""
    filled = itertools.accumulate(map(bool, map(str.strip, text.split("\n"))))
    lines = zip(filled, text.split("\n"), strict=True)
    return "\n".join(line[:LONGEST_LINE] for number, line in lines if number <= MOST_LINES)


TAKEN: Mapping[str, Callable[[str], str]] = {
    "page reader": _page,
    "a question": lambda text: text[:LONGEST_QUESTION],
    **dict.fromkeys(_OF_REPLIES, lambda text: text[:REPLY]),
}
"""As much of a text as is ever read, where longer ones are refused or cut off before."""

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
