"""Keeping keys out of whatever is shown, logged or reported."""

import re
from collections.abc import Iterable

HIDDEN = "(key removed)"
"""Stands where a key was."""
SHORTEST = 8
"""Characters; what is shorter is the placeholder that local servers are given, such as `ollama`."""

_LIKE_A_KEY = re.compile(r"\b(?:sk|pk|rk|gsk|xai|hf)[-_][\w*.\u2026-]{6,}|(?<=Bearer )\S+")


def secret_strings(values: Iterable[str | None]) -> tuple[str, ...]:
    """Choose what has to be hidden, the longest first."""
    return tuple(sorted({value for value in values if value and len(value) >= SHORTEST}, key=len)[::-1])


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """Take the secrets out of a text, and whatever looks like a key.

    >>> redacted("Incorrect API key provided: sk-abcdef123456.", [])
    'Incorrect API key provided: (key removed).'
    """
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return _LIKE_A_KEY.sub(lambda match: HIDDEN + ("." if match.group().endswith(".") else ""), text)
