"""What of a listing page is rejected, and where."""

from pathlib import Path

import pytest
from pages import HEADER, LONG, SENTENCE, reasons, titles

from assistant.corpus.flaws import LONGEST_LINE
from assistant.corpus.lines import MOST_LINES


@pytest.mark.parametrize("text", ["", "\n \n\t\n", "\ufeff", "\u200b\n"])
def test_an_empty_page(text: str) -> None:
    assert reasons(text) == ["page.txt:1: The page is empty; save the listing again."]


def test_a_header_alone() -> None:
    assert reasons(HEADER) == ["page.txt:9: The page ends without having listed a paper; save all of it."]


def test_a_title_without_an_abstract() -> None:
    text = f"One\n\n{LONG}\n\nTwo Without\n\nThree\n\n{LONG}\n\nFour at the End\n"
    assert titles(text) == ["One", "Three"]
    assert reasons(text) == [
        'page.txt:5: The title "Two Without" has no abstract; add it, or remove the title.',
        'page.txt:11: The title "Four at the End" has no abstract; add it, or remove the title.',
    ]


def test_a_title_with_details_and_no_abstract() -> None:
    details = "\n\n  • 4 authors\n·\nJun 6, 2024\n\n"
    text = f"One\n\n{SENTENCE}{details}Two Without{details}Three\n\n{SENTENCE}{details}"
    assert titles(text) == ["One", "Three"]
    assert reasons(text) == [
        'page.txt:9: The title "Two Without" has no abstract; add it, or remove the title.'
    ]


def test_an_abstract_without_a_title() -> None:
    text = f"{HEADER}{LONG}\n\nOne\n\n{LONG}\n\n{LONG}\n\nTwo\n\n{LONG}\n"
    assert titles(text) == ["One", "Two"]
    start = "An abstract is usually a paragraph of many sentences, such a…"
    assert reasons(text) == [
        f'page.txt:11: The abstract "{start}" has no title; put it on the line before.',
        f'page.txt:17: The abstract "{start}" has no title; put it on the line before.',
    ]


def test_details_of_no_paper() -> None:
    text = f"  • 4 authors\n·\nJun 6, 2024\n\nOne\n\n{SENTENCE}\n"
    assert titles(text) == ["One"]
    assert reasons(text) == ["page.txt:1: These details belong to no paper; save the listing from its top."]


@pytest.mark.parametrize(
    "end", ["This one was cut in the mid", "This one was cut in a number, 4", "It was cut at https:/"]
)
def test_a_page_cut_off_within_an_abstract(end: str) -> None:
    text = f"{HEADER}One\n\n{SENTENCE}\n\nTwo\n\n{LONG} {end}"
    assert titles(text) == ["One"]
    assert reasons(text) == ['page.txt:17: The page ends within the abstract of "Two"; save all of it.']


@pytest.mark.parametrize(
    "end", ["This ends.", "This?", "(So it ends)", "At https://example.org/a", "At example.org/a ."]
)
def test_a_page_that_ends_with_its_last_abstract(end: str) -> None:
    text = f"{HEADER}One\n\n{SENTENCE}\n\nTwo\n\n{LONG} {end}"
    assert titles(text) == ["One", "Two"]
    assert reasons(text) == []


@pytest.mark.parametrize(
    "end", ["  •", "  • 4", "  • 4 auth", "  • 4 authors", "  • 4 authors\n·", "·\nJun 13, 20"]
)
def test_a_page_cut_off_within_details_keeps_the_paper(end: str) -> None:
    text = f"{HEADER}One\n\n{SENTENCE}\n\n  • 2 authors\n·\nMay 5, 2020\n\nTwo\n\n{SENTENCE}\n\n{end}"
    assert titles(text) == ["One", "Two"]
    (reason,) = reasons(text)
    assert reason.endswith('The page ends within the details of "Two"; save all of it.')


def test_an_overlong_line_is_named_and_the_others_are_read() -> None:
    text = f"One\n\n{SENTENCE}\n\nTwo\n\n{'x ' * LONGEST_LINE}\n\nThree\n\n{SENTENCE}\n"
    assert titles(text) == ["One", "Three"]
    assert reasons(text) == [
        "page.txt:7: This line has 1,999,999 characters, more than 1,000,000; split or remove it."
    ]


@pytest.mark.parametrize(
    ("character", "kind"), [("\0", "a control"), ("\x1b", "a control"), ("\ud800", "half of a")]
)
def test_characters_that_no_text_has(character: str, kind: str) -> None:
    text = f"One\n\n{SENTENCE}\n\nTwo\n\nThere is {character} here. {SENTENCE}\n\nThree\n\n{SENTENCE}\n"
    assert titles(text) == ["One", "Three"]
    (reason,) = reasons(text)
    assert reason.startswith(f"page.txt:7: The text holds {kind} character (U+{ord(character):04X})")


README = """# A tool

It does things.

## Install

```
pip install tool
```

## Use

- run `tool`
- read what it says

| option | meaning |
|--------|---------|
| `-v`   | talk    |
"""


@pytest.mark.parametrize(
    "text",
    [README, Path(__file__).read_text(encoding="utf-8"), "import os\n\nos.remove('x')\n", "a,b\n1,2\n" * 20],
    ids=["a README", "a program", "a script", "a table"],
)
def test_what_is_no_listing_is_rejected_as_a_whole(text: str) -> None:
    assert titles(text) == []
    assert reasons(text) == [
        "page.txt:1: This is no listing of titles and abstracts; give a listing page, or JSON lines."
    ]


def test_a_page_of_too_many_lines_is_rejected_early() -> None:
    (reason,) = reasons("x\n\n" * (MOST_LINES + 10))
    assert reason.startswith("page.txt:60001: The page has more than 30,000 lines of text")
