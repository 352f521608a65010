"""What a model writes, made safe while it arrives: control sequences, hidden reasoning and secrets go.

Each filter is fed text in whatever pieces come and gives back what is certain. It goes character by
character, so that where the pieces were cut cannot matter: a reply that streams in and the same reply
given whole come out alike.
"""

import re
from collections.abc import Callable, Mapping
from typing import Protocol

_LINE_SEPARATORS = "\u2028\u2029\x85"

# Control characters but tab and newline; marks that turn text around; characters without width, which
# could hide in a marker or a key; tags, private characters and halves of characters.
_INVISIBLE = re.compile(
    "[\u2028\u2029\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ue000-\uf8ff\ud800-\udfff\U000e0000-\U000e007f]"
)
_INTRODUCERS = {"\x1b": "escape", "\x9b": "sequence"} | dict.fromkeys("\x90\x98\x9d\x9e\x9f", "string")


class Filter(Protocol):
    """A stage that text passes through."""

    def feed(self, text: str) -> str:
        """Take the next piece; gives back what is now certain."""
        ...

    def close(self) -> str:
        """End the text; gives back what was still held."""
        ...


class ControlFilter:
    r"""Takes out terminal sequences, control characters and what has no width.

    >>> ControlFilter().feed("a \x1b[31mred\x1b[0m \x1b]8;;http://example.org\x07link")
    'a red link'
    """

    def __init__(self) -> None:
        self._state = "text"

    def feed(self, text: str) -> str:
        """Take the next piece; gives back what is fit to be shown."""
        if self._state == "text" and not _INVISIBLE.search(text):
            return text  # nearly always, and much faster
        return "".join(map(self._step, text))

    def close(self) -> str:
        """End the text; a sequence that was begun goes with it."""
        return ""

    def _step(self, character: str) -> str:
        state, self._state = self._state, "text"
        if state == "string" or (state == "string end" and character != "\\"):
            return self._in_string(character, after_escape=state == "string end")
        if state == "escape" and character in "[]PX^_":
            self._state = "sequence" if character == "[" else "string"
        elif state in ("escape", "sequence") and " " <= character <= ("/" if state == "escape" else "?"):
            self._state = state  # parameters: more is to come
        elif state == "text" or not " " <= character <= "~":
            return self._in_text(character)
        return ""

    def _in_text(self, character: str) -> str:
        if character in _INTRODUCERS:
            self._state = _INTRODUCERS[character]
        if character in _LINE_SEPARATORS:
            return "\n"
        return "" if _INVISIBLE.match(character) else character

    def _in_string(self, character: str, *, after_escape: bool) -> str:
        if after_escape:  # it was no terminator but another sequence
            self._state = "escape"
            return self._step(character)
        if character == "\n":  # a string that nobody ends must not swallow the answer
            return character
        if character not in "\x07\x9c":
            self._state = "string end" if character == "\x1b" else "string"
        return ""


class ThoughtFilter:
    """Takes out the reasoning that local models write between `<think>` and `</think>`.

    >>> ThoughtFilter().feed("<think>Hm.</think>It boils.")
    'It boils.'
    """

    _TAGS = frozenset(
        f"<{slash}{word}>" for slash in ("", "/") for word in ("think", "thinking", "reasoning")
    )
    _BEGINNINGS = frozenset(tag[:end] for tag in _TAGS for end in range(1, len(tag) + 1))
    _MAY_BEGIN = re.compile(r"<(?=/?(?:[tr]|\Z))", re.IGNORECASE)

    def __init__(self) -> None:
        self._held = ""
        self._thinking = False

    def feed(self, text: str) -> str:
        """Take the next piece; gives back what is no reasoning."""
        shown: list[str] = []
        at = 0
        while at < len(text):
            if not self._held:
                tag = self._MAY_BEGIN.search(text, at)
                end = tag.start() if tag else len(text)
                shown.append("" if self._thinking else text[at:end])
                at = end
            shown += map(self._step, text[at : at + 1])
            at += 1
        return "".join(shown)

    def close(self) -> str:
        """End the text; reasoning without an end stays hidden to the last."""
        held, self._held = self._held, ""
        return "" if self._thinking else held

    def _step(self, character: str) -> str:
        tag = (self._held + character).lower()
        if tag in self._TAGS:
            self._held = ""
            self._thinking = tag[1] != "/"
            return ""
        if tag in self._BEGINNINGS:
            self._held += character
            return ""
        shown, self._held = self._held, ""
        if shown and character == "<":
            self._held = character
        else:
            shown += character
        return "" if self._thinking else shown


class LiteralFilter:
    """Replaces strings wherever they stand.

    >>> LiteralFilter({"sk-1234": "(key)"}).feed("It is sk-1234.")
    'It is (key).'
    """

    def __init__(self, replacements: Mapping[str, str]) -> None:
        """Replace each key by its value; no key may be empty."""
        self._replacements = dict(replacements)
        # Of two that begin at one place, the shorter is there first when a text streams in.
        keys = sorted(self._replacements, key=len)
        self._found = re.compile("|".join(map(re.escape, keys)) or "(?!)")
        self._beginnings = frozenset(key[:end] for key in keys for end in range(1, len(key)))
        self._longest = max(map(len, keys), default=1)
        self._held = ""

    def feed(self, text: str) -> str:
        """Take the next piece; gives back what holds none of the strings."""
        text = self._held + text
        shown: list[str] = []
        start, undecided = 0, self._undecided(text, 0)
        for found in self._found.finditer(text):
            if found.start() >= undecided:
                break
            shown += [text[start : found.start()], self._replacements[found.group()]]
            start = found.end()
            if start > undecided:
                undecided = self._undecided(text, start)
        self._held = text[undecided:]
        return "".join([*shown, text[start:undecided]])

    def close(self) -> str:
        """End the text; gives back what was still held."""
        held, self._held = self._held, ""
        return self._found.sub(lambda found: self._replacements[found.group()], held)

    def _undecided(self, text: str, start: int) -> int:
        """Find from where on a text may be one of the strings when more has come."""
        places = range(max(start, len(text) - self._longest + 1), len(text))
        return next((place for place in places if text[place:] in self._beginnings), len(text))


def through(filters: tuple[Filter, ...]) -> tuple[Callable[[str], str], Callable[[], str]]:
    """Join filters, the first first; gives back one that feeds them all and one that closes them all."""

    def feed(text: str) -> str:
        for each in filters:
            text = each.feed(text)
        return text

    def close() -> str:
        text = ""
        for each in filters:
            text = each.feed(text) + each.close()
        return text

    return feed, close
