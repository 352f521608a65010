"""What a sentence claims: its clauses, by rule."""

import re
from dataclasses import dataclass

FEWEST_WORDS = 3
"""A piece of fewer words says nothing by itself: it stays with the one before."""

_WORD = re.compile(r"\w+")
_BETWEEN_CLAUSES = re.compile(
    r"""
      (?<=[;\n])\s*                              # a semicolon, a line
    | (?<=:)\s+(?=\S)                            # what a colon announces
    | (?<=[.!?])["”’)\]]*\s+(?=[A-Z])            # a further sentence
    | (?<=,)\s+(?=
        (?: and | or | but | so | yet | while | whereas | although | though | unlike | because | since
          | which | who | where | when | including | such\ as | as\ well\ as | making | resulting
          | allowing | leading | compared | rather | except | even | then | with | without | by
          )\b )
    | (?<!\s)\s++(?= (?: while | whereas | although | because | but ) \b )
    | (?<!\s)\s++(?:[–—]|-)\s+                   # a dash between words
    | (?<=\S)\s+(?=\() | (?<=\))\s+(?=\S)        # what stands in parentheses
    """,
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a text, in characters."""

    start: int
    end: int


def clauses(text: str) -> list[Stretch]:
    """Cut a sentence into its clauses, in order; one at the least.

    >>> text = "It runs at 40 FPS, while its parent needs a second; no code is given."
    >>> [text[part.start : part.end] for part in clauses(text)]
    ['It runs at 40 FPS,', 'while its parent needs a second;', 'no code is given.']
    """
    cuts = [0]
    counted = words = 0
    for match in _BETWEEN_CLAUSES.finditer(text):
        words += len(_WORD.findall(text, counted, match.end()))
        counted = match.end()
        if words >= FEWEST_WORDS:
            cuts.append(counted)
            words = 0
    if len(cuts) > 1 and len(_WORD.findall(text, cuts[-1])) < FEWEST_WORDS:
        cuts.pop()
    ends = [*cuts[1:], len(text)]
    return [_stripped(text, start, end) for start, end in zip(cuts, ends, strict=True)]


def _stripped(text: str, start: int, end: int) -> Stretch:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    return Stretch(start, max(start, end - (len(piece) - len(piece.rstrip()))))
