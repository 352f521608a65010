"""Compute the projection that token vectors are stored in, from the tokens of the shipped papers.

    python bench/train_projection.py    writes assistant/index/projection.npz

The components are the leading eigenvectors of the tokens' second moments, not centred, so that products
of projected vectors approximate cosines. A step is a 127th of what all but a thousandth of the values keep
within.
"""

import numpy as np

from assistant import Settings
from assistant.corpus import read_sources
from assistant.index.chunking import embedded_text
from assistant.index.encoder import unit
from assistant.index.minilm import MiniLM
from assistant.index.minilm_weights import encoder_files
from assistant.index.quantisation import COMPONENTS, PROJECTION
from assistant.resources import resource

WITHIN = 0.999


def main() -> None:
    """Encode, decompose, write."""
    encoder = MiniLM(encoder_files(Settings()))
    listings = read_sources([resource("corpus/papers.jsonl")]).listings
    encodings = encoder.encode([embedded_text(listing.title, listing.text) for listing in listings])
    tokens = np.concatenate([unit(encoding.states[1:-1]) for encoding in encodings]).astype(np.float64)
    values, vectors = np.linalg.eigh(tokens.T @ tokens)
    components = vectors[:, ::-1][:, :COMPONENTS]
    kept = values[::-1][:COMPONENTS].sum() / values.sum()
    step = np.quantile(np.abs(tokens @ components), WITHIN, axis=0) / 127
    np.savez(PROJECTION, components=components.astype(np.float32), step=step.astype(np.float32))
    print(f"{len(tokens):,} tokens; {COMPONENTS} components keep {kept:.1%} of their squared length")


if __name__ == "__main__":
    main()
