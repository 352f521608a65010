"""An end to replies that have none: a server is not trusted to keep to what it was asked for."""

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.answering.model import Delta

LONGEST_TOKEN = 100
"""Characters of a reply for each token it may have; words take four or five, and indented code some more."""


class Bound:
    """Cuts a reply that goes far beyond the tokens it was given."""

    def __init__(self, tokens: int) -> None:
        """Allow for a reply of so many tokens."""
        self._left = tokens * LONGEST_TOKEN
        self.reached = False
        """Whether the reply was cut."""

    def __call__(self, delta: "Delta") -> "Delta":
        """Give what may pass of what came. What comes without text counts too: it has no end either."""
        self._left -= 1 + len(delta.text)
        if self._left >= 0:
            return delta
        self.reached = True
        return replace(delta, text=delta.text[: self._left], finish="length")
