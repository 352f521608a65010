"""Where the sentences of an abstract begin and end."""

import re
from typing import NamedTuple

# What ends in a full stop without ending a sentence; compared in lower case, without the stop.
_ABBREVIATIONS = frozenset(
    {"a.k.a", "al", "approx", "ca", "cf", "dept", "dr", "e.g", "ed", "eds", "eq", "eqs", "etc", "fig", "figs"}
    | {"i.e", "mr", "mrs", "no", "nos", "pp", "prof", "ref", "refs", "resp", "sec", "secs", "st", "tab"}
    | {"univ", "v.s", "viz", "vol", "vs", "w.r.t"}
)
# This one ends a sentence as often as not: the capital that follows decides.
_MAY_END = frozenset({"etc"})

_BREAK = re.compile(
    r"""
    (?P<stop>(?<![.!?…])[.!?…]++ ["'”’)\]]*+)   # the stop, from its first sign, with what closes after it
    (?: \s+ | (?<=[a-z)\]%][.!?]) (?=[A-Z][a-z]*\b[ ,]) )   # a space, or a glued capitalised word
    | \n\s*\n                            # an empty line
    """,
    re.VERBOSE,
)
_IN_WORD = re.compile(r"[\w.]")
_LAST_WORD = re.compile(rf"{_IN_WORD.pattern}*\Z")
_LAST_WORD_REACH = 24


class Sentence(NamedTuple):
    """One sentence, verbatim, and its place in the text it is from."""

    text: str
    start: int
    end: int


def sentences(text: str) -> list[Sentence]:
    """Cut a text into its sentences; every character but the space between them is in one.

    >>> [s.text for s in sentences("It reaches 83.6% (cf. Tab. 2). Why? See e.g. ViT.")]
    ['It reaches 83.6% (cf. Tab. 2).', 'Why?', 'See e.g. ViT.']
    """
    found: list[Sentence] = []
    start = 0
    for match in _BREAK.finditer(text):
        if match["stop"] is not None and not _ends_sentence(text, match):
            continue
        _keep(text, start, match.end(), found)
        start = match.end()
    _keep(text, start, len(text), found)
    return found


def _ends_sentence(text: str, match: "re.Match[str]") -> bool:
    if "a" <= text[match.end() : match.end() + 1] <= "z":
        return False  # "Why? it asks": what goes on in lower case goes on
    before = text[max(0, match.start() - _LAST_WORD_REACH) : match.start()]
    if match["stop"][0] != "." or not _IN_WORD.match(before[-1:]):
        return True
    last_word = _LAST_WORD.search(before)
    word = last_word.group().casefold() if last_word else ""
    is_initial = len(word) == 1 and word.isalpha() and before[-1:].isupper()
    return word in _MAY_END or not (word in _ABBREVIATIONS or is_initial)


def _keep(text: str, start: int, end: int, found: list[Sentence]) -> None:
    piece = text[start:end]
    stripped = piece.strip()
    if stripped:
        start += piece.index(stripped)
        found.append(Sentence(stripped, start, start + len(stripped)))
