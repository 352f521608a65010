"""Cutting a paper's text into chunks that fit the encoder's window together with the title."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from assistant.corpus import Paper
from assistant.encodings import encoding

if TYPE_CHECKING:
    from llama_index.core.node_parser import SentenceSplitter

CHUNK_TOKENS = 384
"""In tiktoken tokens: nearly every abstract is one chunk, which measured better than halves or quarters."""
OVERLAP_TOKENS = 64
ENCODING = "cl100k_base"
"""LlamaIndex's own choice."""
_GAP = 2
"""White space that may lie between two chunks, in characters."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of a paper's text."""

    chunk_id: str
    text: str
    start: int
    """Where it begins in the paper's text, in characters."""


def embedded_text(title: str, text: str) -> str:
    """Give what the encoder reads for a chunk: the title says what a later stretch is about.

    >>> embedded_text("Wide Attention?", "We find that …")
    'Wide Attention? We find that …'
    """
    return f"{title}{'' if title.endswith(('.', '?', '!')) else '.'} {text}"


def chunks(paper: Paper) -> list[Chunk]:
    """Cut a paper into chunks of whole sentences, overlapping where there is more than one."""
    found: list[Chunk] = []
    end = 0
    for number, text in enumerate(_split(paper.text)):
        # A chunk begins where the one before ends or, overlapping, earlier. Of several places that would
        # do, in a text that repeats itself, the last one is right: the others were passed already.
        start = max(paper.text.rfind(text, 0, end + _GAP + len(text)), 0)
        found.append(Chunk(chunk_id(paper.paper_id, number), text, start))
        end = start + len(text)
    return found


def chunk_id(paper_id: str, number: int) -> str:
    """Name a paper's chunk, from 0."""
    return f"{paper_id}-{number}"


def _split(text: str) -> list[str]:
    counting = encoding(ENCODING)
    if counting is not None and len(counting.encode(text, allowed_special="all")) <= CHUNK_TOKENS:
        # As LlamaIndex leaves a text that is not too long, which nearly every abstract is.
        stripped = text.strip()
        return [stripped] if stripped else []
    return _splitter().split_text(text)


@cache
def _splitter() -> "SentenceSplitter":
    # LlamaIndex takes seconds to import: only a text that has to be cut pays for it.
    from llama_index.core.node_parser import SentenceSplitter

    # Its default tokenizer is that encoding of tiktoken's, from the copy that llama-index-core carries.
    return SentenceSplitter(chunk_size=CHUNK_TOKENS, chunk_overlap=OVERLAP_TOKENS)
