"""A text as the offline judge reads it: its words, each with the encoder's vector and how rare it is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.answering.sentences import sentences
from assistant.evaluation.judging.quantities import Quantity, quantities
from assistant.evaluation.judging.wording import Word, words
from assistant.index.encoder import Encoder, Encoding, Matrix, unit

Floats = NDArray[np.float64]

WINDOW = 1_300
"""Characters that are encoded at once: some 350 tokens of the encoder's 512."""
OVERLAP = 1
"""Sentences that two windows share."""

_FIRST_WORD_PIECE = 1_996
"""Where whole words begin in the encoder's vocabulary, whose order is that of their frequency in English."""
_PIECES = 30_522 - _FIRST_WORD_PIECE


@dataclass(frozen=True, slots=True)
class Text:
    """A text, read."""

    text: str
    words: tuple[Word, ...]
    vectors: Matrix
    """Shape `(words, dimension)`, of length 1: each word in its context."""
    rarity: Floats
    """Shape `(words,)`, from 0 to 1."""
    quantities: tuple[Quantity, ...]


def windows(text: str) -> list[tuple[int, int]]:
    """Cut a text into stretches of whole sentences that the encoder can read at once.

    Each begins with the last sentence of the one before, which gives it context.
    """
    found = sentences(text)
    cut: list[tuple[int, int]] = []
    first = 0
    for number, sentence in enumerate(found):
        if sentence.end - found[first].start > WINDOW and number > first:
            cut.append((found[first].start, found[number - 1].end))
            first = max(number - OVERLAP, first + 1)
    return [*cut, (found[first].start, len(text))] if found else [(0, len(text))]


def read(encoder: Encoder, texts: Sequence[str]) -> list[Text]:
    """Read texts of whatever length; those of a call are encoded together."""
    cuts = [windows(text) for text in texts]
    pieces = [text[start:end] for text, cut in zip(texts, cuts, strict=True) for start, end in cut]
    encodings = iter(encoder.encode(pieces))
    return [
        _read(text, [(start, next(encodings)) for start, _ in cut])
        for text, cut in zip(texts, cuts, strict=True)
    ]


def _read(text: str, encoded: Sequence[tuple[int, Encoding]]) -> Text:
    found = words(text)
    starts = np.array([word.start for word in found], np.int64)
    sums = np.zeros((len(found), encoded[0][1].states.shape[1]))
    rarity = np.zeros(len(found))
    pieces = np.zeros(len(found), np.int64)
    for offset, encoding in encoded:
        spans = encoding.spans + offset
        real = encoding.spans[:, 1] > encoding.spans[:, 0]
        place = np.searchsorted(starts, spans[:, 0], side="right") - 1
        for token in np.flatnonzero(real & (place >= 0)):
            word = place[token]
            if spans[token, 0] < found[word].end:
                sums[word] += encoding.states[token]
                pieces[word] += 1
                rarity[word] = max(rarity[word], _rarity(int(encoding.ids[token])))
    # What is put together of pieces is too rare to be in the vocabulary.
    rarity[pieces > len(encoded)] = 1.0
    return Text(text, tuple(found), unit(sums), rarity, tuple(quantities(text)))


def _rarity(token: int) -> float:
    # Zipf: a word's frequency falls with its rank, so the logarithm of the rank stands for its rarity.
    return float(np.log(max(token - _FIRST_WORD_PIECE, 0) + 2.0) / np.log(_PIECES + 2.0))
