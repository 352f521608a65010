"""The extractive reader: which sentences it gives, and when it gives none."""

import re
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import Answer, Assistant, Paper
from assistant.answering.asking import Asking
from assistant.answering.evidence import Evidence
from assistant.answering.extractive import (
    LEAST,
    REFUSAL,
    SENTENCES,
    WORDS,
    answerable,
    choose,
    extract,
    sentence_probabilities,
)
from assistant.answering.features import PAPERS, spans_several
from assistant.answering.reading import read
from assistant.corpus import Listing, Reading
from assistant.index.index import Index
from assistant.retrieval import retrieve

Titled = Callable[[str], Paper]

QUESTIONS = (
    "How much energy does KettleNet save compared with a thermostat?",
    "How often does TeapotFormer agree with professional tasters?",
    "With what error does the drone's detector count the animals of a flock?",
    "How long do sailors need to recognise a lighthouse?",
    "Which cracks does BridgeGPT overlook?",
    "How many times faster than the solver does GlacierFlow run?",
)


def evidence_of(index: Index, question: str) -> list[Evidence]:
    found = retrieve(index, question)
    return read(index, found.question, found.hits[:5])


def check(answer: Answer) -> None:
    """Whatever the question, an answer is made of verbatim sentences with markers that fit."""
    quoted: list[str] = []
    for citation in answer.citations:
        assert citation.passages
        for passage in citation.passages:
            assert citation.paper.text[passage.start : passage.end] == passage.text
            quoted.append(f"{passage.text} [{citation.number}]")
    assert sorted(re.split(r"(?<=\[\d\]) ", answer.text)) == sorted(quoted)
    markers = [int(number) for number in re.findall(r"\[(\d+)\]", answer.text)]
    assert list(dict.fromkeys(markers)) == [citation.number for citation in answer.citations]
    assert [citation.number for citation in answer.citations] == list(range(1, len(answer.citations) + 1))
    assert {citation.paper_id for citation in answer.citations} <= {
        hit.paper.paper_id for hit in answer.sources
    }


# Choosing


PROBABILITY = st.integers(0, 20).map(lambda number: number / 20)
SENTENCE_LIST = st.lists(st.tuples(PROBABILITY, st.integers(1, 120)), min_size=1, max_size=12)


@given(SENTENCE_LIST, st.integers(1, 5), st.integers(1, 150))
def test_what_is_chosen_fits(rows: list[tuple[float, int]], most: int, words: int) -> None:
    probabilities, lengths = np.array([row[0] for row in rows]), [row[1] for row in rows]
    chosen = choose(probabilities, lengths, most=most, words=words)
    assert chosen == sorted(set(chosen))
    assert 1 <= len(chosen) <= most
    assert len(chosen) == 1 or sum(lengths[row] for row in chosen) <= words
    assert int(probabilities.argmax()) in chosen


@given(SENTENCE_LIST)
def test_no_sentence_left_out_is_likelier_and_would_fit_instead(rows: list[tuple[float, int]]) -> None:
    probabilities, lengths = np.array([row[0] for row in rows]), [row[1] for row in rows]
    chosen = choose(probabilities, lengths)
    for out in set(range(len(rows))) - set(chosen):
        better = [row for row in chosen if probabilities[row] >= probabilities[out]]
        full = len(better) == SENTENCES or sum(lengths[row] for row in better) + lengths[out] > WORDS
        unlikely = probabilities[out] < LEAST * probabilities.max()
        assert full or unlikely


@pytest.mark.parametrize(
    ("probabilities", "lengths", "expected"),
    [
        ([0.1, 0.9, 0.5], [10, 10, 10], [0, 1, 2]),
        ([0.1, 0.9, 0.5, 0.2], [10, 10, 10, 10], [1, 2, 3]),
        ([0.1, 0.9, 0.5, 0.2], [10, 60, 60, 10], [0, 1, 3]),
        ([0.9, 0.8], [500, 1], [0]),
        ([0.8, 0.9], [1, 100], [1]),
    ],
)
def test_the_likeliest_that_fit_are_chosen_in_reading_order(
    probabilities: list[float], lengths: list[int], expected: list[int]
) -> None:
    assert choose(np.array(probabilities), lengths) == expected


# Answers


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_is_verbatim_and_marked(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question)
    assert not answer.refused
    assert answer.citations
    check(answer)


@pytest.mark.parametrize(
    ("question", "title", "fact"),
    [
        (QUESTIONS[0], "KettleNet", "17.5%"),
        (QUESTIONS[1], "TeapotFormer", "91.2%"),
        (QUESTIONS[2], "Counting Sheep", "2 in 1,000"),
        (QUESTIONS[3], "Do Lighthouses", "6.4 seconds"),
        (QUESTIONS[4], "BridgeGPT", "0.2 millimetres"),
        (QUESTIONS[5], "GlacierFlow", "300 times"),
    ],
)
def test_the_answer_holds_what_is_asked_for(
    assistant: Assistant, titled: Titled, question: str, title: str, fact: str
) -> None:
    answer = assistant.ask(question)
    assert fact in answer.text
    assert [citation.paper for citation in answer.citations] == [titled(title)]
    assert answer.reader == "extractive"
    assert answer.question == question
    assert answer.usage is None
    assert answer.sources[0].paper == titled(title)


