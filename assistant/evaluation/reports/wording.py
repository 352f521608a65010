"""What a report calls a measure, says of it, and how it writes its figures."""

from collections.abc import Iterable

MEANINGS = {
    "hit@1": "the first paper found is one that a full answer cites",
    "hit@5": "one of the first five papers found is one that a full answer cites",
    "ndcg@10": "how high the papers of a full answer rank among the first ten found",
    "recall@5": "share of the papers of a full answer among the first five found",
    "recall@10": "share of the papers of a full answer among the first ten found",
    "facts": "share of the facts of a full answer that the answer gives",
    "all facts": "the answer gives every fact of a full answer",
    "citations valid": "share of the citations that name a paper of the collection",
    "citation precision": "share of the papers cited that a full answer cites",
    "citation recall": "share of the papers of a full answer that are cited",
    "sentence citation precision": "share of the citations that their sentence needs, by the judge",
    "sentence citation recall": "share of the sentences that their citations bear out, by the judge",
    "answered": "the question was answered and not refused",
    "right to answer": "answered where the papers answer, refused where they do not",
    "faithfulness": "share of the answer's claims that the papers cited bear out, by the judge",
    "words": "length of the answer",
    "seconds": "time from question to answer",
    "tokens": "tokens that a model read and wrote",
    "cost": "by the price table, in its currency",
}
"""By measure, in the order that a reader follows: found, said, cited, spent."""

HEADLINES = ("right to answer", "all facts", "citation precision", "citation recall", "faithfulness", "hit@1")
"""The measures that sum a run up, as far as it has them."""

MINUS = "\N{MINUS SIGN}"

AMOUNTS = ("words", "seconds", "tokens", "cost")
"""The measures that are no share of one."""


def ordered(measures: Iterable[str]) -> list[str]:
    """Put measures in the order of `MEANINGS`, and those it does not know behind, in their own order."""
    given = list(dict.fromkeys(measures))
    known = [measure for measure in MEANINGS if measure in given]
    return known + [measure for measure in given if measure not in MEANINGS]


def figure(value: float | None, measure: str = "") -> str:
    """Write a number of a measure; a dash where there is none.

    >>> figure(0.8412), figure(41.6, "words"), figure(0.0312, "seconds"), figure(None)
    ('0.841', '42', '0.031', '–')
    """
    if value is None:
        return "–"
    if measure in ("words", "tokens"):
        return f"{value:,.0f}"
    if measure == "cost":
        return f"{value:.4g}"
    return f"{value:.3f}"


def change(value: float | None, measure: str = "") -> str:
    """Write a difference with its sign.

    >>> change(0.02), change(0.0), change(None)
    ('+0.020', '±0.000', '–')
    """
    if value is None:
        return "–"
    text = figure(abs(value), measure)
    if not any(digit in text for digit in "123456789"):
        return f"±{text}"
    return f"{'+' if value > 0 else MINUS}{text}"
