"""Compute the projection that token vectors are stored in, from the tokens of the shipped papers.

    python bench/train_projection.py    writes assistant/index/projection.npz

The directions are the mean of all tokens and the leading principal components of what is left, turned by a
random rotation: it spreads what varies over all components, which the levels of the code expect.
"""

import numpy as np

from assistant import Settings
from assistant.corpus import read_sources
from assistant.index.chunking import embedded_text
from assistant.index.encoder import unit
from assistant.index.minilm import MiniLM
from assistant.index.minilm_weights import encoder_files
from assistant.index.quantisation import COMPONENTS, PROJECTION, decode, encode, project
from assistant.resources import resource

SEED = 0


def main() -> None:
    """Encode, decompose, write, and say how close the products come."""
    encoder = MiniLM(encoder_files(Settings()))
    listings = read_sources([resource("corpus/papers.jsonl")]).listings
    encodings = encoder.encode([embedded_text(listing.title, listing.text) for listing in listings])
    tokens = np.concatenate([unit(encoding.states[1:-1]) for encoding in encodings]).astype(np.float64)
    mean = tokens.mean(axis=0)
    rest = tokens - mean
    values, vectors = np.linalg.eigh(rest.T @ rest)
    # The mean must be among the directions: it is put back after projecting.
    basis, _ = np.linalg.qr(np.column_stack([mean, vectors[:, ::-1][:, : COMPONENTS - 1]]))
    rng = np.random.default_rng(SEED)
    rotation, _ = np.linalg.qr(rng.normal(size=(COMPONENTS, COMPONENTS)))
    directions = (basis @ rotation).astype(np.float16)
    np.savez(PROJECTION, directions=directions, mean=(mean @ directions).astype(np.float32))
    kept = values[::-1][: COMPONENTS - 1].sum() / values.sum()
    few = rng.choice(len(tokens), 2_000, replace=False)
    paper, question = tokens[few[:1_000]], tokens[few[1_000:]]
    products = project(question.astype(np.float32)) @ decode(encode(project(paper.astype(np.float32)))).T
    close = np.corrcoef(products.ravel(), (question @ paper.T).ravel())[0, 1]
    print(f"{len(tokens):,} tokens; the directions keep {kept:.1%} of their variance")
    print(f"correlation of products with cosines: {close:.4f}")


if __name__ == "__main__":
    main()
