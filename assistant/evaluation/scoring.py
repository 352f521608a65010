"""Scoring an answer: every measure that applies, from what its question says and what a judge says."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from assistant.answering.answer import Answer
from assistant.answering.citations import cited_sentences
from assistant.errors import AssistantError
from assistant.evaluation import measures
from assistant.evaluation.judging.judge import Judge, JudgeError, Judgement, Source, Statement, Verdict
from assistant.evaluation.measures import Support
from assistant.evaluation.questions import CuratedQuestion
from assistant.evaluation.results import JudgedSentence
from assistant.evaluation.scores import NOT_APPLICABLE, Score, failed

FAITHFULNESS = "faithfulness"
SENTENCE_PRECISION = "sentence citation precision"
SENTENCE_RECALL = "sentence citation recall"
JUDGED = (SENTENCE_PRECISION, SENTENCE_RECALL, FAITHFULNESS)
"""The measures that rest on a judge."""
BINARY = ("hit@1", "hit@5", "all facts", "answered", "right to answer")
"""The measures that are 0 or 1."""
COSTS = ("words", "seconds", "tokens", "cost")
"""The measures of what an answer took: neither high nor low is good by itself."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a judge says of an answer."""

    sentences: tuple[JudgedSentence, ...]
    supports: tuple[Support, ...] = ()
    """One a sentence; none where the judge failed or there was none."""
    error: str | None = None
    """Why the judge failed."""


def scores(
    question: CuratedQuestion,
    answer: Answer,
    *,
    known: Collection[str],
    judged: Judged | None,
    seconds: float,
) -> dict[str, Score]:
    """Score an answer by every measure.

    Args:
        question: with what is right.
        answer: to it.
        known: the identifiers of the collection's papers.
        judged: what the judge said; None for no judge, and then its measures are left out.
        seconds: that the answer took.
    """
    return {
        **_retrieval(question, answer),
        **_facts(question, answer),
        **_citations(question, answer, known),
        **(_judged(judged) if judged is not None else {}),
        "answered": Score(float(not answer.refused)),
        "right to answer": Score(
            measures.right_to_answer(answered=not answer.refused, answerable=question.answerable)
        ),
        **_costs(answer, seconds),
    }


def _retrieval(question: CuratedQuestion, answer: Answer) -> dict[str, Score]:
    ranking = [hit.paper.paper_id for hit in answer.sources]
    relevant = question.relevant
    if not relevant:
        return dict.fromkeys(("hit@1", "hit@5", "ndcg@10", "recall@5", "recall@10"), NOT_APPLICABLE)
    return {
        "hit@1": Score(measures.hit_rate(ranking, relevant, 1)),
        "hit@5": Score(measures.hit_rate(ranking, relevant, 5)),
        "ndcg@10": Score(measures.ndcg(ranking, relevant, 10)),
        "recall@5": Score(measures.recall(ranking, relevant, 5)),
        "recall@10": Score(measures.recall(ranking, relevant, 10)),
    }


def _facts(question: CuratedQuestion, answer: Answer) -> dict[str, Score]:
    """Score the facts; a refusal holds none of them."""
    if not question.facts:
        return {"facts": NOT_APPLICABLE, "all facts": NOT_APPLICABLE}
    text = "" if answer.refused else answer.text
    return {
        "facts": Score(measures.facts_found(text, question.facts)),
        "all facts": Score(float(measures.holds_all_facts(text, question.facts))),
    }


def _citations(question: CuratedQuestion, answer: Answer, known: Collection[str]) -> dict[str, Score]:
    """Score the papers cited; a refusal cites none of those it should, and is neither valid nor precise."""
    cited = {citation.number: citation.paper_id for citation in answer.citations}
    numbers = {number for _, found in cited_sentences(answer.text) for number in found}
    papers, relevant = frozenset(cited.values()), question.relevant
    return {
        "citations valid": Score(measures.citations_valid(numbers, cited, known))
        if numbers or cited
        else NOT_APPLICABLE,
        "citation precision": Score(measures.citation_precision(papers, relevant))
        if papers and relevant
        else NOT_APPLICABLE,
        "citation recall": Score(measures.citation_recall(papers, relevant)) if relevant else NOT_APPLICABLE,
    }


