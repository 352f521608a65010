"""Keeping keys out of whatever is shown, logged or reported."""

import re
from collections.abc import Iterable

HIDDEN = "(key removed)"
"""Stands where a key was."""
SHORTEST = 8
"""Characters; what is shorter is the placeholder that local servers are given, such as `ollama`."""

_LIKE_A_KEY = re.compile(r"\b(?:sk|pk|rk|gsk|xai|hf)[-_][\w*.\u2026-]{6,}|(?<=Bearer )\S+")

_USER = re.compile(r"(?<=://)[^/]*@")
_QUERY = re.compile(r"[?#].*")


def secret_strings(values: Iterable[str | None]) -> tuple[str, ...]:
    """Choose what has to be hidden, the longest first."""
    return tuple(sorted({value for value in values if value and len(value) >= SHORTEST}, key=len)[::-1])


def public_address(address: str) -> str:
    """Give an address without what names a user in it.

    >>> public_address("https://ada:sesame@example.org:8000/v1/?token=sesame")
    'https://example.org:8000/v1'
    """
    return _USER.sub("", _QUERY.sub("", address)).rstrip("/")


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """Take the secrets out of a text, and whatever looks like a key.

    >>> redacted("Incorrect API key provided: sk-abcdef123456.", [])
    'Incorrect API key provided: (key removed).'
    """
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return _LIKE_A_KEY.sub(lambda match: HIDDEN + ("." if match.group().endswith(".") else ""), text)
