"""From a question to ranked papers."""

from assistant.retrieval.filters import DateRange
from assistant.retrieval.fusion import min_max, standardise, weighted_sum
from assistant.retrieval.late import QuestionTokens, late_interaction
from assistant.retrieval.search import Hit, Question, Retrieval, checked_question, retrieve

__all__ = [
    "DateRange",
    "Hit",
    "Question",
    "QuestionTokens",
    "Retrieval",
    "checked_question",
    "late_interaction",
    "min_max",
    "retrieve",
    "standardise",
    "weighted_sum",
]
