"""Links and images taken out of what a model writes, while it arrives.

A paper can tell a model to write an address that carries something away, or a text that hides where it
leads. Targets of Markdown links and images, HTML and addresses never reach the answer.
"""

import re

from assistant.answering.scanning import Scanner

REMOVED = "(link removed)"
"""Stands where an address was."""
LONGEST = 2_000
"""Characters of a target or a tag, after which what follows is text again."""

_SCHEMES = (
    *(f"{scheme}://" for scheme in ("http", "https", "ftp", "ftps", "file", "ws", "wss", "ssh", "git")),
    *("mailto:", "javascript:", "www.", "://"),
)
_TAGS = (
    *("a", "area", "audio", "b", "base", "body", "br", "button", "canvas", "code", "details", "div", "em"),
    *(
        "embed",
        "font",
        "footer",
        "form",
        "frame",
        "h1",
        "h2",
        "h3",
        "h4",
        "head",
        "header",
        "hr",
        "html",
        "i",
    ),
    *("iframe", "img", "image", "input", "li", "link", "map", "marquee", "math", "meta", "object", "ol", "p"),
    *("picture", "pre", "script", "section", "select", "small", "source", "span", "strong", "style", "sub"),
    *("sup", "svg", "table", "tbody", "td", "template", "textarea", "th", "title", "tr", "track", "u", "ul"),
    "video",
)
_TAG_STARTS = frozenset(f"<{slash}{name}" for slash in ("", "/") for name in _TAGS)
_TAG_BEGINNINGS = frozenset(tag[:end] for tag in _TAG_STARTS for end in range(1, len(tag) + 1))
_SCHEME_BEGINNINGS = frozenset(scheme[:end] for scheme in _SCHEMES for end in range(1, len(scheme) + 1))
_FIRST = "".join(sorted({scheme[0] for scheme in _SCHEMES if scheme[0].isalpha()}))
_ENDS_ADDRESS = '<>"`)]}|\u3011\u201d'
_ENDING = re.escape(_ENDS_ADDRESS)
_PUNCTUATION = frozenset(".,;:!?'")


class LinkFilter(Scanner):
    """Takes out link and image targets, HTML tags and addresses; a link's text stays.

    >>> links = LinkFilter()
    >>> links.feed("See ![a kettle](http://example.org/?key=1), <b>now</b> https://example.org. ")
    'See ![a kettle], now (link removed). '
    """

    # Words that no scheme begins with (`[^\W_]` is what isalnum says), and what stands between words; of
    # brackets, those after which comes what no link or tag has.
    PLAIN = re.compile(
        rf"(?:(?![{_FIRST}])[^\W_]+|[^\]<:\w]|_|\](?=[^(])|<(?=[^/A-Z]|/?[A-Z0-9]{{1,9}}[^/>A-Z0-9\s]))+",
        re.IGNORECASE,
    )
    WHOLE = re.compile(
        rf"((?ai:{'|'.join(map(re.escape, _SCHEMES))}))[^\s{_ENDING}]*(?=[\s{_ENDING}])"
        rf"|\]\([^()\n]{{,{LONGEST - 1}}}\)"
        rf"|</?(?ai:{'|'.join(_TAGS)})(?:(?:[^\S\n]|/)[^>\n]{{,{LONGEST - 2}}})?>"
    )

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self._dropped = 0
        self._tail = ""

    def _take(self, whole: "re.Match[str]") -> bool:
        text = whole[0]
        if text[0] == "]":
            self._emit("]")
        elif text[0] != "<":
            if text[0].isalpha() and self._before.isalnum():
                return False
            self._tail = text[-1] if text[-1] in _PUNCTUATION and whole[1] != text else ""
            self._end_address()
        return True

    def _text(self, character: str) -> None:
        if character == "]":
            self._hold(character, self._after_bracket)
        elif character == "<":
            self._hold(character, self._in_tag_name)
        elif character == ":" or (character.lower() in _SCHEME_BEGINNINGS and not self._before.isalnum()):
            self._hold(character, self._in_scheme)
        else:
            self._emit(character)

    def _after_bracket(self, character: str) -> None:
        if character == "(":
            self._emit("]")
            self._hold("", self._in_target)
            self._depth, self._dropped = 1, 0
        else:
            self._release(character)

    def _in_target(self, character: str) -> None:
        self._depth += {"(": 1, ")": -1}.get(character, 0)
        self._dropped += 1
        if character == "\n" or self._dropped > LONGEST:
            self._drop(character)
        elif not self._depth:
            self._drop()

    def _in_tag_name(self, character: str) -> None:
        tag = (self._held + character).lower()
        if tag[:-1] in _TAG_STARTS and (character in "/>" or character.isspace()):
            self._hold("", self._in_tag)
            self._dropped = 0
            self._in_tag(character)
        elif tag in _TAG_BEGINNINGS:
            self._held += character
        else:
            self._release(character)

    def _in_tag(self, character: str) -> None:
        self._dropped += 1
        if character == "\n" or self._dropped > LONGEST:
            self._drop(character)
        elif character == ">":
            self._drop()

    def _in_scheme(self, character: str) -> None:
        beginning = (self._held + character).lower()
        if beginning in _SCHEMES:
            self._hold("", self._in_address)
            self._tail = ""
        elif beginning in _SCHEME_BEGINNINGS:
            self._held += character
        else:
            self._release(character)

    def _in_address(self, character: str) -> None:
        if character.isspace() or character in _ENDS_ADDRESS:
            self._end_address(character)
        else:
            self._tail = character if character in _PUNCTUATION else ""

    def _end_address(self, then: str = "") -> None:
        space = " " if self._before and not self._before.isspace() and self._before not in "([<\"'" else ""
        self._emit(space + REMOVED + self._tail)
        self._drop(then)

    def _finish(self) -> None:
        if self._mode == self._in_address:
            self._end_address()
            self._run()
