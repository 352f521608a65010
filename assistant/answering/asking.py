"""What a question asks for, read off its words."""

import re
from dataclasses import dataclass

_NUMBER = re.compile(
    r"""\b(
      how\ (?:much|many|few|large|big|small|fast|slow|long|often|far|deep|wide)
    | how\ (?:accurate|high|low|well|close)
    | what\ (?:share|fraction|percent\w*|number|rate|score|accuracy|speed\w*|factor|size|figure)
    | by\ how | top-?[15] | accuracy | score | speed-?up | percentage | number
    | f1 | fid | m?ap | m?iou | psnr | ssim | bleu | wer | perplexity | latency | fps
    )\b""",
    re.VERBOSE | re.IGNORECASE,
)
_NAME = re.compile(
    r"""\b(
      which | who | whose | name[ds]? | called
    | what\ (?:method|model|technique|framework|data\s?set|benchmark|network)s?
    | what\ (?:architecture|approach|loss|layer|paper)s?
    )\b""",
    re.VERBOSE | re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"""\b(
      (?:which|what|any|all|other|two|three|four|several|list|these|those|every)[ ]
      (?:of\ (?:these|the|them)\ )?
      (?:\w+\ ){0,2}(?:papers?|articles|studies|teams|groups)
    | papers\ (?:on|about|that|which|here|with|for) | (?:which|what)\ of\ (?:these|them|the\ papers)
    | (?<!-)list(?!\ of\ (?!papers)) | everything | one\ paper | (?:another|one)\ (?:claims?|says?|finds?)
    | who\ else | who\ works\ on | each(?=\s*(?:[?.,;:]|$)) | each\ (?:of|one|paper|says?|claims?|does|do)
    | each\ (?:adds?|saves?|gets?|got|takes?|changes?|reports?|reach(?:es)?|finds?|gives?|needs?|costs?|uses?)
    | each\ (?:proposes?|rests?|swaps?)
    | who\ says\ what
    | what\ (?:is|have|do)\ (?:there|you|we)\ (?:here|got|have)? | line\ up | the\ papers\ here
    | compare | contrast | vs\.? | versus | here | which\ ones | follow-?ups?
    | one\ \w+\ and\ (?:one|another) | who\ (?:reports?|claims?|measures?|measured|uses|used|tried)
    )\b""",
    re.VERBOSE | re.IGNORECASE,
)
# A coined name has a capital or a digit after its first letter: WideNet, GPT-4V, p-MoD, ViT.
# The first of these stands within its first hundred characters, so that looking for it is never long.
COINED = re.compile(
    r"(?<![\w-])(?=[\w+^-]{0,100}[A-Za-z])(?:\w[\w^-]{0,100}[A-Z0-9][\w+^-]*|[A-Z]{2,}\w*)(?![\w-])"
)
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")


def coined_names(text: str) -> set[str]:
    """Find names of methods, models and data sets by their shape, folded to lower case.

    >>> sorted(coined_names("How does SLAB-Swin compare with GPT-4V on ImageNet?"))
    ['gpt-4v', 'imagenet', 'slab-swin']
    """
    return {match.group().casefold() for match in COINED.finditer(text)}


def figures(text: str) -> set[str]:
    """Find the numbers in a text, as they are written.

    >>> sorted(figures("1.5% better with 0.72 times the parameters"))
    ['0.72', '1.5']
    """
    return set(_FIGURE.findall(text))


@dataclass(frozen=True, slots=True)
class Asking:
    """What a question asks for."""

    number: bool
    """A figure: how much, how many, what score."""
    name: bool
    """A name: which, who, what method."""
    several: bool
    """More than one paper, by its words: a comparison, a list."""
    names: frozenset[str]
    """The coined names in it."""
    figures: frozenset[str]
    """The numbers in it."""

    @classmethod
    def read(cls, question: str) -> "Asking":
        """Read what a question asks for.

        >>> Asking.read("By how much does WideNet beat ViT?").number
        True
        """
        return cls(
            number=bool(_NUMBER.search(question)),
            name=bool(_NAME.search(question)),
            several=bool(_SEVERAL.search(question)),
            names=frozenset(coined_names(question)),
            figures=frozenset(figures(question)),
        )
