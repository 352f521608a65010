"""What the assistant logs, said on standard error."""

import logging

from assistant.terminal import rendering


class _Sayer(logging.Handler):
    """Says each warning as a sentence of its own."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print the sentence."""
        rendering.warn(record.getMessage())


def say_warnings() -> None:
    """Have warnings, as of a long wait for another process, said as the errors are."""
    logging.getLogger("assistant").handlers = [_Sayer(logging.WARNING)]
