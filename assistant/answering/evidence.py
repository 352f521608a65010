"""What a paper says to a question: its sentences, each measured against the question."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.answering.asking import COINED
from assistant.answering.sentences import Sentence, sentences
from assistant.index.encoder import Matrix, Vector, unit
from assistant.index.multiplying import multiply
from assistant.index.tokens import PaperTokens
from assistant.retrieval import Hit, Question, QuestionTokens

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class QuestionWords:
    """The words of a question as the word index knows them."""

    stems: tuple[str, ...]
    rarity: Mapping[str, float]
    """Inverse document frequency by stem, as a share of the highest: above 0, at most 1."""
    stem: Callable[[str], Sequence[str]]
    """Turns a text into stems, as the word index does."""

    def share(self, present: AbstractSet[str]) -> float:
        """Give the share of the words, each counted by its rarity, that are present; from 0 to 1."""
        total = sum(self.rarity[word] for word in self.stems)
        return sum(self.rarity[word] for word in self.stems if word in present) / total if total else 0.0

    def rarest_missing(self, present: AbstractSet[str]) -> float:
        """Give the rarity of the rarest word that is not present; 0 where none is missing."""
        return max((self.rarity[word] for word in self.stems if word not in present), default=0.0)


def topic_weights(question: str, tokens: QuestionTokens) -> Floats:
    """Weigh a question's tokens without its coined names: what is asked *of* the thing named.

    Returns:
        Shape `(tokens,)`, summing to 1; the tokens' own weights where nothing but names would be left.
    """
    weights = tokens.weights.copy()
    for match in COINED.finditer(question):
        weights[(tokens.spans[:, 0] >= match.start()) & (tokens.spans[:, 1] <= match.end())] = 0.0
    total = weights.sum()
    return weights / total if total > 0 else tokens.weights


@dataclass(frozen=True, slots=True)
class TokenMatches:
    """How well a paper's tokens meet a question's."""

    by_sentence: Matrix
    """Shape `(sentences, question tokens)`: the best cosine of each question token in each sentence."""
    anywhere: Vector
    """Shape `(question tokens,)`: the best cosine of each in title and text."""
    cosines: Floats
    """Shape `(sentences,)`: the cosine of each sentence's mean vector and the question's."""
    weights: Floats
    """Shape `(question tokens,)`: how much each counts, summing to 1."""
    topic_weights: Floats
    """The same with coined names at 0."""

    @property
    def late(self) -> Floats:
        """Score each sentence by late interaction; shape `(sentences,)`."""
        return np.asarray(self.by_sentence @ self.weights, np.float64)

    @property
    def topic_late(self) -> Floats:
        """The same without the names in the question."""
        return np.asarray(self.by_sentence @ self.topic_weights, np.float64)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A retrieved paper, read with a question in mind."""

    hit: Hit
    sentences: tuple[Sentence, ...]
    overlap: Floats
    """Shape `(sentences,)`: the share of the question's words that each sentence has, by rarity."""
    words: QuestionWords
    present: frozenset[str]
    """The question's words that title or text has, as stems."""
    tokens: TokenMatches | None
    """None in an index of words alone."""


def gather(hit: Hit, question: Question, words: QuestionWords, paper: PaperTokens | None = None) -> Evidence:
    """Measure every sentence of a paper against a question.

    Args:
        hit: the paper.
        question: the question.
        words: its words.
        paper: the paper's tokens; None in an index of words alone.
    """
    found = tuple(sentences(hit.paper.text))
    whole = {*words.stem(hit.paper.title), *words.stem(hit.paper.text)}
    return Evidence(
        hit=hit,
        sentences=found,
        overlap=np.array([words.share(set(words.stem(sentence.text))) for sentence in found]),
        words=words,
        present=frozenset(words.stems) & whole,
        tokens=_match(question.text, question.tokens, paper, found) if question.tokens and paper else None,
    )


def _match(
    question: str, asked: QuestionTokens, paper: PaperTokens, found: Sequence[Sentence]
) -> TokenMatches:
    vectors = paper.vectors
    similar = multiply(asked.vectors, vectors.T)
    by_sentence = np.zeros((len(found), len(asked.vectors)), np.float32)
    cosines = np.zeros(len(found))
    middle = unit(asked.vectors.mean(axis=0))
    starts, ends = paper.spans.T
    for row, sentence in enumerate(found):
        inside = (starts >= sentence.start) & (ends <= sentence.end)
        if inside.any():
            by_sentence[row] = similar[:, inside].max(axis=1)
            cosines[row] = float(unit(vectors[inside].mean(axis=0)) @ middle)
    return TokenMatches(
        by_sentence, similar.max(axis=1), cosines, asked.weights, topic_weights(question, asked)
    )
