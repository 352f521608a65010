"""What a paper says to a question: its sentences, each measured against the question."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.answering.asking import COINED
from assistant.answering.sentences import Sentence, sentences
from assistant.index.encoder import Encoding, Matrix, Vector, unit
from assistant.retrieval import Hit

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class QuestionWords:
    """The words of a question as the word index knows them."""

    stems: tuple[str, ...]
    rarity: Mapping[str, float]
    """Inverse document frequency by stem, above 0."""
    stem: Callable[[str], Sequence[str]]
    """Turns a text into stems, as the word index does."""

    def share(self, present: set[str]) -> float:
        """Give the share of the words, each counted by its rarity, that are present; from 0 to 1."""
        total = sum(self.rarity[word] for word in self.stems)
        return sum(self.rarity[word] for word in self.stems if word in present) / total if total else 0.0


@dataclass(frozen=True, slots=True)
class QuestionTokens:
    """A question as the encoder reads it."""

    encoding: Encoding
    weights: Floats
    """Shape `(tokens,)`: how much each token counts, summing to 1; special tokens 0."""
    topic_weights: Floats
    """The same with coined names at 0: what is asked *of* the thing named."""

    @classmethod
    def weigh(cls, question: str, encoding: Encoding, rarity_of: Callable[[str], float]) -> "QuestionTokens":
        """Weigh each token by the rarity of the word it is part of, as `rarity_of` gives it."""
        weights = token_weights(question, encoding, rarity_of)
        topic = weights.copy()
        for match in COINED.finditer(question):
            topic[(encoding.spans[:, 0] >= match.start()) & (encoding.spans[:, 1] <= match.end())] = 0.0
        total = topic.sum()
        return cls(encoding, weights, topic / total if total > 0 else weights)


def token_weights(question: str, encoding: Encoding, rarity_of: Callable[[str], float]) -> Floats:
    """Weigh each token of a question by the rarity of the word it is part of; the weights sum to 1."""
    weights = np.zeros(len(encoding.ids))
    for position, (start, end) in enumerate(encoding.spans):
        if start < end:
            left, right = int(start), int(end)
            while left > 0 and question[left - 1].isalnum():
                left -= 1
            while right < len(question) and question[right].isalnum():
                right += 1
            weights[position] = rarity_of(question[left:right])
    total = weights.sum()
    return weights / total if total > 0 else weights


@dataclass(frozen=True, slots=True)
class PaperTokens:
    """The tokens of a paper's title and text, read by the encoder as one."""

    encoding: Encoding
    text_start: int
    """Where the text begins in what was encoded, in characters."""


@dataclass(frozen=True, slots=True)
class TokenMatches:
    """How well a paper's tokens meet a question's."""

    by_sentence: Matrix
    """Shape `(sentences, question tokens)`: the best cosine of each question token in each sentence."""
    anywhere: Vector
    """Shape `(question tokens,)`: the best cosine of each in title and text."""
    cosines: Floats
    """Shape `(sentences,)`: the cosine of each sentence's mean vector and the question's."""
    question: QuestionTokens

    @property
    def late(self) -> Floats:
        """Score each sentence by late interaction (Khattab and Zaharia 2020, equation 3).

        The sum over the question's tokens of the best cosine among the sentence's tokens, here each
        weighted by its rarity; shape `(sentences,)`.
        """
        return np.asarray(self.by_sentence @ self.question.weights, np.float64)

    @property
    def topic_late(self) -> Floats:
        """The same without the names in the question."""
        return np.asarray(self.by_sentence @ self.question.topic_weights, np.float64)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A retrieved paper, read with a question in mind."""

    hit: Hit
    sentences: tuple[Sentence, ...]
    overlap: Floats
    """Shape `(sentences,)`: the share of the question's words that each sentence has, by rarity."""
    coverage: float
    """The same for title and text together."""
    missing_rarity: float
    """The rarity of the rarest word of the question that the paper lacks; 0 where none is missing."""
    tokens: TokenMatches | None
    """None in an index of words alone."""


def gather(
    hit: Hit,
    words: QuestionWords,
    question: QuestionTokens | None = None,
    paper: PaperTokens | None = None,
) -> Evidence:
    """Measure every sentence of a paper against a question.

    Args:
        hit: the paper.
        words: the question's words.
        question: the question's tokens; None in an index of words alone, as is the next.
        paper: the paper's tokens.
    """
    found = tuple(sentences(hit.paper.text))
    whole = {*words.stem(hit.paper.title), *words.stem(hit.paper.text)}
    return Evidence(
        hit=hit,
        sentences=found,
        overlap=np.array([words.share(set(words.stem(sentence.text))) for sentence in found]),
        coverage=words.share(whole),
        missing_rarity=max((words.rarity[word] for word in words.stems if word not in whole), default=0.0),
        tokens=_match(question, paper, found) if question is not None and paper is not None else None,
    )


def _match(question: QuestionTokens, paper: PaperTokens, found: Sequence[Sentence]) -> TokenMatches:
    asked, states = question.encoding, paper.encoding.states
    similar = unit(asked.states) @ unit(states).T
    by_sentence = np.zeros((len(found), len(asked.ids)), np.float32)
    cosines = np.zeros(len(found))
    starts, ends = (paper.encoding.spans - paper.text_start).T
    real = ends > starts
    for row, sentence in enumerate(found):
        inside = real & (starts >= sentence.start) & (ends <= sentence.end)
        if inside.any():  # a sentence beyond the encoder's window has no tokens
            by_sentence[row] = similar[:, inside].max(axis=1)
            cosines[row] = float(unit(states[inside].mean(axis=0)) @ asked.pooled())
    return TokenMatches(by_sentence, similar[:, real].max(axis=1), cosines, question)
