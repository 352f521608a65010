"""tiktoken's encodings, where they can be had without a download."""

import hashlib
import os
import threading
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiktoken import Encoding

_ADDRESS = "https://openaipublic.blob.core.windows.net/encodings/{}.tiktoken"
_CARRIED = "llama_index/core/_static/tiktoken_cache"
_LOADING = threading.Lock()


@cache
def encoding(name: str) -> "Encoding | None":
    """Give the encoding of this name; None where tiktoken would download it."""
    folder = _folder_with(name)
    if folder is None:
        return None
    import tiktoken

    # tiktoken takes its folder from the environment only.
    with _LOADING:
        before = os.environ.get("TIKTOKEN_CACHE_DIR")
        os.environ["TIKTOKEN_CACHE_DIR"] = folder
        try:
            return tiktoken.get_encoding(name)
        finally:
            if before is None:
                del os.environ["TIKTOKEN_CACHE_DIR"]
            else:
                os.environ["TIKTOKEN_CACHE_DIR"] = before


def _folder_with(name: str) -> str | None:
    """Find the folder in which tiktoken will find an encoding without a download."""
    file = hashlib.sha1(_ADDRESS.format(name).encode(), usedforsecurity=False).hexdigest()
    folders = [os.environ.get("TIKTOKEN_CACHE_DIR"), os.environ.get("DATA_GYM_CACHE_DIR"), _carried()]
    return next((folder for folder in folders if folder and Path(folder, file).is_file()), None)


def _carried() -> str | None:
    """Find the encodings that come with llama-index-core, without importing it."""
    try:
        return str(distribution("llama-index-core").locate_file(_CARRIED))
    except PackageNotFoundError:
        return None
