"""A model's reply on its way to an answer: cleaned, checked and told from a refusal, piece by piece."""

from collections.abc import Iterable

from assistant.answering.citations import CitationFilter, without_citation
from assistant.answering.links import LinkFilter
from assistant.answering.plain import ControlFilter, LiteralFilter, ThoughtFilter, through
from assistant.secrets import HIDDEN

REFUSAL_SIGN = "NO_ANSWER_IN_PAPERS"
"""What a model writes, and nothing else, when the papers do not answer."""

_ORNAMENT = "*_`\"'\u201c\u201d# \n\t"
_SIGN = "\0"  # stands for it between two filters: the first lets no control character through


class RefusalFilter:
    """Takes out the sign of a refusal; one that begins the reply takes all that follows with it."""

    def __init__(self) -> None:
        self._signs = LiteralFilter({REFUSAL_SIGN: _SIGN})
        self._ornament: str | None = ""
        self._silent = False
        self.found = False
        """Whether the sign has come."""

    def feed(self, text: str) -> str:
        """Take the next piece; gives back what is no sign."""
        return self._without(self._signs.feed(text))

    def close(self) -> str:
        """End the text; gives back what was still held."""
        return self._without(self._signs.close())

    def _without(self, text: str) -> str:
        if self._silent:
            return ""
        if self._ornament is not None:  # nothing but ornament so far, which a refusal may have
            text = self._ornament + text
            first = text.lstrip(_ORNAMENT)[:1]
            self._ornament = text if not first else None
            self._silent = self.found = first == _SIGN
            if not first or self._silent:
                return ""
        self.found = self.found or _SIGN in text
        return text.replace(_SIGN, "")


class Reply:
    """What has come of a reply so far.

    Whatever the pieces are that it is fed, the pieces it gives back make the same text.
    """

    def __init__(self, shown: int, secrets: Iterable[str] = ()) -> None:
        """Read the reply to a prompt.

        Args:
            shown: how many papers the model was shown, numbered from 1.
            secrets: strings that must not come out.
        """
        self._citations = CitationFilter(shown)
        self._refusal = RefusalFilter()
        # Keys last: nothing may join what was apart.
        hidden = LiteralFilter(dict.fromkeys(secrets, HIDDEN))
        filters = (ControlFilter(), ThoughtFilter(), LinkFilter(), self._refusal, self._citations, hidden)
        self._feed, self._close = through(filters)
        self._pieces: list[str] = []
        self._space = ""

    @property
    def text(self) -> str:
        """What may be shown, so far."""
        return "".join(self._pieces)

    @property
    def cited(self) -> tuple[int, ...]:
        """The papers that the text's markers name in turn, by the number they were shown with."""
        return () if self.refused else tuple(self._citations.cited)

    @property
    def removed(self) -> int:
        """How many numbers in markers named no paper that was shown."""
        return self._citations.removed

    @property
    def refused(self) -> bool:
        """Whether the model says that the papers do not answer, and cites none of them."""
        return self._refusal.found and not self._citations.cited

    @property
    def unsupported(self) -> tuple[str, ...]:
        """The sentences of the text that name no paper."""
        return () if self.refused else tuple(without_citation(self.text))

    def feed(self, text: str) -> str:
        """Take what came; gives back what may be shown of it now."""
        return self._shown(self._feed(text))

    def close(self) -> str:
        """End the reply; gives back what was still held."""
        return self._shown(self._close())

    def _shown(self, text: str) -> str:
        text = self._space + text
        if not self._pieces:
            text = text.lstrip()
        shown = text.rstrip()
        self._space = text[len(shown) :]
        if shown:
            self._pieces.append(shown)
        return shown
