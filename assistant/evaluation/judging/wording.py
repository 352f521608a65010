"""The words of a text: their stems, what is a name, what denies, and which way a comparison goes."""

import re
from dataclasses import dataclass
from functools import lru_cache

from assistant.answering.asking import COINED
from assistant.index.function_words import FUNCTION_WORDS

_WORD = re.compile(r"[^\W_]+(?:[.,]\d+)*(?:['’][a-z]{1,2}\b)?")
_ENDINGS = re.compile(
    r"(?:ations?|ating|ated|ates|ate|izations?|isations?|izing|ising|ized|ised|izes|ises|ize|ise|ingly|edly"
    r"|ings?|ies|ied|ers?|ors?|ions?|ments?|ness|ally|ly|ed|es|s|e|y|al|ive|able|ible)$"
)
_SHORTEST_STEM = 4
_LONGEST_WORD = 60
"""Letters; what is longer is no word, and has no ending to be taken off."""

_PARTICLES = FUNCTION_WORDS | frozenset(
    [
        "also",
        "among",
        "because",
        "before",
        "after",
        "during",
        "each",
        "either",
        "every",
        "he",
        "here",
        "him",
        "his",
        "her",
        "however",
        "like",
        "many",
        "new",
        "now",
        "off",
        "once",
        "per",
        "rather",
        "same",
        "she",
        "since",
        "still",
        "through",
        "thus",
        "too",
        "very",
        "via",
        "well",
        "whereas",
        "whether",
        "within",
        "yet",
        "whom",
        "upon",
        "less",
        "fewer",
        "least",
        "more",
        "most",
        "above",
        "below",
        "over",
        "under",
        "higher",
        "lower",
        "yes",
        "t",
        "s",
        "re",
        "ve",
        "ll",
        "d",
    ]
)
_ANSWERING = frozenset(
    [
        "answer",
        "answers",
        "answered",
        "question",
        "questions",
        "passage",
        "passages",
        "paper",
        "papers",
        "text",
        "texts",
        "context",
        "source",
        "sources",
        "document",
        "documents",
        "given",
        "provided",
        "provide",
        "based",
        "mentioned",
        "mention",
        "mentions",
        "stated",
        "state",
        "states",
        "according",
        "note",
        "noting",
        "important",
        "summary",
        "conclusion",
        "example",
        "abstract",
        "abstracts",
        "article",
    ]
)
"""Words that an answer has for itself and for what it was given."""
_NO_CLAIM = re.compile(
    r"""
      \b(?: unable\ to\ (?:answer|determine|find) | cannot\ (?:be\ )?(?:answer|determine)
      | i\ (?:can|hope|would|am|'m)\b
      | hope\ this | let\ me\ know | good\ luck | happy\ to\ help | feel\ free
      | (?:passages?|papers?|texts?|sources?|context|abstracts?|documents?)
        \ (?:above\ |here\ |provided\ |given\ )?
        (?:(?:do|does|did)(?:\ not|n['’]t)|provides?\ no|give\ no|say\ nothing|only)
      | not\ (?:explicitly\ |specifically\ |directly\ )?(?:mentioned|stated|provided|given|specified)
      | no\ (?:\w+\ )?(?:information|mention)
      | (?:here(?:['’]s|\ is|\ are)|following)\b.{0,60}\b(?:answers?|steps|summary|ways?|points|list)
      | (?:to|the)\ (?:(?:your|the|original)\ )?question )
      | ^\W*(?: sure | certainly | of\ course )\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_DENIALS = frozenset(
    [
        "not",
        "no",
        "never",
        "none",
        "neither",
        "nor",
        "without",
        "cannot",
        "nothing",
        "nobody",
        "nowhere",
        "hardly",
        "barely",
        "unlike",
        "lack",
        "lacks",
        "lacking",
        "fail",
        "fails",
        "failed",
        "failing",
        "unable",
        "except",
        "excluding",
        "absent",
        "rarely",
        "seldom",
        "rather",
        "instead",
        "less-than",
    ]
)
_NO_CONTENT = _PARTICLES | _DENIALS | _ANSWERING
UP, DOWN = 1, -1
_UP = """
    higher more greater larger bigger longer faster better best most highest largest biggest fastest above
    over
    exceed exceeds exceeding exceeded outperform outperforms outperforming outperformed surpass surpasses
    surpassing beat beats beating ahead superior increase increases increased increasing raise raises raised
    raising improve improves improved improving improvement gain gains gained grow grows grew rise rises rose
    rising stronger strong heavier richer wider deeper denser easier earlier double doubles doubled up top
    majority maximum max maximal maximize maximise add adds added allow allows include includes including with
    positive positively win wins after accelerate accelerates many always all enable enables larger-than
    widen widens expand expands help helps encourage succeed succeeds high large long fast agree agrees
    """
_DOWN = """
    lower fewer less smaller shorter slower worse worst least lowest smallest slowest shortest below under
    trail trails trailing lag lags lagging behind inferior decrease decreases decreased decreasing reduce
    reduces reduced reducing reduction drop drops dropped fall falls fell falling lose loses lost losing
    shrink shrinks cut cuts cutting halve halves halved weaker weak lighter poorer narrower shallower sparser
    harder later down bottom minority minimum min minimal minimize minimise remove removes removed prevent
    prevents exclude excludes excluding negative negatively degrade degrades degraded hurt hurts hinder before
    slow few never none decline declines save saves saving low small short hard underperform
    underperforms narrow narrows worsen worsens lessen lessens fail fails loss losses disagree disagrees
    """
_DIRECTIONS = dict.fromkeys(_UP.split(), UP) | dict.fromkeys(_DOWN.split(), DOWN)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text."""

    text: str
    """In lower case."""
    stem: str
    start: int
    end: int
    content: bool
    """Whether it says what a text is about; numbers do not."""
    name: bool
    """Whether it is a name: coined, or with a capital inside a sentence."""

    @property
    def denies(self) -> bool:
        """Whether it turns what is said into its opposite."""
        return self.text in _DENIALS or self.text.endswith(("n't", "n’t"))

    @property
    def direction(self) -> int:
        """Which way it compares: up, down, or 0."""
        return _DIRECTIONS.get(self.text, 0)


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Take the ending off a word in lower case, so that its forms are one; rough, and the same for all.

    >>> stem("normalisation") == stem("normalized") == stem("normalizes")
    True
    """
    word = re.sub(r"['’]\w*$", "", word)
    if not word.isalpha() or len(word) > _LONGEST_WORD:
        return word
    while len(word) > _SHORTEST_STEM:
        shorter = _ENDINGS.sub("", word)
        if shorter == word or len(shorter) < _SHORTEST_STEM:
            break
        word = shorter
    # The two spellings of English, and doubled consonants.
    word = word.replace("our", "or").replace("ys", "yz").replace("is", "iz")
    return re.sub(r"([bdfglmnprt])\1$", r"\1", word)


def words(text: str) -> list[Word]:
    """Find the words of a text, in order.

    >>> [word.text for word in words("It is WideNet's 0.72 times.") if word.content]
    ["widenet's", 'times']
    """
    coined = [match.span() for match in COINED.finditer(text)]
    place = 0
    found = []
    for match in _WORD.finditer(text):
        folded = match[0].casefold()
        number = match[0][0].isdigit() and not any(character.isalpha() for character in folded)
        first = not re.search(r"[\w,;)]\W{0,2}$", text[max(0, match.start() - 4) : match.start()])
        while place < len(coined) and coined[place][1] <= match.start():
            place += 1
        name = (place < len(coined) and coined[place][0] <= match.start()) or (
            match[0][0].isupper() and not first and folded not in _PARTICLES
        )
        content = not number and folded not in _NO_CONTENT
        found.append(Word(folded, stem(folded), match.start(), match.end(), content, name))
    return found


def claims_something(text: str) -> bool:
    """Tell whether a text says something of the matter, not only of the answer itself.

    >>> claims_something("Based on the passages,"), claims_something("I hope this helps!")
    (False, False)
    """
    return not _NO_CLAIM.search(text) and any(
        word.content or word.name or word.text[0].isdigit() for word in words(text)
    )
