"""The gate: whether a run is worse than its baseline, beyond noise and beyond what is worth stopping for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """One gated measure of one suite, now and in the baseline."""

    suite: str
    measure: str
    now: float
    """The mean of this run: over the questions compared, or over all where none can be."""
    before: float | None
    """The mean of the baseline over the same questions."""
    floor: float | None
    """What it may not be below, by the gate's settings."""
    difference: float | None
    low: float | None
    high: float | None
    """The 95 % interval of the difference, now less before."""
    p: float | None
    """One-sided: how likely so great a loss is by chance."""
    adjusted: float | None
    """The same, Holm-corrected over the gated measures."""
    failed: bool
    reason: str
    """One sentence; empty where it passed."""


@dataclass(frozen=True, slots=True)
class Flip:
    """A question whose gated measure, which is 0 or 1, is the other now."""

    key: str
    measure: str
    before: float
    now: float
    before_answer: Mapping[str, Any] | None
    now_answer: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class GateReport:
    """What the gate says of a run."""

    comparisons: tuple[Comparison, ...]
    flips: tuple[Flip, ...]
    passed: bool
    notes: tuple[str, ...] = ()
    """What could not be compared, and why; one sentence each."""
