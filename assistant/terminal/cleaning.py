"""Making text from papers, pages and models safe to print on a terminal."""

import re

_SEQUENCE = re.compile(
    r"""
      (?:\x1b\]|\x9d) [^\x07\x1b\x9c]* (?:\x07|\x1b\\|\x9c)?  # system commands: titles, links, clipboard
    | (?:\x1b[PX^_]|[\x90\x98\x9e\x9f]) [^\x1b\x9c]* (?:\x1b\\|\x9c)?   # other strings meant for the terminal
    | (?:\x1b\[|\x9b) [0-?]* [ -/]* [@-~]?                       # control sequences: colours, moves, erasing
    | \x1b [ -/]* [0-~]?                                         # the short escapes
    """,
    re.VERBOSE,
)
# Control characters but tab and newline, and the marks that turn the direction of text around.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def cleaned(text: str) -> str:
    r"""Take out every control sequence, control character and direction mark.

    >>> cleaned("a \x1b[31mred\x1b[0m \x1b]8;;http://example.org\x07link\x1b]8;;\x07 \u202eand back")
    'a red link and back'
    """
    return _CONTROL.sub("", _SEQUENCE.sub("", text))


def escaped(text: str) -> str:
    r"""Write the same characters as JSON escapes, so that JSON stays whole and shows nothing false.

    >>> print(escaped('"\u202eback"'))
    "\u202eback"
    """
    return _CONTROL.sub(lambda match: f"\\u{ord(match.group()):04x}", text)
