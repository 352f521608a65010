"""Counting tokens as a model does. Nothing else imports tiktoken."""

import hashlib
import os
import threading
from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

TokenCount = Callable[[str], int]

FALLBACK = "o200k_base"
"""The encoding for models that tiktoken does not know."""
_ADDRESS = "https://openaipublic.blob.core.windows.net/encodings/{}.tiktoken"
_CARRIED = "llama_index/core/_static/tiktoken_cache"
_LOADING = threading.Lock()


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
    for encoding in dict.fromkeys((name, FALLBACK)):
        folder = _folder_with(encoding)
        if folder is not None:
            return _loaded(encoding, folder)
    return by_bytes


def _folder_with(encoding: str) -> str | None:
    """Find the folder in which tiktoken will find an encoding without a download."""
    file = hashlib.sha1(_ADDRESS.format(encoding).encode(), usedforsecurity=False).hexdigest()
    folders = [os.environ.get("TIKTOKEN_CACHE_DIR"), os.environ.get("DATA_GYM_CACHE_DIR"), _carried()]
    return next((folder for folder in folders if folder and Path(folder, file).is_file()), None)


def _carried() -> str | None:
    """Find the encodings that come with llama-index-core, without importing it."""
    try:
        return str(distribution("llama-index-core").locate_file(_CARRIED))
    except PackageNotFoundError:
        return None


def _loaded(encoding: str, folder: str) -> TokenCount:
    import tiktoken

    # tiktoken takes its folder from the environment only.
    with _LOADING:
        before = os.environ.get("TIKTOKEN_CACHE_DIR")
        os.environ["TIKTOKEN_CACHE_DIR"] = folder
        try:
            loaded = tiktoken.get_encoding(encoding)
        finally:
            if before is None:
                del os.environ["TIKTOKEN_CACHE_DIR"]
            else:
                os.environ["TIKTOKEN_CACHE_DIR"] = before
    return lambda text: len(loaded.encode_ordinary(text))
