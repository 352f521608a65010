"""What is read at a stretch comes out as it would character by character, wherever the text is cut."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answering.citations import CitationFilter
from assistant.answering.links import LinkFilter
from assistant.answering.scanning import Scanner

SHOWN = 12
NOTHING = re.compile(r"(?!)")
PIECES = [
    *("[see 1]", "[papers 1 and 2]", "[ ]", "[a†b]"),
    *(f"[{'1,' * 58}1]", f"[{'x' * 118}]", f"[{'y' * 121}]"),
    *(
        "[1]",
        "[2, 3]",
        "[10,11]",
        "[0]",
        "[99]",
        "[[1]]",
        "[1",
        "[",
        "]",
        "【1】",
        "\uff3b2\uff3d",
        "[1†s]",
        "[1-3]",
        "[sic]",
    ),
    *("(1)", "(1, 2)", "(", ")", "x(1)", "Tab ", "] (", " ", ".", ",", "\n", "a", "see [a b", "1"),
    *("http://a.b", "www.", "://", "<b>", "</b>", "<", "!", "[a](b)", "](", "mailto:x"),
]


def read(scanner: Scanner, text: str, cuts: list[int]) -> tuple[object, ...]:
    ends = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    out = "".join(scanner.feed(text[start:end]) for start, end in pairwise(ends)) + scanner.close()
    return out, getattr(scanner, "cited", None), getattr(scanner, "removed", None)


class SlowCitations(CitationFilter):
    PLAIN = WHOLE = NOTHING


class SlowLinks(LinkFilter):
    PLAIN = WHOLE = NOTHING


@pytest.mark.parametrize("name", ["citations", "links"])
def test_a_stretch_is_read_as_its_characters_are(name: str) -> None:
    @given(
        st.lists(st.sampled_from(PIECES), max_size=14).map("".join),
        st.lists(st.integers(0, 200), max_size=3),
    )
    def same(text: str, cuts: list[int]) -> None:
        fast, slow = (
            (CitationFilter(SHOWN), SlowCitations(SHOWN))
            if name == "citations"
            else (LinkFilter(), SlowLinks())
        )
        assert read(fast, text, cuts) == read(slow, text, [])

    same()
