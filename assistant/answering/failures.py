"""What went wrong with a model's server, told apart and said in one sentence with its cure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from assistant.answering.plain import ControlFilter
from assistant.errors import Failure, ModelError
from assistant.secrets import redacted

if TYPE_CHECKING:
    import openai

LONGEST = 300
"""Characters of a server's own words that a message repeats."""

_CONTEXT = re.compile(
    r"context.{0,20}(?:length|window|size|limit)|maximum context|too many (?:input )?tokens"
    r"|(?:prompt|input|request).{0,30}too (?:long|large)|exceed_context",
    re.IGNORECASE,
)
_FILTERED = re.compile(r"content.?(?:filter|policy|management)|safety", re.IGNORECASE)
_QUOTA = re.compile(r"quota|billing|balance|credit|payment", re.IGNORECASE)
_UNKNOWN_MODEL = re.compile(
    r"(?:invalid|unknown|no such|not find) model|model.{0,80}not (?:found|exist)", re.IGNORECASE
)
_MODEL = re.compile(r"\bmodel", re.IGNORECASE)

_WORDED: dict[Failure, str] = {
    Failure.NO_KEY: "{server} asks for a key and none is set: put it into OPENAI_API_KEY.",
    Failure.WRONG_KEY: "{server} does not accept the key in OPENAI_API_KEY: check it, or make a new one.",
    Failure.NO_MODEL: "{server} has no model {model} for you: set ASSISTANT_MODEL to one that it has.",
    Failure.WRONG_ADDRESS: "{server} does not offer chat completions there: check OPENAI_BASE_URL, "
    "which ends in /v1 for most servers.",
    Failure.QUOTA: "{server} says that the quota is used up: see to the account's plan and credit, or "
    "use another key.",
    Failure.RATE_LIMIT: "{server} still refuses for too many requests{said}: wait a little and ask again, or "
    "raise ASSISTANT_PATIENCE.",
    Failure.CONTEXT: "Question, papers and conversation are too long for {model}: set ASSISTANT_CONTEXT to "
    "the tokens it takes, or use a model with a longer context.",
    Failure.UNREACHABLE: "{server} cannot be reached: see that it is running, and check OPENAI_BASE_URL and "
    "the network.",
    Failure.TIMEOUT: "{server} gave no sign for {seconds:g} seconds: ask again, or raise ASSISTANT_TIMEOUT.",
    Failure.SERVER: "{server} has failed{said}: ask again later.",
    Failure.REJECTED: "{server} rejects the request{said}: check ASSISTANT_MODEL and the settings beside it.",
    Failure.CUT: "The answer of {model} was cut off on its way{said}: ask again.",
    Failure.EMPTY: "{model} gave an empty reply: ask again, or raise ASSISTANT_REPLY if it reasons long.",
    Failure.FILTERED: "A content filter at {server} held the answer back: word the question differently, or "
    "use another model.",
}


@dataclass(frozen=True, slots=True)
class Server:
    """Whom a failure is about."""

    model: str
    address: str
    """As set; what names a user in it is never shown."""
    has_key: bool
    timeout: float
    secrets: Sequence[str] = ()

    @property
    def name(self) -> str:
        """The server as a person knows it: its scheme, host and port."""
        parts = urlsplit(self.address)
        return f"The server at {parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    def failed(self, failure: Failure, said: str = "", *, seconds: float | None = None) -> ModelError:
        """Say a failure.

        Args:
            failure: its kind.
            seconds: how long was waited, where that is not the timeout.
            said: the server's own words; control characters and keys are taken out of them.
        """
        words = redacted(" ".join(ControlFilter().feed(said).split()), self.secrets)[:LONGEST].rstrip(".: ")
        sentence = _WORDED[failure].format(
            server=self.name,
            model=redacted(self.model, self.secrets),
            seconds=self.timeout if seconds is None else seconds,
            said=f" ({words})" if words else "",
        )
        return ModelError(failure, sentence)

    def explained(self, error: Exception, *, begun: bool = False) -> ModelError:
        """Tell what an error of the openai package, or of the connection, means.

        Args:
            error: what was raised.
            begun: whether a stream had begun, whose end this is.
        """
        import openai

        if isinstance(error, openai.APIStatusError):
            return self.failed(*self._by_status(error))
        if isinstance(error, openai.APITimeoutError):
            return self.failed(Failure.TIMEOUT)
        if isinstance(error, openai.APIConnectionError):
            return self.failed(Failure.UNREACHABLE)
        if isinstance(error, openai.APIResponseValidationError):
            return self.failed(Failure.WRONG_ADDRESS)
        if isinstance(error, openai.APIError):  # an error sent inside the stream
            kind = _by_words(_words(error)) or (Failure.CUT if begun else Failure.SERVER)
            return self.failed(kind, error.message)
        return self.failed(Failure.CUT if begun else Failure.SERVER, type(error).__name__)

    def _by_status(self, error: "openai.APIStatusError") -> tuple[Failure, str]:  # noqa: PLR0911 - one a status
        status, words = error.status_code, _words(error)
        said = f"status {status}: {_message(error)}"
        by_words = _by_words(words)
        match status:
            case 401:
                return (Failure.WRONG_KEY if self.has_key else Failure.NO_KEY), ""
            case 403 | 404 if _MODEL.search(words):
                return Failure.NO_MODEL, ""
            case 403:
                return (Failure.WRONG_KEY if self.has_key else Failure.NO_KEY), ""
            case 404 | 405:
                return Failure.WRONG_ADDRESS, ""
            case 402:
                return Failure.QUOTA, ""
            case 413:
                return Failure.CONTEXT, ""
            case 429:
                return (Failure.QUOTA, "") if _QUOTA.search(words) else (Failure.RATE_LIMIT, "")
            case _ if status >= 500:  # noqa: PLR2004 - HTTP's own classes
                return Failure.SERVER, said
            case _ if by_words:
                return by_words, said
            case _:
                return Failure.REJECTED, said


def known_failures() -> tuple[type[Exception], ...]:
    """Give what the openai package and the connection under it raise when a call fails."""
    import httpx
    import openai

    # A stream that is no JSON is a ValueError.
    return (openai.OpenAIError, httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError)


def is_too_long(error: "openai.APIError") -> bool:
    """Whether a server says that the prompt does not fit into the model's context."""
    return _by_words(_words(error)) is Failure.CONTEXT


def _by_words(words: str) -> Failure | None:
    if _CONTEXT.search(words):
        return Failure.CONTEXT
    if _FILTERED.search(words):
        return Failure.FILTERED
    if _UNKNOWN_MODEL.search(words):
        return Failure.NO_MODEL
    return None


def _message(error: "openai.APIError") -> str:
    """Give the server's own sentence, whichever of the usual places it is in."""
    body = error.body
    if isinstance(body, dict):
        for key in ("message", "detail", "error"):
            if isinstance(body.get(key), str):
                return str(body[key])
    return error.message


def _words(error: "openai.APIError") -> str:
    return f"{error.code or ''} {error.type or ''} {_message(error)}"
