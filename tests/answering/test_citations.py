"""A model's markers: read, checked against what was shown, renumbered."""

import pytest

from assistant.answering.citations import CitationFilter, read_numbers, without_citation


def given(text: str, shown: int = 5) -> tuple[str, list[int], int]:
    """What comes of a whole text: the text, the papers cited, the numbers removed."""
    citations = CitationFilter(shown)
    return citations.feed(text) + citations.close(), citations.cited, citations.removed


@pytest.mark.parametrize(
    ("written", "shown", "cited"),
    [
        ("Tea cools [1].", "Tea cools [1].", [1]),
        ("Tea cools [3].", "Tea cools [1].", [3]),
        ("Tea cools. [3] Cups break. [1]", "Tea cools. [1] Cups break. [2]", [3, 1]),
        ("Tea cools [1, 3].", "Tea cools [1][2].", [1, 3]),
        ("Tea cools [1,3;2].", "Tea cools [1][2][3].", [1, 3, 2]),
        ("Tea cools [1-3].", "Tea cools [1][2][3].", [1, 2, 3]),
        ("Tea cools [1–3].", "Tea cools [1][2][3].", [1, 2, 3]),
        ("Tea cools [3 to 1].", "Tea cools [1][2][3].", [1, 2, 3]),
        ("Tea cools [1][3].", "Tea cools [1][2].", [1, 3]),
        ("Tea cools [1] [3].", "Tea cools [1] [2].", [1, 3]),
        ("Tea cools [2], cups [2] too.", "Tea cools [1], cups [1] too.", [2]),
        ("Tea cools 【1】.", "Tea cools [1].", [1]),
        ("Tea cools 【2†source】.", "Tea cools [1].", [2]),
        ("Tea cools [^1].", "Tea cools [1].", [1]),
        ("Tea cools [^1^].", "Tea cools [1].", [1]),
        ("Tea cools [[2]].", "Tea cools [1].", [2]),
        ("Tea cools [Paper 2].", "Tea cools [1].", [2]),
        ("Tea cools [papers 2 and 3].", "Tea cools [1][2].", [2, 3]),
        ("Tea cools [ref. 2].", "Tea cools [1].", [2]),
        ("Tea cools [#2].", "Tea cools [1].", [2]),
        ("Tea cools \uff3b\uff12\uff3d.", "Tea cools [1].", [2]),
        ("Tea cools [\u0662].", "Tea cools [1].", [2]),
        ("Tea cools [\u00b2].", "Tea cools [1].", [2]),
        ("Tea cools (1).", "Tea cools [1].", [1]),
        ("Tea cools. (2)", "Tea cools. [1]", [2]),
        ("Tea cools (1, 3), cups break.", "Tea cools [1][2], cups break.", [1, 3]),
        ("It saves 17.5%(2).", "It saves 17.5%[1].", [2]),
    ],
)
def test_markers_name_papers(written: str, shown: str, cited: list[int]) -> None:
    assert given(written) == (shown, cited, 0)


@pytest.mark.parametrize(
    ("written", "shown", "cited", "removed"),
    [
        ("Tea cools [9].", "Tea cools.", [], 1),
        ("Tea [9] cools.", "Tea cools.", [], 1),
        ("Tea cools [0].", "Tea cools.", [], 1),
        ("Tea cools [9][2].", "Tea cools [1].", [2], 1),
        ("Tea cools [2, 9].", "Tea cools [1].", [2], 1),
        ("Tea cools [4-9].", "Tea cools [1][2].", [4, 5], 1),
        ("Tea cools [1-999999999999].", "Tea cools [1][2][3][4][5].", [1, 2, 3, 4, 5], 1),
        ("Tea cools [2020].", "Tea cools.", [], 1),
        ("Tea cools 【4:0†source】.", "Tea cools.", [], 1),
    ],
)
def test_numbers_that_name_no_paper_are_removed_and_counted(
    written: str, shown: str, cited: list[int], removed: int
) -> None:
    assert given(written) == (shown, cited, removed)


