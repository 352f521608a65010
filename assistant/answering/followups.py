"""How a question leans on the conversation before it: pure functions of words and of what was shown.

Three things are read off a question. Which papers it names by number ("the second one", "[2]", "which of
these"). Whether it can stand alone, goes on about the papers last spoken of, or asks for others beside
them. And whether it asks no more than when those papers were published.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from assistant.answering.asking import COINED, coined_names
from assistant.corpus import Paper
from assistant.index.function_words import content_words


class Bearing(StrEnum):
    """How a question bears on what was said before it."""

    ALONE = "alone"
    """It stands alone: nothing is carried over."""
    STAYS = "stays"
    """It goes on about the papers last spoken of."""
    BESIDE = "beside"
    """It asks for other papers, of the kind last spoken of."""


@dataclass(frozen=True, slots=True)
class Before:
    """What a conversation holds when a question comes."""

    shown: tuple[Paper, ...] = ()
    """The sources last shown, by number: the first is `[1]`."""
    focus: tuple[Paper, ...] = ()
    """The papers last spoken of, the likeliest first."""
    spoken_of: tuple[Paper, ...] = ()
    """Every paper that an answer rested on, in the order in which they came up."""
    said: str = ""
    """The last question and its answer."""


_NUMBERS = {
    word: number
    for number, words in enumerate(
        (("first", "1st"), ("second", "2nd"), ("third", "3rd"), ("fourth", "4th"), ("fifth", "5th")), start=1
    )
    for word in words
}
_THING = r"(?:one|paper|source|study|article|work|result|of\s+(?:these|them|those))"
_ORDINAL = re.compile(
    rf"\bthe\s+({'|'.join(_NUMBERS)}|last)(?:\s+{_THING}\b|(?=\s*(?:[?.!,;]|$|and\b|or\b)))", re.IGNORECASE
)
_NUMBERED = re.compile(
    r"\[(\d{1,2})\]|(?:\b(?:paper|source|number|no\.?)\s*|(?<!\w)#\s?)(\d{1,2})\b", re.IGNORECASE
)
_ALL = re.compile(
    r"""\b(
      (?:which|what|who|any|all|each|both|either|neither|none|one)\s+of\s+(?:these|them|those|the\s+(?:two|three))
    | (?:these|those|the|both)\s+(?:two|three|papers|sources|studies)
    | both\s+papers | compare\s+(?:them|these|those)
    | (?:do|are|did)\s+(?:they|these|those)\s+(?:agree|differ)
    | which\s+(?:one\s+)?(?:is|was|came|appeared)\s+(?:the\s+)?
      (?:older|newer|earlier|later|oldest|newest|first|last|more\s+recent|most\s+recent|latest|earliest)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_PAIR = re.compile(r"\bthe\s+(former|latter)\b", re.IGNORECASE)
_BACK = re.compile(r"\b(?:back|return(?:ing)?)\s+to\b", re.IGNORECASE)

_NEW_SUBJECT = re.compile(
    r"""\b(
      something\s+(?:else|different) | (?:new|another|different|next)\s+(?:topic|task|subject|question|matter)
    | unrelated | changing?\s+(?:of\s+)?(?:the\s+)?(?:topic|subject)
    | (?:let'?s|let\s+us)\s+(?:switch|move|talk)
    | switch(?:ing)?\s+(?:to|topics?|subjects?) | moving\s+on | (?:leaving|setting)\s+.{1,60}?\s+aside
    | on\s+another\s+note | forget\s+(?:that|about|it|all)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_OTHERS = re.compile(
    r"""\b(
      another | any\s+others?
    | (?:the\s+|which\s+)?other\s+(?:papers?|ones?|methods?|works?|people|teams)
    | else | elsewhere | alternatives? | similar | related
    | some(?:one|body|thing) | any(?:one|body|thing) | who\s+else
    | (?:that|this|the\s+same|of\s+the\s+same|such\s+a)\s+(?:kind|sort|type|task|family|spirit|vein)
    | (?:same|like)\s+(?:that|this|it|these|those) | (?:is|are)\s+there\s+(?:an?|any|some|more|work|papers?)
    | an?\s+(?:earlier|older|newer|later) | the\s+(?:earlier|older|newer|later|largest|smallest|latest)
    | the\s+other\s+way
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_OPENING = re.compile(
    r"\W*(?:and|or|but|so|then|also|what\s+about|how\s+about|why|how\s+so|in\s+what\s+way|compared)\b",
    re.IGNORECASE,
)
_POINTING = re.compile(
    r"""\b(?:
      its? | they | them | their | theirs | this | these | those | here | same | instead | such | so\s+far
    | he | his | she | her | ones? | (?<!is\s)(?<!are\s)(?<!was\s)there
    | the\s+(?:authors?|papers?|method|model|approach|study|original|system|result|idea|same|trick|framework)
    )\b
    | \b(?:(?:do|does|did|is|was|are|were|has|have|had)(?:n't)?|of|for|in|on|to|from|than|like|with|about|at
         |by|and|or|not|let|make|makes|cures?|helps?)\s+that\b
    | ^\W*that\b | \bthat(?:'s)?\s*(?:[?.,;!]|$) | ,\s*then\s*\?
    """,
    re.IGNORECASE | re.VERBOSE,
)
_SHORT = 3
"""Content words up to which a question is taken to leave something out."""

_ONLY_DATES = re.compile(
    r"""
      ^\W*+(?:(?:and|so|then|but)\W*+)?
      (?:which|what)\s+(?:one\s+)?(?:(?:of\s+)?(?:these|them|those|the|both|two|three|papers?|sources?|one)\s+)*
      (?:is|was|are|came|comes|came\s+out|appeared)\s+(?:out\s+)?(?:the\s+)?
      (?:older|oldest|newer|newest|earlier|earliest|later|latest|(?:more|most)\s+recent|first|last|
         published\s+(?:first|last|earlier|later))\W*$
    | ^\W*+(?:(?:and|so|then|but)\W*+)?
      (?:when|what\s+year|in\s+(?:which|what)\s+year)\s+(?:was|were|did|is|are)\s+.{0,60}?
      (?:published|come\s+out|appear|from|out)\W*$
    | ^\W*+(?:and\W++)?how\s+(?:old|recent|new)\s+(?:is|are)\s+.{0,40}$
    """,
    re.IGNORECASE | re.VERBOSE,
)


def referred(question: str, before: Before) -> tuple[Paper, ...]:
    """Find the papers that a question names by number, in the order of its words; none where it names none.

    Numbers count the sources last shown; after "back to", the papers spoken of since the beginning.
    """
    named = before.spoken_of if _BACK.search(question) else before.shown
    found: list[tuple[int, Paper]] = []
    for match in _ORDINAL.finditer(question):
        word = match[1].lower()
        found += _numbered(match.start(), len(named) if word == "last" else _NUMBERS[word], named)
    for match in _NUMBERED.finditer(question):
        found += _numbered(match.start(), int(match[1] or match[2]), named)
    for match in _PAIR.finditer(question):
        found += _numbered(match.start(), 1 if match[1].lower() == "former" else 2, named)
    if not found and _ALL.search(question):
        return named
    return tuple(dict.fromkeys(paper for _, paper in sorted(found, key=lambda item: item[0])))


def _numbered(place: int, number: int, papers: Sequence[Paper]) -> list[tuple[int, Paper]]:
    return [(place, papers[number - 1])] if 1 <= number <= len(papers) else []


def bearing(question: str, before: Before) -> Bearing:
    """Tell how a question bears on what was said before."""
    if not before.focus or _NEW_SUBJECT.search(question):
        return Bearing.ALONE
    if referred(question, before):
        return Bearing.STAYS
    if not _leans(question, before):
        return Bearing.ALONE
    return Bearing.BESIDE if _OTHERS.search(question) else Bearing.STAYS


def _leans(question: str, before: Before) -> bool:
    """Tell whether a question leaves out what it is about."""
    if _OPENING.match(question) or _OTHERS.search(question):
        return True
    known = coined_names(f"{before.said} {' '.join(f'{paper.title} {paper.text}' for paper in before.focus)}")
    new = [match for match in COINED.finditer(question) if match.group().casefold() not in known]
    pointing = _POINTING.search(question)
    if pointing is None:
        return not new and len(content_words(question).split()) <= _SHORT
    # "How does WideNet share its layers?": what the word points at stands in the question itself.
    return not any(match.start() < pointing.start() for match in new)


def asks_only_for_dates(question: str) -> bool:
    """Tell whether a question is about nothing but when papers were published.

    >>> asks_only_for_dates("Which of these is older?"), asks_only_for_dates("Which of these is faster?")
    (True, False)
    """
    return bool(_ONLY_DATES.search(question))


def with_title(question: str, paper: Paper) -> str:
    """Complete a question that leans on a paper, so that it can be searched for.

    >>> with_title("power draw?", Paper(paper_id="0", title="FastDepth: Fast Depth", text=""))
    'power draw? (FastDepth: Fast Depth)'
    """
    return f"{question} ({' '.join(paper.title.split())})"


def arranged(
    bearing: Bearing,
    alone: Sequence[tuple[Paper, float]],
    titled: Sequence[tuple[Paper, float]],
    papers: Sequence[Paper],
) -> list[tuple[Paper, float]]:
    """Rank papers for a question that leans on others.

    Papers spoken of come first where the question goes on about them, with what the bare words find right
    behind them, in case it does not; where it asks for others, they come after the first few of those.

    Args:
        bearing: how the question leans.
        alone: what a search for its own words gave, best first, scores from 0 to 1.
        titled: what a search for it with the title of the paper last spoken of gave.
        papers: what it leans on, first the likeliest.

    Returns:
        Every paper once, best first, with scores from 0 to 1.
    """
    scores: dict[str, float] = {}
    known = {paper.paper_id: paper for paper, _ in (*alone, *titled)}
    for paper, score in (*alone, *titled):
        scores[paper.paper_id] = scores.get(paper.paper_id, 0.0) + score / 2
    leaned_on = {paper.paper_id: paper for paper in papers}
    ranked = [known[key] for key in sorted(scores, key=lambda key: -scores[key]) if key not in leaned_on]
    if bearing is Bearing.STAYS:
        best = [paper for paper, _ in alone if paper.paper_id not in leaned_on][:1]
        order = [*papers, *best, *ranked]
    else:
        order = [*ranked[:_OTHERS_FIRST], *papers, *ranked[_OTHERS_FIRST:]]
    unique = list({paper.paper_id: paper for paper in order}.values())
    # Only the order was decided here: the scores follow it, and stay from 0 to 1.
    steps = max(1, len(unique) - 1)
    return [(paper, 1.0 - place / steps) for place, paper in enumerate(unique)]


_OTHERS_FIRST = 4
"""How many other papers come before those spoken of, when others are asked for."""


def dates_in_words(papers: Sequence[Paper]) -> str:
    """Say when papers were published, oldest first, each by its place among them as a marker."""
    numbers = {paper.paper_id: number for number, paper in enumerate(papers, start=1)}
    dated = sorted(
        (paper.published, numbers[paper.paper_id]) for paper in papers if paper.published is not None
    )
    told = [f"{day:%-d %B %Y} [{number}]" for day, number in dated]
    unknown = " ".join(f"[{numbers[paper.paper_id]}]" for paper in papers if paper.published is None)
    parts = []
    if len(told) == 1:
        parts.append(f"Published on {told[0]}.")
    elif told:
        parts.append(f"Published, oldest first: {', then '.join(told)}.")
    if unknown:
        parts.append(
            f"The date of this one is not known: {unknown}."
            if " " not in unknown
            else f"The dates of these are not known: {unknown}."
        )
    return " ".join(parts)
