"""Asking an assistant, whole or piece by piece."""

from assistant import Answer, Assistant

QUESTION = "How much energy does KettleNet save?"


def last(assistant: Assistant, *, stream: bool) -> Answer:
    """The answer of one of the two ways to ask."""
    if not stream:
        return assistant.ask(QUESTION)
    pieces = assistant.stream(QUESTION)
    for _ in pieces:
        pass
    return pieces.answer
