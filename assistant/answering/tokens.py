"""Counting tokens as a model does."""

from collections.abc import Callable
from functools import cache

from assistant.encodings import encoding

TokenCount = Callable[[str], int]

FALLBACK = "o200k_base"
"""The encoding for models that tiktoken does not know."""


def counter(model: str) -> TokenCount:
    """Give what counts the tokens of a text for a model.

    Where no encoding can be had without a download, each token is taken to be two bytes, which counts too
    many of nearly every text: then fewer papers are read, and none is cut off by the server.
    """
    import tiktoken

    try:
        name = tiktoken.encoding_name_for_model(model)
    except KeyError:
        name = FALLBACK
    return _counter(name)


def by_bytes(text: str) -> int:
    """Count two bytes as a token: more than any encoding gives for ordinary text.

    >>> by_bytes("abc")
    2
    """
    return (len(text.encode()) + 1) // 2


@cache
def _counter(name: str) -> TokenCount:
    for each in dict.fromkeys((name, FALLBACK)):
        loaded = encoding(each)
        if loaded is not None:
            return lambda text: len(loaded.encode_ordinary(text))
    return by_bytes
