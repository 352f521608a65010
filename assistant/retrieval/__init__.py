"""From a question to ranked papers."""

from assistant.retrieval.filters import DateRange
from assistant.retrieval.function_words import FUNCTION_WORDS, content_words
from assistant.retrieval.fusion import cut, fused, min_max, ranked_again, standardise, weighted_sum
from assistant.retrieval.late import QuestionTokens, late_interaction
from assistant.retrieval.search import Hit, Question, Retrieval, checked_question, retrieve

__all__ = [
    "FUNCTION_WORDS",
    "DateRange",
    "Hit",
    "Question",
    "QuestionTokens",
    "Retrieval",
    "checked_question",
    "content_words",
    "cut",
    "fused",
    "late_interaction",
    "min_max",
    "ranked_again",
    "retrieve",
    "standardise",
    "weighted_sum",
]
