"""From a question to ranked papers."""

from assistant.retrieval.filters import DateRange
from assistant.retrieval.fusion import min_max, weighted_sum
from assistant.retrieval.search import Hit, Question, Retrieval, checked_question, retrieve

__all__ = [
    "DateRange",
    "Hit",
    "Question",
    "Retrieval",
    "checked_question",
    "min_max",
    "retrieve",
    "weighted_sum",
]
