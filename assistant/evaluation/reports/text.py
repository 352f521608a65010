"""Making text of papers and models safe to show: nothing in it hides, turns round, or breaks the file."""

import re

# What XML 1.0 forbids (control characters, surrogates, two that are none), the rest of the control
# characters, and the marks that turn the direction of text around.
_UNSHOWABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
REPLACEMENT = "\ufffd"
"""Stands where a character was taken out."""


def legible(text: str) -> str:
    r"""Put a replacement for every character that cannot be seen, or not be written to a file.

    >>> legible("a\x00b\u202ec\ud800") == "a\ufffdb\ufffdc\ufffd"
    True
    """
    return _UNSHOWABLE.sub(REPLACEMENT, text.replace("\r\n", "\n"))
