"""Change correct sentences by rule, one thing at a time: a number, a unit, a name, a denial, a comparison.

    python -m bench.perturb    writes eval/perturbations/curated.jsonl

The sentences are those of the curated questions' answers. `bench/train_judge.py` changes sentences of the
labelled benchmarks in the same ways, to learn from; of the shipped papers it sees nothing.
"""

import json
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.answering.asking import COINED
from assistant.answering.sentences import sentences
from assistant.corpus import paper_id, read_sources
from assistant.resources import resource

SEED = 0
FEWEST_WORDS = 5

_NUMBER = re.compile(r"(?<![\w.^-])\d+(?:[.,]\d+)*(?![\w^-])|(?<![\w.^-])\d+(?:\.\d+)?(?=[x×%MBK]|ms\b|dB\b)")
# A letter first, and somewhere a capital or a digit that does not begin its part: DeiT-B, not Self-Attention.
_NAME = re.compile(r"(?=[A-Za-z])(?:[\w^+]+-)*\w[\w^+]*[A-Z0-9][\w^+]*(?:-[\w^+]+)*")
_UNIT = re.compile(
    r"(?<=\d)(?P<gap>[\s-]?)(?P<unit>%|percent|x\b|×|times|-fold|ms\b|seconds?|minutes?|hours?|days?|weeks?"
    r"|months?|years?|FPS|fps|GB|MB|KB|dB|M\b|B\b|K\b|points?|million|billion|thousand|kbps|bits?\b|mm\b"
    r"|cm\b|km\b|miles?|inches|degrees?|feet|pounds?)"
)
_OTHER_UNIT = {
    "%": "x", "percent": "times", "x": "%", "×": "%", "times": "percent", "-fold": "%", "ms": "s",
    "second": "minute", "seconds": "minutes", "minute": "hour", "minutes": "hours", "hour": "day",
    "hours": "days", "day": "week", "days": "weeks", "week": "month", "weeks": "months", "month": "year",
    "months": "years", "year": "month", "years": "months", "FPS": "ms", "fps": "ms", "GB": "MB", "MB": "GB",
    "KB": "MB", "dB": "%", "M": "B", "B": "M", "K": "M", "point": "percent", "points": "percent",
    "million": "billion", "billion": "million", "thousand": "million", "kbps": "Mbps", "bit": "byte",
    "bits": "bytes", "mm": "cm", "cm": "mm", "km": "miles", "mile": "kilometre", "miles": "kilometres",
    "inches": "feet", "degree": "percent", "degrees": "percent", "feet": "inches", "pound": "ounce",
    "pounds": "ounces",
}  # fmt: skip
_OPPOSITES = (
    "higher lower|more less|more fewer|greater smaller|larger smaller|bigger smaller|longer shorter"
    "|faster slower|better worse|best worst|most least|highest lowest|largest smallest|fastest slowest"
    "|above below|over under|exceeds trails|exceed trail|outperforms underperforms"
    "|outperform underperform|surpasses trails|surpass trail|beats loses-to|beat lose-to|ahead behind"
    "|increases decreases|increase decrease|increased decreased|improves worsens|improve worsen"
    "|improved worsened|raises lowers|raise lower|rises falls|rise fall|gains loses|gain lose|stronger weaker"
    "|deeper shallower|wider narrower|easier harder|cheaper dearer|before after|minimum maximum"
    "|reduces increases|reduce increase|reduced increased|cuts raises|cut raise|saves costs|high low"
    "|early late|first last"
)
_PAIRS = [pair.replace("-", " ").split(" ", 1) for pair in _OPPOSITES.split("|")]
_OTHER_WAY = {there: here for here, there in reversed(_PAIRS)} | {
    pair[0]: pair[1] for pair in reversed(_PAIRS)
}
_COMPARISON = re.compile(r"\b(" + "|".join(sorted(_OTHER_WAY, key=len, reverse=True)) + r")\b")
_VERB = re.compile(
    r"\b(?P<verb>is|are|was|were|can|could|may|might|should|will|would|has been|have been|does|do"
    r"|must)\b(?! not)"
)
_DENIED = re.compile(
    r"\b(?:(?P<verb>is|are|was|were|can|could|does|do|did|will|would|need|has|have) not|cannot"
    r"|no longer|without)\b"
)

Change = Callable[[str, Sequence[str], random.Random], str | None]


