"""Telling a full disk from a damaged store, in the words of whichever library met it."""

import errno

_CODES = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_WORDS = ("no space left", "disk is full", "file too large", "quota exceeded")
"""What SQLite, Tantivy and Chroma say, who hand on a text where the system gave a number."""


def disk_is_full(error: BaseException) -> bool:
    """Tell whether an error says that the disk takes no more.

    >>> disk_is_full(ValueError("IO error: No space left on device (os error 28)"))
    True
    """
    if isinstance(error, OSError) and error.errno in _CODES:
        return True
    said = str(error).casefold()
    return any(words in said for words in _WORDS)
