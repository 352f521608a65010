"""Asking and keeping: what a run holds, what a failure does to it, and how it goes on."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from peer import Peer, failing
from synthetic import result

from assistant import Assistant, Settings
from assistant.answering.citations import cited_sentences
from assistant.errors import InputError
from assistant.evaluation import Baseline, compare, evaluate
from assistant.evaluation.judging.judge import Claim, Judge, JudgeError, Judgement, Statement, Verdict
from assistant.evaluation.questions import CuratedQuestion
from assistant.evaluation.results import result_from, result_object
from assistant.evaluation.run import RESULTS, RUN, Run
from assistant.evaluation.running import TooManyErrorsError
from assistant.evaluation.scores import failed

QUESTIONS = [
    {
        "id": "kettle",
        "suite": "single",
        "question": "How much energy does KettleNet save?",
        "titles": ["KettleNet: Boiling Water with Fewer Joules"],
        "facts": [["17.5%"], ["12,000 camels"]],
    },
    {"id": "moon", "suite": "unanswerable", "question": "Who was the first person on the moon?"},
    {
        "id": "talk",
        "suite": "chat",
        "turns": [
            {
                "question": "How well does TeapotFormer agree with tasters?",
                "titles": ["TeapotFormer: Attention over Tea Leaves"],
                "facts": [["91.2%"]],
            },
            {
                "question": "And what does it look at?",
                "titles": ["TeapotFormer: Attention over Tea Leaves"],
                "facts": [["leaf tips"]],
            },
        ],
    },
]


class WordJudge:
    """Takes for borne out what a source holds word for word."""

    name = "words"

    def __init__(self) -> None:
        self.asked: list[Statement] = []

    def judge(self, question: str, statements: Sequence[Statement]) -> list[Judgement]:
        assert question
        self.asked += statements
        return [Judgement((self._claim(statement),)) for statement in statements]

    def _claim(self, statement: Statement) -> Claim:
        there = any(statement.text in source.text for source in statement.sources)
        return Claim(statement.text, Verdict.SUPPORTED if there else Verdict.NOT_FOUND, float(there))

    def close(self) -> None:
        pass


class SilentJudge(WordJudge):
    """Gives no verdict."""

    def judge(self, question: str, statements: Sequence[Statement]) -> list[Judgement]:
        del question, statements
        raise JudgeError("The judge was silent.")


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "mine.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in QUESTIONS))
    return path


def by_key(run: Run) -> dict[str, dict[str, float | None]]:
    return {
        found.key: {measure: score.value for measure, score in found.scores.items()} for found in run.results
    }


def test_a_question_set_is_asked_and_scored(assistant: Assistant, questions: Path) -> None:
    run = evaluate(assistant, questions, judge=WordJudge())
    assert [found.key for found in run.results] == ["kettle#0", "moon#0", "talk.1#0", "talk.2#0"]
    scores = by_key(run)
    kettle = scores["kettle#0"]
    assert {name: kettle[name] for name in ("hit@1", "hit@5", "ndcg@10", "recall@5", "recall@10")} == {
        "hit@1": 1,
        "hit@5": 1,
        "ndcg@10": 1,
        "recall@5": 1,
        "recall@10": 1,
    }
    assert (kettle["facts"], kettle["all facts"]) == (0.5, 0)
    assert (kettle["citations valid"], kettle["citation recall"]) == (1, 1)
    assert (kettle["answered"], kettle["right to answer"]) == (1, 1)
    # the extractive reader quotes word for word
    assert (kettle["faithfulness"], kettle["sentence citation recall"]) == (1, 1)
    assert kettle["words"]
    assert kettle["seconds"]
    assert kettle["tokens"] is kettle["cost"] is None
    moon = scores["moon#0"]
    assert (moon["answered"], moon["right to answer"]) == (0, 1)
    refused = ("faithfulness", "sentence citation recall", "sentence citation precision", "hit@1", "facts")
    assert all(moon[name] is None for name in (*refused, "citation precision", "citations valid", "words"))
    # the second turn leans on the first
    assert (scores["talk.2#0"]["hit@1"], scores["talk.2#0"]["all facts"]) == (1, 1)
    assert run.results[2].cluster == run.results[3].cluster
    table = run.answering()
    assert (table["all"].answer_rate, table["all"].refusal_rate) == (1, 1)
    assert run.settings["questions"]["count"] == 4
    assert run.settings["judge"] == "words"
    assert run.settings["versions"]["chromadb"]


def test_a_run_is_read_as_it_was_written(assistant: Assistant, questions: Path, tmp_path: Path) -> None:
    run = evaluate(assistant, questions, judge=WordJudge(), folder=tmp_path / "run")
    kept = Run.read(tmp_path / "run")
    assert kept.results == run.results
    assert kept.settings == run.settings
    written = json.loads((tmp_path / "run" / RUN).read_text())
    assert written["totals"]["all"]["hit@1"]["mean"] == 1
    assert written["totals"]["all"]["hit@1"]["not_applicable"] == 1
    assert written["errors"] == []


def test_it_takes_five_lines(assistant: Assistant, questions: Path) -> None:
    run = evaluate(assistant, questions, judge=None)
    report = compare(run, Baseline.of(run, ["all facts", "right to answer"]))
    assert report.passed, report
    # in a notebook
    assert "| all | all facts |" in run._repr_markdown_()


def test_repeats_have_keys_of_their_own(assistant: Assistant, questions: Path) -> None:
    run = evaluate(assistant, questions, judge=None, suites=["single", "unanswerable"], repeat=2)
    assert [found.key for found in run.results] == ["kettle#0", "moon#0", "kettle#1", "moon#1"]
    assert "faithfulness" not in run.measures


def test_a_judge_that_fails_is_an_error_and_no_score(
    assistant: Assistant, questions: Path, tmp_path: Path
) -> None:
    run = evaluate(
        assistant, questions, judge=SilentJudge(), suites=["single"], max_errors=1, folder=tmp_path / "run"
    )
    (found,) = run.results
    assert found.scores["faithfulness"] == failed("The judge was silent.")
    assert found.scores["hit@1"].value == 1
    assert run.errors() == [("kettle#0", "The judge was silent.")]
    total = run.totals()["all"]["faithfulness"]
    assert (total.mean, total.count, total.errors) == (None, 0, 1)
    assert found.sentences
    assert Run.read(tmp_path / "run").results == run.results


def test_too_many_errors_end_a_run_which_then_goes_on(
    assistant: Assistant, questions: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    with pytest.raises(TooManyErrorsError, match="1 of 4 questions failed"):
        evaluate(assistant, questions, judge=_named(SilentJudge()), folder=folder, concurrency=1)
    before = Run.read(folder)
    assert 1 <= len(before.results) < 4
    assert before.settings["finished"] is False
    judge = WordJudge()
    run = evaluate(assistant, questions, judge=judge, folder=folder, resume=True)
    assert [found.key for found in run.results] == ["kettle#0", "moon#0", "talk.1#0", "talk.2#0"]
    assert run.errors() == []
    assert run.settings["started"] == before.settings["started"]
    assert Run.read(folder) == run


def _named(judge: WordJudge) -> Judge:
    judge.name = "words"
    return judge


def test_what_is_done_is_not_asked_again_and_half_a_line_is_dropped(
    assistant: Assistant, questions: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    whole = evaluate(assistant, questions, judge=WordJudge(), folder=folder)
    lines = (folder / RESULTS).read_text().splitlines(keepends=True)
    kept = [line for line in lines if '"kettle#0"' in line or '"moon#0"' in line]
    (folder / RESULTS).write_text("".join(kept) + next(line for line in lines if line not in kept)[:300])
    judge = WordJudge()
    told: list[tuple[int, int]] = []
    again = evaluate(
        assistant,
        questions,
        judge=judge,
        folder=folder,
        resume=True,
        progress=lambda done, total: told.append((done, total)),
    )
    # both turns of the conversation, and nothing else
    assert told == [(4, 4)]
    assert [found.key for found in again.results] == [found.key for found in whole.results]
    assert again.results[0].seconds == whole.results[0].seconds
    talked = {
        text for found in again.results[2:] for text, _ in cited_sentences((found.answer or {})["answer"])
    }
    assert {statement.text for statement in judge.asked} == talked


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"repeat": 2}, "repeat"),
        ({"suites": ["single"]}, "suites"),
        ({"judge": None}, "judge"),
        ({"seed": 3}, "seed"),
    ],
)
def test_a_run_of_other_settings_does_not_go_on(
    assistant: Assistant, questions: Path, tmp_path: Path, change: dict[str, Any], named: str
) -> None:
    settings: dict[str, Any] = {"judge": WordJudge(), "suites": ["unanswerable"]}
    evaluate(assistant, questions, **settings, folder=tmp_path / "run")
    with pytest.raises(InputError, match=f"cannot go on: its {named} was"):
        evaluate(assistant, questions, **{**settings, **change}, folder=tmp_path / "run", resume=True)
    with pytest.raises(InputError, match="holds a run already"):
        evaluate(assistant, questions, **settings, folder=tmp_path / "run")


def test_a_folder_without_a_run_is_named(assistant: Assistant, questions: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no run: there is no run\.json in it"):
        evaluate(assistant, questions, judge=None, folder=tmp_path, resume=True)
    (tmp_path / RUN).write_text('{"settings": {}}')
    (tmp_path / RESULTS).write_text('{"key": 1}\n')
    with pytest.raises(InputError, match=r"results\.jsonl, line 1 is no result"):
        Run.read(tmp_path)


def test_the_shipped_questions_miss_their_papers_in_another_home(assistant: Assistant) -> None:
    run = evaluate(assistant, judge=None, suites=["false-premise"], sample=3)
    assert run.settings["missing"] == 3
    assert run.settings["papers"] == 12


# A model


def test_a_model_that_fails_is_an_error_with_its_reason(
    opened: Callable[..., Assistant], model_settings: Settings, peer: Peer, questions: Path
) -> None:
    peer.says(failing(401, "Who is there?"), "KettleNet saves 17.5% [1]. It whistles.")
    answering = opened(model_settings)
    run = evaluate(
        answering, questions, judge=WordJudge(), suites=["single"], repeat=2, concurrency=1, max_errors=0.5
    )
    broken, found = run.results
    assert broken.answer is None
    assert broken.error is not None
    assert broken.scores == {}
    assert found.sentences[0].numbers == (1,)
    # one of two sentences cites; neither is in the paper word for word
    assert found.scores["sentence citation recall"].value == 0
    assert found.scores["tokens"].value
    assert run.settings["model"] == model_settings.model
    assert "sk-loopback" not in json.dumps(dict(run.settings))
    assert run.totals()["all"]["hit@1"].count == 1


# Results


def test_a_result_is_read_as_it_was_written() -> None:
    made = result("a", {"facts": 0.5, "words": None, "faithfulness": failed("no verdict")})
    assert result_from(json.loads(json.dumps(result_object(made)))) == made
    assert isinstance(made.question, CuratedQuestion)
    broken = result("b", {}, error="no server")
    assert result_from(json.loads(json.dumps(result_object(broken)))) == broken
    assert broken.errors == ("no server",)
    assert made.errors == ("no verdict",)
