"""What makes a text of a listing unusable, and how a rejection quotes it."""

import re

LONGEST_LINE = 1_000_000
"""Characters in a line of any source; no abstract and no record of one comes near."""

_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def flaw(text: str) -> str | None:
    """Say in a sentence why a text cannot be a paper's title or text, or None where it can."""
    if len(text) > LONGEST_LINE:
        return f"This line has {len(text):,} characters, more than {LONGEST_LINE:,}; split or remove it."
    if found := _UNSTORABLE.search(text):
        kind = "half of a character" if "\ud800" <= found[0] <= "\udfff" else "a control character"
        return f"The text holds {kind} (U+{ord(found[0]):04X}); remove it, or save the source as UTF-8 again."
    return None


def quoted(text: str, *, width: int = 60) -> str:
    """Quote the beginning of a text, in one line, as the sentences of rejections do."""
    start = " ".join(_UNSTORABLE.sub("�", text[: 2 * width]).split())
    whole = len(text) <= 2 * width and len(start) <= width
    return f'"{start}"' if whole else f'"{start[:width].rstrip()}…"'