def change_number(text: str, names: Sequence[str], rng: random.Random) -> str | None:
    """Put another number in the place of one."""
    del names
    found = list(_NUMBER.finditer(text))
    if not found:
        return None
    match = rng.choice(found)
    digits = [place for place, character in enumerate(match[0]) if character.isdigit()]
    place = digits[0] if len(digits) == 1 else rng.choice(digits[:2])
    other = rng.choice([digit for digit in "123456789" if digit != match[0][place]])
    return _replaced(text, match, match[0][:place] + other + match[0][place + 1 :])


def change_unit(text: str, names: Sequence[str], rng: random.Random) -> str | None:
    """Put another unit behind a number."""
    del names
    found = list(_UNIT.finditer(text))
    if not found:
        return None
    match = rng.choice(found)
    other = _OTHER_UNIT[match["unit"]]
    return _replaced(text, match, (match["gap"] or " " * (len(other) > 1)) + other)


def change_name(text: str, names: Sequence[str], rng: random.Random) -> str | None:
    """Put another name in the place of one.

    Args:
        text: the sentence.
        names: names to choose from.
        rng: what chooses.
    """
    found = [match for match in COINED.finditer(text) if _NAME.fullmatch(match[0])]
    folded = text.casefold()
    others = [
        name for name in names if name.casefold() not in folded and not folded.count(name.casefold()[:4])
    ]
    if not found or not others:
        return None
    return _replaced(text, rng.choice(found), rng.choice(others))


def change_denial(text: str, names: Sequence[str], rng: random.Random) -> str | None:
    """Take a denial out, or put one in."""
    del names, rng
    denied = _DENIED.search(text)
    if denied:
        plain = {"cannot": "can", "without": "with", "no longer": "still"}
        return _replaced(text, denied, denied["verb"] or plain[denied[0]])
    match = _VERB.search(text)
    return _replaced(text, match, f"{match[0]} not") if match else None


def change_comparison(text: str, names: Sequence[str], rng: random.Random) -> str | None:
    """Turn a comparison round."""
    del names
    found = list(_COMPARISON.finditer(text))
    if not found:
        return None
    match = rng.choice(found)
    return _replaced(text, match, _OTHER_WAY[match[0]])


CHANGES: dict[str, Change] = {
    "number": change_number,
    "unit": change_unit,
    "name": change_name,
    "negation": change_denial,
    "comparison": change_comparison,
}


def changed(text: str, names: Sequence[str], rng: random.Random) -> dict[str, str]:
    """Change a sentence in every way that it admits, each by itself."""
    found = {kind: change(text, names, rng) for kind, change in CHANGES.items()}
    return {kind: other for kind, other in found.items() if other is not None and other != text}


def _replaced(text: str, match: "re.Match[str]", other: str) -> str:
    return text[: match.start()] + other + text[match.end() :]


def names_of(text: str) -> list[str]:
    """Find the coined names in a text; not words that a capital makes look like one."""
    found = {match[0] for match in COINED.finditer(text)}
    return sorted(name for name in found if _NAME.fullmatch(name))


def main() -> None:
    """Change the curated answers."""
    papers = {paper_id(each.title): each for each in read_sources([resource("corpus/papers.jsonl")]).listings}
    everywhere = sorted({name for paper in papers.values() for name in names_of(paper.title)})
    rng = random.Random(SEED)  # noqa: S311 - nothing here is a secret
    out = Path("eval/perturbations/curated.jsonl")
    lines = (resource("eval/questions") / "single.jsonl").read_text(encoding="utf-8").splitlines()
    count = 0
    with out.open("w", encoding="utf-8") as file:
        for question in map(json.loads, lines):
            paper = papers[paper_id(question["titles"][0])]
            # A name of the same paper is the harder change: where there is one, it is taken.
            own = names_of(f"{paper.title} {paper.text}")
            for number, sentence in enumerate(sentences(question["answer"]), start=1):
                if len(sentence.text.split()) < FEWEST_WORDS:
                    continue
                others = changed(sentence.text, own, rng)
                if "name" not in others and (name := change_name(sentence.text, everywhere, rng)):
                    others["name"] = name
                if others:
                    count += len(others)
                    line = {
                        "id": f"{question['id']}.{number}",
                        "titles": question["titles"],
                        "original": sentence.text,
                        "changed": others,
                    }
                    file.write(json.dumps(line, ensure_ascii=False) + "\n")
    print(f"{count} changed sentences in {out}")


if __name__ == "__main__":
    main()
