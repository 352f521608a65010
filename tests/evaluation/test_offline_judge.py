"""The offline judge, with the real encoder."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from assistant import Paper
from assistant.evaluation.judging.agreement import suspicion
from assistant.evaluation.judging.claims import clauses
from assistant.evaluation.judging.features import FEATURES
from assistant.evaluation.judging.fitting import LEAST, fit
from assistant.evaluation.judging.judge import Judgement, Source, Statement, Verdict
from assistant.evaluation.judging.labelled import load_answers
from assistant.evaluation.judging.measuring import measure
from assistant.evaluation.judging.offline import OfflineJudge, shipped_model
from assistant.evaluation.judging.quantities import quantities
from assistant.evaluation.judging.reading import WINDOW, read, windows
from assistant.evaluation.judging.wording import claims_something, stem, words
from assistant.index.minilm import MiniLM

RAGTRUTH = Path(__file__).parents[3] / "shared/data/benchmarks/ragtruth_qa"


@pytest.fixture(scope="module")
def judge(encoder: MiniLM) -> OfflineJudge:
    return OfflineJudge(encoder)


@pytest.fixture(scope="module")
def kettle(titled: Callable[[str], Paper]) -> tuple[Source, ...]:
    paper = titled("KettleNet")
    return (Source(paper.title, paper.text),)


def _judged(judge: OfflineJudge, text: str, sources: tuple[Source, ...], question: str = "") -> Judgement:
    return judge.judge(question, [Statement(text, sources)])[0]


def test_word_for_word_is_nearly_certain(judge: OfflineJudge, kettle: tuple[Source, ...]) -> None:
    for sentence in kettle[0].text.split(". "):
        judged = _judged(judge, sentence, kettle)
        assert judged.supported
        assert judged.probability > 0.98


def test_a_paraphrase_is_borne_out(judge: OfflineJudge, kettle: tuple[Source, ...]) -> None:
    judged = _judged(judge, "KettleNet uses 17.5% less energy than a thermostat.", kettle)
    assert judged.supported, judged
    assert judged.claims[0].evidence.startswith("On a test bench of 40 kettles")


@pytest.mark.parametrize(
    ("changed", "verdict", "said"),
    [
        ("On a test bench of 40 kettles it saves 71.5% of the energy of a thermostat.", None, "71.5%"),
        ("The controller has 12,000 parameters and runs on no chip.", None, "deny"),
        ("BridgeGPT paints bridges in Sweden with robots.", Verdict.NOT_FOUND, "does not name bridgegpt"),
    ],
)
def test_what_the_text_does_not_bear_out_is_trusted_less_and_says_why(
    judge: OfflineJudge, kettle: tuple[Source, ...], changed: str, verdict: Verdict | None, said: str
) -> None:
    judged = _judged(judge, changed, kettle)
    assert (
        judged.probability
        < _judged(judge, "On a test bench of 40 kettles it saves 17.5%.", kettle).probability
    )
    if verdict is not None:
        assert verdict in {claim.verdict for claim in judged.claims}
        assert said in " ".join(claim.evidence for claim in judged.claims)


def test_each_statement_is_judged_by_its_own_sources(
    judge: OfflineJudge, kettle: tuple[Source, ...], titled: Callable[[str], Paper]
) -> None:
    sentence = "The controller has 12,000 parameters and runs on the kettle's own chip."
    sheep = titled("Counting Sheep")
    other = (Source(sheep.title, sheep.text),)
    right, wrong, both = judge.judge(
        "", [Statement(sentence, kettle), Statement(sentence, other), Statement(sentence, (*other, *kettle))]
    )
    assert right.supported
    assert not wrong.supported
    assert both.probability == pytest.approx(right.probability, abs=0.02)


def test_without_sources_nothing_is_borne_out(judge: OfflineJudge) -> None:
    for sources in ((), (Source("Empty", ""),)):
        judged = _judged(judge, "Water boils.", sources)
        assert [claim.verdict for claim in judged.claims] == [Verdict.NOT_FOUND]
        assert judged.probability == 0.0


def test_a_title_is_part_of_what_is_cited(judge: OfflineJudge) -> None:
    text = "It learns when to switch a kettle off."
    claim = "KettleNet learns when to switch off a kettle."
    named = _judged(judge, claim, (Source("KettleNet", text),))
    assert named.probability > _judged(judge, claim, (Source("", text),)).probability


def test_what_the_question_says_is_no_claim(judge: OfflineJudge, kettle: tuple[Source, ...]) -> None:
    text = "For a gondolier, it saves 17.5% of the energy."
    asked = _judged(judge, text, kettle, "What does it save a gondolier?")
    assert asked.probability > _judged(judge, text, kettle).probability


def test_a_sentence_at_the_end_of_a_long_source_is_found(judge: OfflineJudge) -> None:
    filler = " ".join(f"Sailor number {number} sailed home with a lantern." for number in range(120))
    last = "The controller was trained for 3 hours on recordings of steam pressure."
    assert _judged(judge, last, (Source("", f"{filler} {last}"),)).probability > 0.98
    assert not _judged(judge, last, (Source("", filler),)).supported


def test_windows_cover_a_text_and_fit_the_encoder(encoder: MiniLM) -> None:
    text = " ".join(f"Sentence {number} is about kettles, teapots and steam." for number in range(100))
    cut = windows(text)
    assert cut[0][0] == 0
    assert cut[-1][1] == len(text)
    assert all(later[0] < earlier[1] for earlier, later in pairwise(cut))
    assert max(end - start for start, end in cut) < WINDOW + 200
    (found,) = read(encoder, [text])
    assert np.allclose(np.linalg.norm(found.vectors, axis=1), 1.0, atol=1e-4)


# Its parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("It boils.", ["It boils."]),
        ("It boils water fast, while others wait for hours; nobody minds it.", 3),
        ("It saves energy, which nobody had expected of it.", 2),
        ("Yes, it does.", 1),
        ("", [""]),
    ],
)
def test_clauses(text: str, parts: list[str] | int) -> None:
    found = [text[part.start : part.end] for part in clauses(text)]
    assert (found if isinstance(parts, list) else len(found)) == parts
    assert " ".join(found).split() == text.split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,000 and 1000", [(1000.0, ""), (1000.0, "")]),
        ("3.1x, 3.1 times, 3.1×", [(3.1, "times")] * 3),
        ("5% or 5 percent", [(5.0, "percent")] * 2),
        ("12M, 12 million", [(12e6, ""), (12e6, "")]),
        ("16.2ms and 16.2 seconds", [(16.2, "millisecond"), (16.2, "second")]),
        ("two cups", [(2.0, "cup")]),
        ("half", [(0.5, "")]),
        ("1.0", [(1.0, "")]),
    ],
)
def test_numbers_and_units_are_written_in_one_way(text: str, expected: list[tuple[float, str]]) -> None:
    assert [(found.value, found.unit) for found in quantities(text)] == expected


def test_words_know_what_they_do() -> None:
    found = {word.text: word for word in words("It isn't slower than WideNet, and not on ImageNet-1K.")}
    assert found["isn't"].denies
    assert found["not"].denies
    assert found["slower"].direction == -1
    assert found["widenet"].name
    assert not found["it"].content
    assert stem("models") == stem("model")
    assert stem("compressing") == stem("compressed")


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("The papers do not say how hot it is.", False),
        ("Here are the steps to boil water:", False),
        ("Sure!", False),
        ("It boils at 100 degrees.", True),
    ],
)
def test_what_an_answer_says_of_itself_is_no_claim(text: str, *, claims: bool) -> None:
    assert claims_something(text) is claims


# The fit


def test_a_fit_finds_the_coefficients_that_made_the_labels() -> None:
    rng = np.random.default_rng(0)
    rows = np.abs(rng.normal(size=(6000, 3)))
    chance = 1 / (1 + np.exp(-(2.0 - rows @ np.array([1.5, 0.5, 0.0]))))
    right = rng.random(6000) < chance
    coefficients, intercept = fit(rows, np.arange(6000), right, np.ones(6000), strength=0.1)
    assert coefficients == pytest.approx([-1.5, -0.5, 0.0], abs=0.15)
    assert intercept == pytest.approx(2.0, abs=0.15)


def test_a_fit_learns_from_whole_answers_too() -> None:
    rng = np.random.default_rng(1)
    rows = np.abs(rng.normal(size=(6000, 2)))
    bags = np.arange(6000) // 3
    single = rng.random(6000) < 1 / (1 + np.exp(-(3.0 - rows @ np.array([2.0, 0.0]))))
    right = single.reshape(-1, 3).all(axis=1)
    coefficients, intercept = fit(rows, bags, right, np.ones(2000), strength=0.1)
    assert coefficients == pytest.approx([-2.0, 0.0], abs=0.25)
    assert intercept == pytest.approx(3.0, abs=0.3)


def test_no_feature_speaks_for_a_claim_and_each_counts_what_it_must() -> None:
    rng = np.random.default_rng(2)
    rows = np.abs(rng.normal(size=(500, 2)))
    right = rows[:, 0] > 0.5  # the more of it, the better
    coefficients, _ = fit(rows, np.arange(500), right, np.ones(500), least=np.array([0.0, 0.3]), strength=1.0)
    assert coefficients == pytest.approx([0.0, -0.3])


def test_the_model_shipped_is_of_the_features_computed() -> None:
    model = shipped_model()
    assert model.coefficients.shape == (len(FEATURES),)
    assert (model.coefficients <= 0).all()
    assert LEAST.keys() <= set(FEATURES)
    assert model.probability(np.zeros((1, len(FEATURES))))[0] > 0.98 > model.threshold > 0.5


@pytest.mark.skipif(not RAGTRUTH.is_dir(), reason="the labelled answers are kept outside the repository")
def test_it_agrees_with_people_on_ragtruth(encoder: MiniLM) -> None:
    answers = load_answers(RAGTRUTH)
    chosen = sorted({answer.group for answer in answers})[::2]
    few = [answer for answer in answers if answer.group in chosen]
    refitted, _, length = measure(OfflineJudge(encoder), few)
    # Half of the questions, for time's sake: bench/train_judge.py gives the figure of all.
    assert refitted.auroc > max(0.75, length.auroc)
    assert suspicion([]) == 0.0
