"""From a question to ranked papers."""

from assistant.retrieval.filters import DateRange
from assistant.retrieval.fusion import cut, fused, min_max, ranked_again, standardise, weighted_sum
from assistant.retrieval.late import LateScores, QuestionTokens, late_interaction
from assistant.retrieval.search import Hit, Question, Retrieval, checked_question, retrieve

__all__ = [
    "DateRange",
    "Hit",
    "LateScores",
    "Question",
    "QuestionTokens",
    "Retrieval",
    "checked_question",
    "cut",
    "fused",
    "late_interaction",
    "min_max",
    "ranked_again",
    "retrieve",
    "standardise",
    "weighted_sum",
]
