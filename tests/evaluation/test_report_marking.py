"""What is marked in an answer, and what changed between two."""

from hypothesis import given
from hypothesis import strategies as st
from synthetic import RUNS, SAVES, judged

from assistant.evaluation.reports.marking import changes, stretches

PIECES = st.lists(
    st.sampled_from([SAVES, RUNS, "[1]", "[12]", " ", "\n- ", "17.5%", "kettle", "é"]), max_size=12
)


@given(PIECES, st.lists(st.sampled_from([SAVES, RUNS, "kettle", "absent", ""]), max_size=4))
def test_marking_leaves_nothing_of_an_answer_out(pieces: list[str], sentences: list[str]) -> None:
    text = "".join(pieces)
    cut = stretches(text, [judged(sentence, None) for sentence in sentences], [["17.5%"], ["kettle", "[1]"]])
    assert "".join(part.text for stretch in cut for part in stretch.parts) == text


def test_marking_finds_a_sentence_whatever_stands_between_its_words() -> None:
    first, second = judged("Tea cools quickly.", None), judged("Cups break.", None)
    cut = stretches("- Tea cools [2]\n  quickly. [1]\n- Cups break. [3]", [first, second], [])
    assert [stretch.sentence for stretch in cut] == [None, first, second]
    assert [part.text for part in cut[1].parts] == ["Tea cools ", "[2]", "\n  quickly. ", "[1]", "\n- "]


def test_a_fact_inside_a_longer_number_or_word_is_not_marked() -> None:
    cut = stretches("From 117.5% to 17.5% of a kettle.", [], [["17.5%"], ["ettle"]])
    assert [(part.text, part.kind) for stretch in cut for part in stretch.parts] == [
        ("From 117.5% to ", "text"),
        ("17.5%", "fact"),
        (" of a kettle.", "text"),
    ]


@given(PIECES, PIECES)
def test_changes_hold_both_texts(before: list[str], now: list[str]) -> None:
    pieces = changes(" ".join(before), " ".join(now))
    assert "".join(piece.text for piece in pieces if piece.kind != "new") == " ".join(before)
    assert "".join(piece.text for piece in pieces if piece.kind != "gone") == " ".join(now)


def test_a_text_of_which_the_beginning_was_kept_is_compared_so_far() -> None:
    assert [piece.kind for piece in changes("Tea cools…", "Tea cools quickly in a cup.")] == ["same"]
    assert [piece.text for piece in changes("Tea cools…", "Tea")] == ["Tea cools…", "Tea"]
