"""Markdown that is written while it comes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.terminal.live import MarkdownWriter


def written(*pieces: str, width: int = 30, colour: bool = False) -> str:
    """What is printed of a text that comes in these pieces."""
    out: list[str] = []
    writer = MarkdownWriter(out.append, lambda: width, colour=colour)
    for piece in pieces:
        writer.write(piece)
    writer.close()
    return "".join(out)


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("It **saves** `17.5%` of *that* [1].", "It saves 17.5% of that [1].\n"),
        ("5 * 3 = 15 and a_b_c", "5 * 3 = 15 and a_b_c\n"),
        ("**never closed", "**never closed\n"),
        ("# Title\n\ntext", "Title\n\ntext\n"),
        ("- one\n- two", "• one\n• two\n"),
        ("10. ten", "10. ten\n"),
        ("> a quote that is longer than the line", "│ a quote that is longer than\n│ the line\n"),
        ("- a point that is longer than the line", "• a point that is longer than\n  the line\n"),
        ("```py\nx  =  1\n```\nafter", "  x  =  1\nafter\n"),
        ("2024", "2024\n"),
        ("-", "-\n"),
        ("x" * 35, "x" * 30 + "\n" + "x" * 5 + "\n"),
        ("日本語" * 6, "日本語" * 5 + "\n日本語\n"),
        ("\x1b]52;c;AAAA\x07a\x1b[31m b\u202e c", "a b c\n"),
        ("", ""),
    ],
)
def test_what_is_shown(markdown: str, shown: str) -> None:
    assert written(markdown) == shown


def test_styles() -> None:
    assert written("**b** [1]", colour=True) == "\x1b[1mb\x1b[0m \x1b[2m[1]\x1b[0m\n"


def test_a_word_is_shown_as_soon_as_it_is_whole() -> None:
    out: list[str] = []
    writer = MarkdownWriter(out.append, lambda: 30, colour=False)
    writer.write("It saves **17.5% ")
    assert "".join(out) == "It saves"
    writer.write("of** it. ")
    assert "".join(out) == "It saves 17.5% of it."


@given(st.text(alphabet="ab *`[1]#->\n", max_size=80), st.integers(1, 5))
def test_where_pieces_are_cut_does_not_matter_and_no_word_is_lost(text: str, size: int) -> None:
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert written(*pieces, width=10_000) == written(*text, width=10_000)
    letters = re.sub(r"^\s*```[^\n]*", "", text, flags=re.MULTILINE)
    assert re.sub(r"[^ab]", "", written(*pieces)) == re.sub(r"[^ab]", "", letters)
