"""Every error the assistant raises on purpose.

Each message is one sentence for a person: what is wrong, with which input, and what to do.
The terminal prints it as it is and exits with status 1.
"""

from enum import StrEnum


class AssistantError(Exception):
    """Anything that the assistant can explain; the parent of all errors below."""


class InputError(AssistantError):
    """A path, a page, a question or a date that cannot be used as it was given."""


class SettingsError(AssistantError):
    """A setting whose value is unusable, named with the variable that sets it."""


class HomeError(AssistantError):
    """The home folder cannot be read or written, or another process is writing it."""


class DamageError(HomeError):
    """What a store holds is not what was written to it; the message says what makes it whole again."""


class ServerError(AssistantError):
    """The shared Chroma server cannot be reached, or does not answer as it should."""


class IndexMismatchError(HomeError):
    """The index was made by another encoder, or by a version with another layout."""


class EncoderError(AssistantError):
    """The encoder's weights are missing, damaged or unreadable."""


class PaperNotFoundError(AssistantError):
    """No paper of the collection has this identifier or title."""


class Failure(StrEnum):
    """Why a model gave no answer, or no whole one."""

    NO_KEY = "no key"
    WRONG_KEY = "wrong key"
    NO_MODEL = "no such model"
    WRONG_ADDRESS = "wrong address"
    QUOTA = "quota"
    RATE_LIMIT = "rate limit"
    CONTEXT = "context too long"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    SERVER = "server"
    REJECTED = "rejected"
    CUT = "cut"
    EMPTY = "empty"
    FILTERED = "filtered"


class RecordingError(AssistantError):
    """A model's reply that is not recorded while replaying, or a recording that cannot be read or written."""


class ModelError(AssistantError):
    """The model or its server did not answer; `failure` says why."""

    def __init__(self, failure: Failure, sentence: str) -> None:
        super().__init__(sentence)
        self.failure = failure
