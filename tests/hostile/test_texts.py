"""Whatever reads text from outside: only our own errors, no time that outgrows the text, no promise broken.

`python -m bench.fuzz --minutes 60 --seed 1` tries the same for longer.
"""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from assistant import InputError
from assistant.answering.asking import coined_names
from assistant.answering.citations import cited_sentences
from assistant.answering.sentences import sentences
from assistant.corpus import read_jsonl, read_page, read_sources
from assistant.corpus.jsonl import MOST_REJECTED
from assistant.corpus.lines import MOST_LINES
from assistant.evaluation.judging.claims import clauses
from assistant.evaluation.judging.wording import words
from assistant.evaluation.questions import LARGEST, read_questions
from bench.fuzz.pieces import texts
from bench.fuzz.readers import TRIED, BrokenError, promise
from bench.fuzz.trials import MEGABYTE, growth, is_quadratic, seconds


@pytest.mark.parametrize("name", TRIED)
def test_made_up_texts_break_nothing(name: str) -> None:
    @settings(max_examples=10, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(texts())
    def once(text: str) -> None:
        seconds(TRIED[name], text)

    once()


@pytest.mark.parametrize("name", TRIED)
def test_time_grows_no_faster_than_the_text(name: str) -> None:
    suspects = [piece for piece, before, after in growth(TRIED[name]) if is_quadratic(before, after)]
    # A busy machine may have been slow once; what is quadratic is slow again.
    again = dict.fromkeys(suspects, 0)
    for _ in range(2 if suspects else 0):
        for piece, before, after in growth(TRIED[name]):
            if piece in again and is_quadratic(before, after):
                again[piece] += 1
    assert [piece for piece, times in again.items() if times == 2] == []


def test_the_trial_finds_what_is_quadratic() -> None:
    searched = re.compile(r"[.]+-|[.]+;|[.]+/|[.]+:|[.]+!").search
    assert any(is_quadratic(before, after) for _, before, after in growth(searched))
    with pytest.raises(BrokenError, match="it was said"):
        promise(kept=False, what="it was said")


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (sentences, "." * 100_000),
        (sentences, "Tea " + "." * 100_000 + "x"),
        (clauses, " " * 100_000 + "x"),
        (clauses, "; " * 50_000),
        (words, "s" * 100_000),
        (words, "A1 " * 33_000),
        (coined_names, "1^" * 50_000),
        (lambda text: list(cited_sentences(text)), "a" + " " * 100_000 + "b"),
        (TRIED["citation parser"], " " * 400_000),
        (TRIED["a model's reply"], "[" * 100_000),
        (TRIED["fences"], "<" + " " * 100_000),
        (TRIED["text at a terminal"], "**a " * 10_000),
        (TRIED["text at a terminal"], "a" * 20_000),
    ],
)
def test_what_once_took_minutes_takes_no_second(read: Callable[[str], object], text: str) -> None:
    begun = time.process_time()
    read(text)
    assert time.process_time() - begun < 1.5


def test_a_number_that_python_cannot_read_is_no_marker() -> None:
    text = f"Tea cools [{'1' * 5_000}]. Kettles whistle [2]."
    assert [numbers for _, numbers in cited_sentences(text)] == [(), (2,)]


# Pages


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("\n" * 1_000_000, "The page is empty"),
        ("\r" * 500_000 + "\r\n" * 250_000, "The page is empty"),
        ("a" * 10_000_000, "10,000,000 characters, more than 1,000,000"),
        ("tea " * 2_500_000, "characters, more than 1,000,000"),
        ("a\n" * 500_000, f"more than {MOST_LINES:,} lines"),
        ("<p>" * 300_000, "has no title"),
        (
            "<html><head><title>Papers</title></head>\n<body>\n<h1>Tea</h1>\n</body></html>",
            "no listing of titles",
        ),
        ("\u202e\u200b\ufeff" * 100_000, ""),
    ],
    ids=["blank lines", "carriage returns", "10 MB", "10 MB of words", "short lines", "tags", "html", "bidi"],
)
def test_pages_that_are_none_are_rejected_in_time(page: str, said: str) -> None:
    begun = time.process_time()
    reading = read_page(page, source="page.txt")
    assert time.process_time() - begun < max(1.5, 1.5 * len(page) / MEGABYTE)
    assert not reading.listings
    assert said in reading.rejected[0].reason


def test_a_title_of_ten_thousand_characters_is_text_or_a_title_and_mixed_newlines_are_lines() -> None:
    page = "On Tea\r\rTea is hot, we find.\r\nOn Cups\n\rCups are round, and hold the tea.\r"
    assert [listing.title for listing in read_page(page, source="p").listings] == ["On Tea", "On Cups"]
    record = json.dumps({"title": "Tea " * 2_500, "abstract": "It is hot."})
    (listing,) = read_jsonl(record, source="p").listings
    assert len(listing.title) == 9_999


def test_millions_of_lines_that_are_no_records_are_counted() -> None:
    reading = read_jsonl("{}\n" * 50_000 + '{"title": "Tea", "text": "It is hot."}', source="lines")
    assert [listing.title for listing in reading.listings] == ["Tea"]
    assert len(reading.rejected) == MOST_REJECTED + 1
    assert reading.rejected[-1].reason.startswith("49,000 more records are rejected")


# Folders


def test_folders_that_loop_or_never_end_are_read_once(tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "page.txt").write_text("On Tea\n\nTea is hot, and we measured how hot it is.\n")
    (folder / "again").symlink_to(folder)
    (folder / "self.txt").symlink_to(folder / "self.txt")
    (folder / "there.txt").symlink_to(folder / "back.txt")
    (folder / "back.txt").symlink_to(folder / "there.txt")
    (folder / "endless.txt").symlink_to("/dev/zero")
    with (folder / "sparse.txt").open("wb") as file:
        file.truncate(2**33)  # eight gigabytes of nothing, which take no room
    deep = folder
    for _ in range(100):
        deep /= "d"
        deep.mkdir()
    (deep / "deep.txt").write_text("On Cups\n\nCups are round, and hold all of the tea.\n")
    begun = time.process_time()
    reading = read_sources(folder)
    assert time.process_time() - begun < 10
    assert sorted(listing.title for listing in reading.listings) == ["On Cups", "On Tea"]
    assert [(Path(one.source).name, one.reason[:12]) for one in reading.rejected] == [
        ("sparse.txt", "It is larger")
    ]


# Question files


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"suite": ' + b"1" * 10_000 + b"}",
        b'{"suite": ["single"]}',
        b'{"suite": "chat", "id": "a", "turns": 7}',
        b'{"suite": "single", "id": "\\ud800", "question": "Q", "titles": ["T"], "facts": [["f"]]}',
        b'{"suite": "topic", "id": "a", "question": "\\u0000", "titles": [""]}',
        b"\x00" * 1_000,
        b'"\x1b]0;PWNED\x07"',
    ],
)
def test_a_question_file_that_is_none_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"questions\.jsonl"):
        read_questions([path])


def test_a_question_file_that_never_ends_is_given_up(tmp_path: Path) -> None:
    with (tmp_path / "questions.jsonl").open("wb") as file:
        file.truncate(2**33)
    with pytest.raises(InputError, match=f"larger than {LARGEST // MEGABYTE} MB"):
        read_questions([tmp_path / "questions.jsonl"])
    with pytest.raises(InputError, match="cannot be read"):
        read_questions([tmp_path])
