"""What the two small models of the reader look at: numbers about a sentence, and about all the evidence.

Pure functions of a question and the evidence for it. `bench/train_reader.py` fits the models to them.
"""

import re
from collections.abc import Sequence

import numpy as np

from assistant.answering.asking import Asking, coined_names, figures
from assistant.answering.evidence import Evidence, Floats, TokenMatches
from assistant.retrieval import cut

STRONG = 0.5
"""A cosine above which a token of the question counts as met."""

_RESULT = re.compile(
    r"\b(achiev|outperform|improv|reduc|surpass|exceed|gain|result|experiment|faster|better|accura|state-of-the-art)",
    re.IGNORECASE,
)
_PROPOSAL = re.compile(
    r"\b(we|this (?:paper|work|article)) (\w+ )?"
    r"(propose|introduce|present|design|develop|show|find|prove|demonstrate)",
    re.IGNORECASE,
)

SENTENCE_FEATURES = (
    "late",
    "late_standardised",
    "late_margin",
    "late_rank",
    "best_match_share",
    "met_share",
    "cosine",
    "cosine_standardised",
    "overlap",
    "overlap_standardised",
    "figures_when_asked",
    "any_figure_when_asked",
    "figures_otherwise",
    "names_when_asked",
    "names_otherwise",
    "position",
    "is_first",
    "is_second",
    "is_last",
    "log_words",
    "before",
    "after",
    "proposal",
    "result",
    "result_when_number_asked",
    "late_times_position",
    "asked_figures_shared",
    "figures_times_late",
    "topic_late",
    "topic_late_standardised",
    "topic_late_margin",
    "topic_best_match_share",
)


def _tokens(evidence: Evidence) -> TokenMatches:
    if evidence.tokens is None:
        raise ValueError("an index of words alone has no tokens to describe")
    return evidence.tokens


def _standardised(values: Floats) -> Floats:
    return np.asarray((values - values.mean()) / (values.std() + 1e-6))


def _margin(values: Floats) -> Floats:
    """Give how far each value is above the highest of the others."""
    if len(values) < 2:  # noqa: PLR2004 - a margin takes two
        return np.zeros_like(values)
    ordered = np.sort(values)
    return np.asarray(values - np.where(values == ordered[-1], ordered[-2], ordered[-1]))


def sentence_features(asking: Asking, evidence: Evidence) -> Floats:
    """Describe each sentence of a paper by its bearing on the question.

    Returns:
        Shape `(sentences, len(SENTENCE_FEATURES))`, columns as named there.
    """
    tokens = _tokens(evidence)
    matches, weights, cosines = tokens.by_sentence, tokens.weights, tokens.cosines
    late, topic_late = tokens.late, tokens.topic_late
    count = len(evidence.sentences)
    rank = np.argsort(np.argsort(-late, kind="stable"))
    best_row = matches.argmax(axis=0)
    share = np.array([weights[best_row == row].sum() for row in range(count)])
    topic_share = np.array([tokens.topic_weights[best_row == row].sum() for row in range(count)])
    texts = [sentence.text for sentence in evidence.sentences]
    new_figures = np.array([min(len(figures(text) - asking.figures), 3) for text in texts], float)
    old_figures = np.array([min(len(figures(text) & asking.figures), 2) for text in texts], float)
    new_names = np.array([min(len(coined_names(text) - asking.names), 3) for text in texts], float)
    position = np.arange(count) / max(1, count - 1)
    result = np.array([min(len(_RESULT.findall(text)), 2) for text in texts], float)
    late_standardised = _standardised(late)
    columns = (
        late,
        late_standardised,
        _margin(late),
        1.0 / (1.0 + rank),
        share,
        np.asarray((matches > STRONG) @ weights),
        cosines,
        _standardised(cosines),
        evidence.overlap,
        _standardised(evidence.overlap),
        asking.number * new_figures,
        asking.number * (new_figures > 0),
        (not asking.number) * new_figures,
        asking.name * new_names,
        (not asking.name) * new_names,
        position,
        np.arange(count) == 0,
        np.arange(count) == 1,
        np.arange(count) == count - 1,
        np.log([len(text.split()) for text in texts]),
        np.concatenate([[0.0], late_standardised[:-1]]),
        np.concatenate([late_standardised[1:], [0.0]]),
        np.array([bool(_PROPOSAL.search(text)) for text in texts]),
        result,
        asking.number * result,
        late_standardised * position,
        old_figures,
        asking.number * (new_figures > 0) * late_standardised,
        topic_late,
        _standardised(topic_late),
        _margin(topic_late),
        topic_share,
    )
    return np.stack([np.asarray(column, float) for column in columns], axis=1)


