"""The measures of answers, against values computed by hand, and what holds of them always."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answering.answer import Usage
from assistant.evaluation.measures import (
    AnswerTable,
    Support,
    citation_precision,
    citation_recall,
    citations_valid,
    facts_found,
    faithfulness,
    holds_all_facts,
    right_to_answer,
    sentence_citation_precision,
    sentence_citation_recall,
    tokens,
    words,
)

PAPERS = st.sets(st.sampled_from("abcdef"))
FACTS = [["17.5%"], ["12,000", "12k"], ["steam"]]


@pytest.mark.parametrize(
    ("text", "share"),
    [("It saves 17.5% with steam.", 2 / 3), ("12k, 17.5%, steam", 1.0), ("Nothing of it.", 0.0), ("", 0.0)],
)
def test_the_share_of_the_facts(text: str, share: float) -> None:
    assert facts_found(text, FACTS) == pytest.approx(share)
    assert (facts_found(text, FACTS) == 1.0) == holds_all_facts(text, FACTS)


# Citations


@pytest.mark.parametrize(
    ("numbers", "cited", "known", "share"),
    [
        ([1, 2], {1: "a", 2: "b"}, "ab", 1.0),
        # one listed that the collection does not hold
        ([1, 2], {1: "a", 2: "x"}, "ab", 0.5),
        # a marker that nothing is listed for
        ([1, 2, 3], {1: "a", 2: "b"}, "ab", 2 / 3),
        # listed and never marked
        ([1], {1: "a", 2: "b"}, "a", 0.5),
        ([1, 1, 1], {1: "a"}, "a", 1.0),
    ],
)
def test_citations_are_valid_where_the_paper_exists(
    numbers: list[int], cited: dict[int, str], known: str, share: float
) -> None:
    assert citations_valid(numbers, cited, set(known)) == pytest.approx(share)


@pytest.mark.parametrize(
    ("cited", "relevant", "precision", "recall"),
    [("ab", "a", 0.5, 1.0), ("a", "abcd", 1.0, 0.25), ("xy", "ab", 0.0, 0.0), ("abx", "aby", 2 / 3, 2 / 3)],
)
def test_papers_cited(cited: str, relevant: str, precision: float, recall: float) -> None:
    assert citation_precision(set(cited), set(relevant)) == pytest.approx(precision)
    assert citation_recall(set(cited), set(relevant)) == pytest.approx(recall)


@given(PAPERS.filter(bool), PAPERS.filter(bool))
def test_precision_and_recall_are_each_other_mirrored(cited: set[str], relevant: set[str]) -> None:
    assert 0 <= citation_precision(cited, relevant) <= 1
    assert citation_precision(cited, relevant) == citation_recall(relevant, cited)
    assert (citation_precision(cited, relevant) == 1) == (cited <= relevant)
    assert citation_recall(cited | relevant, relevant) == 1


# A sentence borne out by its one paper, by the first of two alone, by two together only, and by nothing.
ONE = Support(True, (True,), (False,))
FIRST_OF_TWO = Support(True, (True, False), (False, True))
TOGETHER = Support(True, (False, False), (False, False))
UNSUPPORTED = Support(False, (False, False), (False, False))
UNCITED = Support(False)


@pytest.mark.parametrize(
    ("sentences", "precision", "recall"),
    [
        ([ONE], 1.0, 1.0),
        # the second is not needed
        ([FIRST_OF_TWO], 0.5, 1.0),
        # neither suffices, and each is needed
        ([TOGETHER], 1.0, 1.0),
        ([UNSUPPORTED], 0.0, 0.0),
        # of five citations the one, the first and both together count
        ([ONE, FIRST_OF_TWO, TOGETHER], 0.8, 1.0),
        # what cites nothing is not recalled, and has no citation that could be imprecise
        ([ONE, UNCITED], 1.0, 0.5),
        # a citation that suffices counts for nothing where all together contradict
        ([Support(False, (True, False), (False, True))], 0.0, 0.0),
    ],
)
def test_citations_of_sentences(sentences: list[Support], precision: float, recall: float) -> None:
    assert sentence_citation_precision(sentences) == pytest.approx(precision)
    assert sentence_citation_recall(sentences) == pytest.approx(recall)


@given(st.lists(st.sampled_from([ONE, FIRST_OF_TWO, TOGETHER, UNSUPPORTED, UNCITED]), min_size=1))
def test_a_sentence_without_support_lowers_both(sentences: list[Support]) -> None:
    worse = [*sentences, UNSUPPORTED]
    assert sentence_citation_recall(worse) < sentence_citation_recall(sentences) or not any(
        sentence.whole for sentence in sentences
    )
    assert 0 <= sentence_citation_precision(worse) < 1


@pytest.mark.parametrize(("claims", "share"), [([1, 1, 0, 1], 0.75), ([1], 1.0), ([0, 0], 0.0)])
def test_faithfulness_is_the_share_of_claims_borne_out(claims: list[int], share: float) -> None:
    assert faithfulness([bool(claim) for claim in claims]) == share


@pytest.mark.parametrize(
    ("measure", "nothing"),
    [
        (lambda: facts_found("tea", []), "fact"),
        (lambda: citations_valid([], {}, {"a"}), "citation"),
        (lambda: citation_precision(set(), {"a"}), "citation"),
        (lambda: citation_recall({"a"}, set()), "paper"),
        (lambda: sentence_citation_recall([]), "sentence"),
        (lambda: sentence_citation_precision([UNCITED]), "citation"),
        (lambda: faithfulness([]), "claim"),
    ],
)
def test_shares_of_nothing_are_not_defined(measure: Callable[[], float], nothing: str) -> None:
    with pytest.raises(ValueError, match=f"without a {nothing}"):
        measure()


# Answered or refused


@pytest.mark.parametrize(
    ("answered", "answerable", "right"),
    [(True, True, 1.0), (False, False, 1.0), (True, False, 0.0), (False, True, 0.0)],
)
def test_right_to_answer(*, answered: bool, answerable: bool, right: float) -> None:
    assert right_to_answer(answered=answered, answerable=answerable) == right


def test_answers_and_refusals_in_a_table() -> None:
    table = AnswerTable.of([(True, True)] * 3 + [(False, True)] + [(True, False)] * 2 + [(False, False)] * 6)
    assert table == AnswerTable(3, 1, 2, 6)
    assert (table.answer_rate, table.refusal_rate) == (0.75, 0.75)
    assert (AnswerTable(0, 0, 1, 0).answer_rate, AnswerTable(1, 0, 0, 0).refusal_rate) == (None, None)


# What it took


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Tea cools. [1]", 2),
        ("It saves 17.5% [1][2].", 3),
        ("", 0),
        ("- a\n- well-made kettle", 3),
        ("– . !", 0),
    ],
)
def test_words_are_counted_without_markers(text: str, count: int) -> None:
    assert words(text) == count


def test_tokens_are_those_read_and_written() -> None:
    assert tokens(Usage(120, 30)) == 150