def _judged(judged: Judged) -> dict[str, Score]:
    if judged.error is not None:
        return dict.fromkeys(JUDGED, failed(judged.error))
    claims = [
        claim.verdict is Verdict.SUPPORTED
        for sentence in judged.sentences
        if sentence.judgement is not None
        for claim in sentence.judgement.claims
    ]
    cites = any(support.alone for support in judged.supports)
    return {
        SENTENCE_PRECISION: Score(measures.sentence_citation_precision(judged.supports))
        if cites
        else NOT_APPLICABLE,
        SENTENCE_RECALL: Score(measures.sentence_citation_recall(judged.supports))
        if judged.supports
        else NOT_APPLICABLE,
        FAITHFULNESS: Score(measures.faithfulness(claims)) if claims else NOT_APPLICABLE,
    }


def _costs(answer: Answer, seconds: float) -> dict[str, Score]:
    usage = answer.usage
    return {
        "words": NOT_APPLICABLE if answer.refused else Score(measures.words(answer.text)),
        "seconds": Score(seconds),
        "tokens": Score(measures.tokens(usage)) if usage else NOT_APPLICABLE,
        "cost": NOT_APPLICABLE if usage is None or usage.cost is None else Score(usage.cost),
    }


# Judging


def judge_answer(judge: Judge, answer: Answer) -> Judged:
    """Have a judge say what bears each sentence of an answer out.

    A sentence is judged by the papers it cites. One that cites none is judged by all that the answer cites,
    for faithfulness alone: whether it cites enough is what citation recall asks. A refusal is not judged.
    """
    if answer.refused:
        return Judged(())
    said = list(cited_sentences(answer.text))
    papers = {citation.number: Source(citation.title, citation.paper.text) for citation in answer.citations}
    cited = [tuple(papers[number] for number in numbers if number in papers) for _, numbers in said]
    statements = [
        Statement(text, sources or tuple(papers.values()))
        for (text, _), sources in zip(said, cited, strict=True)
    ]
    try:
        judgements = _judge(judge, answer.question, statements)
        supports = _supports(judge, answer.question, statements, cited, judgements)
    except AssistantError as error:
        return Judged(tuple(JudgedSentence(text, numbers, None) for text, numbers in said), (), str(error))
    return Judged(
        tuple(
            JudgedSentence(text, numbers, judgement)
            for (text, numbers), judgement in zip(said, judgements, strict=True)
        ),
        tuple(supports),
    )


def _judge(judge: Judge, question: str, statements: Sequence[Statement]) -> list[Judgement]:
    judgements = judge.judge(question, statements) if statements else []
    if len(judgements) != len(statements):
        raise JudgeError(
            f"The judge {judge.name} gave {len(judgements)} judgements for {len(statements)} sentences."
        )
    return judgements


def _supports(
    judge: Judge,
    question: str,
    statements: Sequence[Statement],
    cited: Sequence[tuple[Source, ...]],
    judgements: Sequence[Judgement],
) -> list[Support]:
    """Find which citations each sentence needs, asking no more than that takes.

    One citation bears out what all do, and nothing is borne out without it; where all together do not
    bear a sentence out, none of its citations counts. Only what is left is asked: each alone, then the
    others without each that does not suffice.
    """
    wholes = [
        bool(sources) and judgement.supported for sources, judgement in zip(cited, judgements, strict=True)
    ]
    several = {
        place: sources
        for place, (sources, whole) in enumerate(zip(cited, wholes, strict=True))
        if whole and len(sources) > 1
    }
    singles = {
        (place, number): Statement(statements[place].text, (source,))
        for place, sources in several.items()
        for number, source in enumerate(sources)
    }
    alone = _supported(judge, question, singles)
    rests = {
        (place, number): Statement(
            statements[place].text, (*several[place][:number], *several[place][number + 1 :])
        )
        for (place, number), suffices in alone.items()
        if not suffices
    }
    without = _supported(judge, question, rests)
    return [
        Support(
            whole,
            tuple(alone.get((place, number), whole) for number in range(len(sources))),
            tuple(without.get((place, number), False) for number in range(len(sources))),
        )
        for place, (sources, whole) in enumerate(zip(cited, wholes, strict=True))
    ]


def _supported(
    judge: Judge, question: str, statements: Mapping[tuple[int, int], Statement]
) -> dict[tuple[int, int], bool]:
    judgements = _judge(judge, question, list(statements.values()))
    return {place: judgement.supported for place, judgement in zip(statements, judgements, strict=True)}
