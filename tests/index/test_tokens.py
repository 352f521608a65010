"""Token vectors: what is kept of them, how small, and that it follows its paper."""

import re
from pathlib import Path

import numpy as np
import pytest

from assistant.index.chunking import Chunk, embedded_text
from assistant.index.encoder import unit
from assistant.index.ledger import Ledger
from assistant.index.minilm import MiniLM
from assistant.index.quantisation import BLOCK, CODE, decode, encode, products, project
from assistant.index.tokens import OUTSIDE, PaperTokens, Tokens, paper_tokens

TITLE = "Kettles in Winter"
TEXT = "Kettles boil water. In winter they take 12% longer, which costs energy."


@pytest.fixture(scope="module")
def tokens(encoder: MiniLM) -> PaperTokens:
    text = embedded_text(TITLE, TEXT)
    (encoding,) = encoder.encode([text])
    return paper_tokens([(Chunk("a-0", TEXT, 0), text, encoding)])


@pytest.fixture
def store(tmp_path: Path) -> Tokens:
    return Tokens(Ledger(tmp_path / "ledger.sqlite3"))


def test_products_of_what_is_kept_are_close_to_the_cosines(encoder: MiniLM) -> None:
    question, paper = (encoding.states[1:-1] for encoding in encoder.encode(["how long to boil water", TEXT]))
    cosines = unit(question) @ unit(paper).T
    products = project(question) @ decode(encode(project(paper))).T
    assert np.corrcoef(cosines.ravel(), products.ravel())[0, 1] > 0.97


def test_a_code_has_four_levels_a_component_and_a_scale(encoder: MiniLM) -> None:
    (encoding,) = encoder.encode([TEXT])
    projected = project(encoding.states[1:-1])
    codes = encode(projected)
    assert codes.dtype == np.uint8
    assert codes.shape == (len(projected), CODE) == (len(projected), 66)
    kept = decode(codes)
    # What is taken off before is what no token has of its own: the same for any code.
    varying = kept - decode(np.zeros_like(codes))
    assert all(len(np.unique(row.round(4))) <= 4 for row in varying)
    errors = np.linalg.norm(kept - projected, axis=1) / np.linalg.norm(projected, axis=1)
    assert errors.max() < 0.5


def test_products_are_those_of_the_decoded_vectors(tokens: PaperTokens, encoder: MiniLM) -> None:
    (encoding,) = encoder.encode(["how long to boil water"])
    question = project(encoding.states[1:-1])
    many = np.concatenate([tokens.codes] * 300)
    assert len(many) > BLOCK
    assert products(question, many) == pytest.approx(decode(many) @ question.T, abs=1e-4)
    assert products(question, many[:0]).shape == (0, len(question))


def test_spans_point_at_the_words_of_the_text_and_title_tokens_lie_outside(tokens: PaperTokens) -> None:
    pieces = [TEXT[start:end] for start, end in tokens.spans if start != OUTSIDE]
    assert "".join(pieces) == re.sub(r"\W", "", TEXT)
    assert (tokens.spans[:3] == OUTSIDE).all()


def test_a_later_chunk_has_its_place_in_the_whole_text(encoder: MiniLM) -> None:
    second = TEXT[20:]
    text = embedded_text(TITLE, second)
    (encoding,) = encoder.encode([text])
    found = paper_tokens([(Chunk("a-1", second, 20), text, encoding)])
    inside = found.spans[found.spans[:, 0] != OUTSIDE]
    assert TEXT[inside[0][0] : inside[0][1]] == "In"


def test_tokens_come_back_as_they_were_kept(store: Tokens, tokens: PaperTokens) -> None:
    with store._ledger.transaction():
        store.replace([("a", tokens)])
    found = store.of(["a", "unknown"])
    assert list(found) == ["a"]
    assert np.array_equal(found["a"].ids, tokens.ids)
    assert np.array_equal(found["a"].spans, tokens.spans)
    assert np.array_equal(found["a"].codes, tokens.codes)


def test_document_frequencies_follow_what_is_kept(store: Tokens, tokens: PaperTokens) -> None:
    token = int(tokens.ids[-3])
    unknown = store.rarity()[token]
    with store._ledger.transaction():
        store.replace([("a", tokens), ("b", tokens)])
        store.replace([("a", tokens)])
    assert store.count() == 2
    assert store.rarity()[token] < unknown
    with store._ledger.transaction():
        store.forget(["a", "b"])
    assert store.count() == 0
    assert store.rarity()[token] == pytest.approx(unknown)


def forget_and_fail(store: Tokens) -> None:
    with store._ledger.transaction():
        store.forget(["a"])
        _ = 1 // 0


def test_a_failed_transaction_keeps_what_was(store: Tokens, tokens: PaperTokens) -> None:
    with store._ledger.transaction():
        store.replace([("a", tokens)])
    before = store.rarity()
    with pytest.raises(ZeroDivisionError):
        forget_and_fail(store)
    assert list(store.of(["a"])) == ["a"]
    assert np.array_equal(store.rarity(), before)


def test_a_paper_of_three_hundred_tokens_takes_less_than_twenty_kilobytes(
    store: Tokens, encoder: MiniLM
) -> None:
    long = " ".join([TEXT] * 18)
    text = embedded_text(TITLE, long)
    (encoding,) = encoder.encode([text])
    found = paper_tokens([(Chunk("a-0", long, 0), text, encoding)])
    with store._ledger.transaction():
        store.replace([("a", found)])
    ((size,),) = store._ledger.execute("SELECT length(codes) + length(places) FROM token_vectors")
    assert size / len(found.ids) * 300 < 20_000
