"""Numbers and their units, written in one way."""

import re
from dataclasses import dataclass

_SMALL = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]
_WORDS = {word: float(value) for value, word in enumerate(_SMALL)} | {
    "twenty": 20.0, "thirty": 30.0, "forty": 40.0, "fifty": 50.0, "hundred": 100.0, "thousand": 1e3,
    "half": 0.5, "halves": 0.5, "halved": 0.5, "halving": 0.5, "twice": 2.0, "double": 2.0, "doubles": 2.0,
    "doubled": 2.0, "triple": 3.0, "triples": 3.0, "tripled": 3.0, "third": 1 / 3, "quarter": 0.25,
    "dozen": 12.0, "single": 1.0, "once": 1.0, "both": 2.0, "first": 1.0, "second": 2.0,
}  # fmt: skip
_SCALES = {
    "k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "million": 1e6, "millions": 1e6, "b": 1e9, "bn": 1e9,
    "billion": 1e9, "billions": 1e9, "g": 1e9, "t": 1e12, "trillion": 1e12,
}  # fmt: skip
_UNITS = {
    "%": "percent", "percent": "percent", "per cent": "percent", "percentage points": "point",
    "percentage point": "point", "points": "point", "point": "point", "pp": "point",
    "x": "times", "×": "times", "times": "times", "fold": "times", "-fold": "times",
    "ms": "millisecond", "millisecond": "millisecond", "milliseconds": "millisecond",
    "s": "second", "sec": "second", "secs": "second", "second": "second", "seconds": "second",
    "min": "minute", "mins": "minute", "minute": "minute", "minutes": "minute",
    "h": "hour", "hr": "hour", "hrs": "hour", "hour": "hour", "hours": "hour",
    "day": "day", "days": "day", "week": "week", "weeks": "week", "month": "month", "months": "month",
    "year": "year", "years": "year",
    "kb": "kilobyte", "mb": "megabyte", "gb": "gigabyte", "tb": "terabyte",
    "gib": "gigabyte", "mib": "megabyte", "gflops": "gigaflop", "gflop": "gigaflop", "flops": "flop",
    "mflops": "megaflop", "tflops": "teraflop",
    "fps": "fps", "hz": "hertz", "khz": "kilohertz", "mhz": "megahertz", "ghz": "gigahertz",
    "db": "decibel", "bit": "bit", "bits": "bit", "-bit": "bit",
    "kbps": "kbps", "mbps": "mbps",
    "mm": "millimetre", "cm": "centimetre", "km": "kilometre", "metre": "metre", "metres": "metre",
    "meter": "metre", "meters": "metre", "mile": "mile", "miles": "mile", "inch": "inch", "inches": "inch",
    "foot": "foot", "feet": "foot", "ft": "foot",
    "kg": "kilogram", "pound": "pound", "pounds": "pound", "lbs": "pound",
    "ounce": "ounce", "ounces": "ounce", "oz": "ounce", "cup": "cup", "cups": "cup",
    "degree": "degree", "degrees": "degree", "°": "degree", "°f": "degree", "°c": "degree",
    "$": "dollar", "dollar": "dollar", "dollars": "dollar", "€": "euro", "euro": "euro", "euros": "euro",
}  # fmt: skip

_NUMBER = re.compile(
    r"""
    (?P<before>[$€£])?\s?
    (?: (?<![\w.]) | (?<=\dx) )(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d*\.?\d+)
    (?: \s? (?P<scale>thousand|millions?|billions?|trillion|bn|mn|[kKMBGT](?![A-Za-z])) )?
    (?: [\s-]? (?P<after>%|percent(?:age\ points?)?|per\ cent|×|°\s?[FC]?|[A-Za-z]+) )?
    """,
    re.VERBOSE,
)
_NUMBER_WORD = re.compile(
    r"\b(?P<word>" + "|".join(sorted(_WORDS, key=len, reverse=True)) + r")\b(?:[\s-]?(?P<after>[A-Za-z]+))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a text."""

    value: float
    unit: str
    """Empty where none is known by name: then it counts something, or is a name or a score."""
    start: int
    end: int
    written: str
    exact: bool = True
    """Whether it stands in digits."""

    def same_value(self, other: "Quantity") -> bool:
        """Tell whether two numbers are one, however they are written."""
        return abs(self.value - other.value) <= 1e-9 * max(abs(self.value), abs(other.value))


def quantities(text: str) -> list[Quantity]:
    """Find the numbers of a text with their units.

    >>> [(found.value, found.unit) for found in quantities("1,000 images, 3.1x faster, 12M, half a percent")]
    [(1000.0, ''), (3.1, 'times'), (12000000.0, ''), (0.5, '')]
    """
    found = []
    for match in _NUMBER.finditer(text):
        value = float(match["digits"].replace(",", ""))
        value *= _SCALES.get((match["scale"] or "").casefold(), 1.0)
        found.append(_quantity(match, value, "digits"))
    found += [
        _quantity(match, _WORDS[match["word"].casefold()], "word") for match in _NUMBER_WORD.finditer(text)
    ]
    return sorted(found, key=lambda one: one.start)


def _quantity(match: "re.Match[str]", value: float, group: str) -> Quantity:
    before = (match.groupdict().get("before") or "").strip()
    unit = _UNITS.get(before) or _UNITS.get(" ".join((match["after"] or "").casefold().split()), "")
    return Quantity(value, unit, match.start(group), match.end(group), match[0].strip(), group == "digits")
