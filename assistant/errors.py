"""Every error the assistant raises on purpose.

Each message is one sentence for a person: what is wrong, with which input, and what to do.
The terminal prints it as it is and exits with status 1.
"""


class AssistantError(Exception):
    """Anything that the assistant can explain; the parent of all errors below."""


class InputError(AssistantError):
    """A path, a page, a question or a date that cannot be used as it was given."""


class SettingsError(AssistantError):
    """A setting whose value is unusable, named with the variable that sets it."""


class HomeError(AssistantError):
    """The home folder cannot be read or written, or another process is writing it."""


class IndexMismatchError(HomeError):
    """The index was made by another encoder, or by a version with another layout."""


class EncoderError(AssistantError):
    """The encoder's weights are missing, damaged or unreadable."""


class PaperNotFoundError(AssistantError):
    """No paper of the collection has this identifier or title."""