PAPERS = 5
"""The most papers that are read together, for a question that spans several."""
GAP = 0.28
"""How far below the best paper, on the scale from the last candidate to the best, one is not among them."""


def spans_several(asking: Asking, evidence: Sequence[Evidence]) -> bool:
    """Tell whether a question wants more than one paper: by its words, or as it names the subjects of two."""
    if asking.several:
        return True
    subjects = [asking.names & coined_names(item.hit.paper.title) for item in evidence]
    named = [names for names in subjects if names]
    return any(first.isdisjoint(second) for first in named for second in named)


def read_together(asking: Asking, evidence: Sequence[Evidence]) -> Sequence[Evidence]:
    """Give the papers that an answer takes its sentences from: the best, or all that come close to it.

    A question that spans several papers gets two at the least, where there are two.
    """
    if not spans_several(asking, evidence):
        return evidence[:1]
    return evidence[: max(2, cut([item.hit.score for item in evidence], GAP, PAPERS))]


EVIDENCE_FEATURES = (
    "lowest_matches",
    "late",
    "late_margin",
    "dense",
    "coverage",
    "missing_rarity",
    "missing_names",
    "best_sentence",
    "second_sentence",
    "sentence_late",
    "figure_asked_and_found",
    "number_asked",
    "log_question_words",
    "weakest_match",
    "late_best_overall",
    "several",
)


def evidence_features(
    asking: Asking, question: str, evidence: Sequence[Evidence], probabilities: Floats, dense: float
) -> Floats:
    """Describe how well the best papers bear on *everything* that a question asks.

    The best paper alone has to; for a question that spans several, the best few together.

    Args:
        asking: what the question asks for.
        question: its text.
        evidence: the papers read, best first; at least one.
        probabilities: for each sentence of the best paper, that it answers.
        dense: the cosine of the best paper's nearest chunk.

    Returns:
        Shape `(len(EVIDENCE_FEATURES),)`, as named there.
    """
    together = read_together(asking, evidence)
    best, weights = evidence[0], _tokens(evidence[0]).weights
    matches = np.max([_tokens(item).anywhere for item in together], axis=0)
    scores = [float(_tokens(item).anywhere @ weights) for item in evidence]
    present = frozenset[str]().union(*(item.present for item in together))
    text = " ".join(f"{item.hit.paper.title} {item.hit.paper.text}" for item in together).casefold()
    ordered = np.sort(probabilities)[::-1]
    new_figures = figures(best.sentences[int(probabilities.argmax())].text) - asking.figures
    return np.array(
        [
            np.sort(matches[weights > 0])[:3].mean() if (weights > 0).any() else 0.0,
            float(matches @ weights),
            scores[0] - (scores[1] if len(scores) > 1 else 0.0),
            dense,
            best.words.share(present),
            best.words.rarest_missing(present),
            float(any(name not in text for name in asking.names)),
            ordered[0],
            ordered[1] if len(ordered) > 1 else 0.0,
            float(_tokens(best).late.max()),
            float(asking.number and bool(new_figures)),
            float(asking.number),
            float(np.log(len(question.split()))),
            float((weights * (1.0 - np.clip(matches, 0, 1))).max(initial=0.0)),
            max(scores),
            float(spans_several(asking, evidence)),
        ]
    )