@pytest.mark.parametrize(
    "text",
    [
        "values in [0.1, 0.5]",
        "he said [sic] so",
        "O(1) and f(2).",
        "Table (1).",
        "see Fig. (2).",
        "(1) It is fast. (2) It is small.",
        "Two things: (1), (2).",
        "in May (2020).",
        "by 5 (91.2).",
        "a [-1] b",
        "[" + "x" * 300 + "]",
        "a ] b",
        "tea (hot)",
        "[a\nb]",
    ],
)
def test_what_is_no_marker_stays(text: str) -> None:
    assert given(text) == (text, [], 0)


@pytest.mark.parametrize(
    ("written", "papers", "shown", "cited", "removed"),
    [
        ("Tea cools [1", 5, "Tea cools [1]", [1], 0),
        ("Tea cools [1, 3", 5, "Tea cools [1][2]", [1, 3], 0),
        ("Tea cools [1,", 20, "Tea cools [1]", [1], 0),
        ("Tea cools [1", 12, "Tea cools", [], 1),  # it may have been [10]
        ("Tea cools [3, 1", 12, "Tea cools [1]", [3], 1),
        ("Tea cools [9", 5, "Tea cools", [], 1),
        ("Tea cools [", 5, "Tea cools", [], 0),
        ("Tea cools 【2", 5, "Tea cools [1]", [2], 0),
        ("Tea cools [[2]", 5, "Tea cools [1]", [2], 0),
        ("Tea cools (2)", 5, "Tea cools [1]", [2], 0),
        ("Tea cools (2", 5, "Tea cools (2", [], 0),
        ("Tea cools [so", 5, "Tea cools [so", [], 0),
    ],
)
def test_a_marker_at_the_end_counts_where_it_is_certain(
    written: str, papers: int, shown: str, cited: list[int], removed: int
) -> None:
    assert given(written, papers) == (shown, cited, removed)


@pytest.mark.parametrize("text", ["[9[8]]", "[[8]9]", "[9 [7]]", "[1[9]2]", "[[9]3]"])
def test_a_removed_marker_leaves_none_behind(text: str) -> None:
    shown, cited, _ = given(text)
    assert "[9]" not in shown
    assert "[3]" not in shown
    assert all(number <= 5 for number in cited)


def test_a_marker_never_becomes_a_link() -> None:
    assert given("Tea 【1】(evil)")[0] == "Tea [1] (evil)"


def test_nothing_of_a_marker_is_shown_before_it_is_whole() -> None:
    citations = CitationFilter(shown=5)
    assert [citations.feed(piece) for piece in ("Tea", " [", "2", ",", " 9", "]", ".")] == [
        *("Tea", "", "", "", "", " [1]", "."),
    ]


def test_words_are_not_held_back() -> None:
    citations = CitationFilter(shown=5)
    assert [citations.feed(piece) for piece in ("The", " kett", "le", " is")] == ["The", " kett", "le", " is"]


def test_no_paper_shown_means_no_marker() -> None:
    assert given("Tea [1] cools [2-3].", shown=0) == ("Tea cools.", [], 3)


@pytest.mark.parametrize("content", ["", "a", "1.5", "-1", "1 x", "to", "†"])
def test_texts_without_numbers_are_no_marker(content: str) -> None:
    assert read_numbers(content, 5) is None


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", []),
        ("Tea cools [1]. Cups break. Kettles whistle [2].", ["Cups break."]),
        ("Tea cools. [1] Cups break.", ["Cups break."]),
        ("Tea cools. [1][2]", []),
        ("Tea cools [1]. [2] Cups break.", ["Cups break."]),
        ("- Tea cools [1]\n- Cups break\n\n3. Kettles whistle", ["Cups break", "Kettles whistle"]),
        ("[1] Tea cools.", []),
        ("Tea cools", ["Tea cools"]),
        ("— !", []),
    ],
)
def test_sentences_without_a_marker_are_listed(text: str, sentences: list[str]) -> None:
    assert list(without_citation(text)) == sentences
