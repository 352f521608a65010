"""Words that carry a question, and those that are about something."""

import re

FUNCTION_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        a about all an and any anyone are as at be been being between both but by can could did do does doing
        done each for from get gets had has have having how i if in into is it its just made make makes many
        may me more most much my name no not of on one only or other our out over say says should so some such
        than that the their them then there these they this those to two under up us use used was we were what
        when where which while who whose why will with without would you your
        """,
    )
)
"""Words that say how something is asked, not what: in a small collection they are as rare as any other."""


def content_words(text: str) -> str:
    """Take the function words out of a text.

    >>> content_words("How much water does KettleNet boil?")
    'water KettleNet boil'
    """
    return " ".join(word for word in re.findall(r"\w+", text) if word.casefold() not in FUNCTION_WORDS)
