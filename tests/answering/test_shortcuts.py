"""What is read at a stretch comes out as it would character by character, wherever the text is cut."""

import re
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.answering.citations import CitationFilter
from assistant.answering.links import LinkFilter
from assistant.answering.plain import Filter, ThoughtFilter

SHOWN = 12
NOTHING = re.compile(r"(?!)")
PIECES = [
    *("[see 1]", "[papers 1 and 2]", "[ ]", "[a†b]", "[1 (2)]", "[x (1). ]", "[("),
    *(
        f"[{'1,' * 58}1]",
        f"[{'x' * 118}]",
        f"[{'y' * 121}]",
        *(f"({'1' * length})." for length in (117, 119)),
    ),
    *("[1]", "[2, 3]", "[10,11]", "[0]", "[99]", "[[1]]", "[1", "[", "]", "【1】", "\uff3b2\uff3d", "[1†s]"),
    *("[1-3]", "[sic]", "(1)", "(1, 2)", "(99).", "(1)[2]", "(1)\n", "((1).", "(²)", "(\u0661).", "()"),
    *(
        "(",
        ")",
        "x(1)",
        "Tab ",
        "Table. (2)",
        "] (",
        " ",
        "  ",
        "\t",
        ".",
        ",",
        ": ",
        "\n",
        "a",
        "see [a b",
        "1",
    ),
    *(
        "http://a.b",
        "HTTPS://x.y. ",
        "xhttp://z ",
        "http\u017f://a ",
        "https://",
        "www.",
        "www.a ",
        "://",
        "://a. ",
    ),
    *("<b>", "</b>", "<b/>", "<b\n>", "<b", "<b!", "<s\u017f!", "<a href='x'>", "<table", "<", "</", "!"),
    *(f"<b {'c' * length}>" for length in (1_997, 1_998)),
    *("[a](b)", "](", "]( a )", *(f"]({'b' * length})" for length in (1_998, 1_999)), "mailto:x"),
    *("<think>", "</think>", "<THINKING>", "<t", "<r", "reasoning>"),
]


def read(scanner: Filter, text: str, cuts: list[int]) -> tuple[object, ...]:
    ends = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    out = "".join(scanner.feed(text[start:end]) for start, end in pairwise(ends)) + scanner.close()
    return out, getattr(scanner, "cited", None), getattr(scanner, "removed", None)


class SlowCitations(CitationFilter):
    PLAIN = WHOLE = NOTHING


class SlowLinks(LinkFilter):
    PLAIN = WHOLE = NOTHING


class SlowThoughts(ThoughtFilter):
    def feed(self, text: str) -> str:
        return "".join(map(self._step, text))


@pytest.mark.parametrize(
    ("fast", "slow"),
    [
        (partial(CitationFilter, SHOWN), partial(SlowCitations, SHOWN)),
        (LinkFilter, SlowLinks),
        (ThoughtFilter, SlowThoughts),
    ],
    ids=["citations", "links", "thoughts"],
)
def test_a_stretch_is_read_as_its_characters_are(
    fast: Callable[[], Filter], slow: Callable[[], Filter]
) -> None:
    @settings(deadline=None)
    @given(
        st.lists(st.sampled_from(PIECES), max_size=14).map("".join),
        st.lists(st.integers(0, 3_000), max_size=3),
    )
    def same(text: str, cuts: list[int]) -> None:
        assert read(fast(), text, cuts) == read(slow(), text, [])

    same()