def test_sentences_that_carry_the_answer_are_likeliest(small_index: Index) -> None:
    for question, fact in ((QUESTIONS[0], "17.5%"), (QUESTIONS[1], "91.2%"), (QUESTIONS[4], "overlooked")):
        best = evidence_of(small_index, question)[0]
        probabilities = sentence_probabilities(Asking.read(question), best)
        assert probabilities.shape == (len(best.sentences),)
        assert ((probabilities >= 0) & (probabilities <= 1)).all()
        assert fact in best.sentences[int(probabilities.argmax())].text


def test_a_short_answer_comes_of_a_long_paper(new_index: Callable[..., Index]) -> None:
    index = new_index()
    filler = "Kettles of many makes were gathered from the halls of several towns and cleaned with care. "
    text = filler * 6 + "The best kettle of all boils a litre in 95 seconds. " + filler * 6
    index.ingest(Reading(listings=(Listing(title="A Contest of Kettles", text=text, source="a"),)))
    question = "In how many seconds does the best kettle boil a litre?"
    asking, evidence = Asking.read(question), evidence_of(index, question)
    given = extract(asking, evidence)
    assert "95 seconds" in given.text
    assert len(given.citations[0].passages) <= SENTENCES
    assert sum(len(passage.text.split()) for passage in given.citations[0].passages) <= WORDS


def test_a_sentence_beyond_the_encoders_window_can_still_be_cited_from(
    new_index: Callable[..., Index],
) -> None:
    index = new_index()
    text = (
        "Kettles boil water in the hall every day of the week. " * 90 + "Nightingales sing 14 songs at dusk."
    )
    index.ingest(Reading(listings=(Listing(title="On Kettles", text=text, source="a"),)))
    answer = Assistant(index).ask("How many songs do nightingales sing at dusk?")
    assert answer.sources[0].paper.title == "On Kettles"
    if not answer.refused:
        check(answer)


# Several papers


def test_two_methods_that_are_compared_are_both_cited(assistant: Assistant, titled: Titled) -> None:
    answer = assistant.ask("How do KettleNet and TeapotFormer differ?")
    assert not answer.refused
    assert {titled("KettleNet"), titled("TeapotFormer")} <= {citation.paper for citation in answer.citations}
    assert len(answer.citations) <= PAPERS
    check(answer)


def test_a_question_for_papers_takes_from_several(assistant: Assistant) -> None:
    answer = assistant.ask("Which papers learn from photographs?")
    assert not answer.refused
    assert 1 < len(answer.citations) <= PAPERS
    check(answer)


@pytest.mark.parametrize(
    ("question", "several"),
    [
        ("How does KettleNet compare with TeapotFormer?", True),
        ("Is KettleNet or GlacierFlow the larger?", True),
        ("Which papers are about photographs?", True),
        ("How much energy does KettleNet save?", False),
        ("How do photographs help to grade tea?", False),
    ],
)
def test_several_papers_are_wanted_by_words_or_by_names(
    small_index: Index, question: str, *, several: bool
) -> None:
    assert spans_several(Asking.read(question), evidence_of(small_index, question)) is several


# Refusals


@pytest.mark.parametrize(
    "question",
    [
        "Who won the football world cup in 1998?",
        "What is the capital of Mongolia and how many people live there?",
        "Which drugs lower blood pressure in diabetic patients?",
    ],
)
def test_what_the_papers_do_not_answer_is_refused(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question)
    assert answer.refused
    assert answer.text == REFUSAL
    assert answer.citations == ()
    assert answer.sources
    assert not re.search(r"\[\d+\]", answer.text)


def test_nothing_read_answers_nothing() -> None:
    assert answerable(Asking.read("Tea?"), "Tea?", [], 0.9) == 0.0


def test_an_index_of_words_alone_answers_and_refuses(
    new_index: Callable[..., Index], library: Reading, titled: Titled
) -> None:
    index = new_index(embedding="words")
    index.ingest(library)
    words_alone = Assistant(index)
    answer = words_alone.ask("How much energy of a thermostat does the kettle controller KettleNet save?")
    assert not answer.refused
    assert "17.5%" in answer.text
    assert [citation.paper for citation in answer.citations] == [titled("KettleNet")]
    check(answer)
    refusal = words_alone.ask("Who won the football world cup?")
    assert (refusal.refused, refusal.citations) == (True, ())


def test_an_index_of_words_alone_is_not_put_off_by_the_small_words_of_a_question(
    new_index: Callable[..., Index], library: Reading
) -> None:
    index = new_index(embedding="words")
    index.ingest(library)
    answer = Assistant(index).ask("How much energy does KettleNet save?")
    assert not answer.refused
    assert "17.5%" in answer.text


# Odd papers


@pytest.mark.parametrize(
    "text",
    [
        "Tea",
        "Tea is hot",
        "…",
        "Tea.\n\n\n\nTea is hot.\n",
        "Tea 🫖 ist heiß. 茶は熱い。",
        "tea " * 3000,
        "A. B. C.",
    ],
)
def test_no_text_breaks_the_reader(new_index: Callable[..., Index], text: str) -> None:
    index = new_index()
    index.ingest(Reading(listings=(Listing(title="Tea", text=text, source="a"),)))
    asked: Sequence[str] = ("Is tea hot?", "Which papers are there?")
    for question in asked:
        answer = Assistant(index).ask(question)
        assert answer.sources[0].paper.title == "Tea"
        given = extract(Asking.read(question), evidence_of(index, question))
        for citation in given.citations:
            for passage in citation.passages:
                assert citation.paper.text[passage.start : passage.end] == passage.text
