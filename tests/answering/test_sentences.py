"""Where sentences begin and end."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answering.sentences import sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n ", []),
        ("No stop at the end", ["No stop at the end"]),
        ("One. Two! Three? Four…", ["One.", "Two!", "Three?", "Four…"]),
        # decimals, versions and thousands
        ("It gains 1.5 points. It costs 3.2 GB.", ["It gains 1.5 points.", "It costs 3.2 GB."]),
        ("Version 2.0. Then 12.000 kettles.", ["Version 2.0.", "Then 12.000 kettles."]),
        # abbreviations
        ("Like others, e.g. Brown et al. Smith agrees.", ["Like others, e.g. Brown et al. Smith agrees."]),
        ("See Fig. 2 and Eq. 3. It holds.", ["See Fig. 2 and Eq. 3.", "It holds."]),
        ("Tea vs. Coffee, i.e. Drinks. Both.", ["Tea vs. Coffee, i.e. Drinks.", "Both."]),
        ("Cups, pots, etc. We count all.", ["Cups, pots, etc.", "We count all."]),
        ("Cups, etc. are counted.", ["Cups, etc. are counted."]),
        ("By J. R. Smith. He agrees.", ["By J. R. Smith.", "He agrees."]),
        # what goes on in lower case goes on
        ("Why? it asks. Because.", ["Why? it asks.", "Because."]),
        ("the firm approx. doubles. of it", ["the firm approx. doubles. of it"]),
        # closing marks belong to the sentence they close
        ('He says "stop." Then (he goes.) Away.', ['He says "stop."', "Then (he goes.)", "Away."]),
        # glued sentences
        ("It works.We show how.", ["It works.", "We show how."]),
        ("It gains 5%.The rest is lost.", ["It gains 5%.", "The rest is lost."]),
        # glued names are none
        ("We use Node.JS and fast.ai here.", ["We use Node.JS and fast.ai here."]),
        ("Paragraph one\n\nParagraph two", ["Paragraph one", "Paragraph two"]),
        ("A wrapped\nline. Next.", ["A wrapped\nline.", "Next."]),
    ],
)
def test_sentences_of(text: str, expected: list[str]) -> None:
    assert [sentence.text for sentence in sentences(text)] == expected


ABSTRACT = st.lists(
    st.sampled_from(
        [
            "We",
            "tea",
            "e.g.",
            "1.5",
            "al.",
            "Fig.",
            ".",
            "?",
            "!",
            "…",
            '"',
            ")",
            " ",
            " ",
            "\n",
            "\n\n",
            "É",
            "U.S.",
        ]
    ),
    max_size=40,
).map("".join)


@given(st.text(max_size=120) | ABSTRACT)
def test_every_sentence_is_verbatim_and_nothing_but_space_is_left_out(text: str) -> None:
    found = sentences(text)
    position = 0
    for sentence in found:
        assert sentence.text == text[sentence.start : sentence.end]
        assert sentence.text == sentence.text.strip() != ""
        assert sentence.start >= position
        assert not text[position : sentence.start].strip()
        position = sentence.end
    assert not text[position:].strip()
    joined = "".join(sentence.text for sentence in found)
    assert re.sub(r"\s", "", joined) == re.sub(r"\s", "", text)
