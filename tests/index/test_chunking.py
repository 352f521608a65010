"""Chunks: whole sentences, within the window, at their place in the text."""

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from assistant import Paper
from assistant.index.chunking import CHUNK_TOKENS, Chunk, _splitter, chunks, embedded_text
from assistant.index.minilm import WINDOW, MiniLM


def paper(text: str) -> Paper:
    return Paper(paper_id="0" * 14 + "a", title="On Kettles", text=text)


SENTENCES = [
    f"Kettle number {number} boils {number * 7} litres of water in the hall." for number in range(120)
]


def test_an_abstract_is_one_chunk() -> None:
    text = " ".join(SENTENCES[:12])
    assert chunks(paper(text)) == [Chunk("0" * 14 + "a-0", text, 0)]


def test_a_long_text_is_several_chunks_each_verbatim_at_its_start() -> None:
    text = " ".join(SENTENCES)
    found = chunks(paper(text))
    assert len(found) > 3
    assert len({chunk.chunk_id for chunk in found}) == len(found)
    for chunk in found:
        assert text[chunk.start : chunk.start + len(chunk.text)] == chunk.text
        assert chunk.text.startswith("Kettle number")
        assert chunk.text.endswith("hall.")


def test_chunks_overlap_and_leave_nothing_out() -> None:
    text = " ".join(SENTENCES)
    found = chunks(paper(text))
    for before, after in pairwise(found):
        assert before.start < after.start <= before.start + len(before.text)
    assert found[0].start == 0
    assert found[-1].start + len(found[-1].text) == len(text)


def test_a_sentence_that_occurs_again_has_its_own_start() -> None:
    text = " ".join(["The same kettle boils the same water in the same hall every day."] * 120)
    found = chunks(paper(text))
    assert len(found) > 2
    for before, after in pairwise(found):
        assert before.start < after.start <= before.start + len(before.text) + 1
    assert found[-1].start + len(found[-1].text) == len(text)


@pytest.mark.parametrize("gap", ["\n", "\n\n", "  ", " \t "])
def test_white_space_between_sentences_moves_no_start(gap: str) -> None:
    text = gap.join(SENTENCES)
    found = chunks(paper(text))
    assert len(found) > 3
    for chunk in found:
        assert text[chunk.start : chunk.start + len(chunk.text)] == chunk.text


def test_a_chunk_and_its_title_fit_the_window(encoder: MiniLM) -> None:
    text = " ".join(SENTENCES)
    for chunk in chunks(paper(text)):
        (encoding,) = encoder.encode([embedded_text("On Kettles", chunk.text)])
        assert len(encoding.ids) < WINDOW
        assert encoding.spans[-2][1] == len(embedded_text("On Kettles", chunk.text))


def test_a_text_without_spaces_is_cut_too() -> None:
    found = chunks(paper("kettle" * 2000))
    assert len(found) > 1
    assert "".join(chunk.text for chunk in found).count("kettle") >= 2000 - len(found)
    assert CHUNK_TOKENS < 2000


@pytest.mark.parametrize(
    ("title", "expected"),
    [("Kettles", "Kettles. Hot."), ("Kettles?", "Kettles? Hot."), ("Hot!", "Hot! Hot."), ("A.", "A. Hot.")],
)
def test_what_is_embedded_begins_with_the_title(title: str, expected: str) -> None:
    assert embedded_text(title, "Hot.") == expected


@given(
    st.text(max_size=3000)
    | st.lists(st.sampled_from(["tea ", "kettle. ", "\n\n", "質問", "<|endoftext|>"])).map("".join)
)
def test_a_text_that_is_not_too_long_is_left_as_llamaindex_leaves_it(text: str) -> None:
    assume(text)
    found = [chunk.text for chunk in chunks(paper(text))]
    assert found == _splitter().split_text(text)
