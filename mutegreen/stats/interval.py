"""Intervals: a value with its 95 % confidence interval, as every record of an analysis holds it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

KEYS = "keys"
"""Key of a dataclass field's metadata that holds the three keys under which JSON and CSV write its `Interval`."""


@dataclass(frozen=True)
class Interval:
    """A value and the ends of its 95 % confidence interval, in the unit that its owner documents.

    Every part is a finite number, or None if it is not known. A value may be known without its ends: repetitions do not
    vary, or there are too few of them. Where all three are known, low <= high; the value of a bootstrap interval
    may lie outside it.

    Args:
        value: The point estimate.
        low: The lower end.
        high: The upper end.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, value: float, low: float = math.nan, high: float = math.nan) -> Interval:
        """Return the interval of numbers; NaN or infinity means that a number is not known."""
        return cls(known(value), known(low), known(high))

    @property
    def ends(self) -> tuple[float, float] | None:
        """Low and high; None unless both are known."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    def map(self, function: Callable[[float], float]) -> Interval:
        """Return the interval of a strictly monotone function of the value.

        A decreasing function exchanges the ends, so that low <= high still holds. Parts that are not known, or that the
        function maps to NaN or infinity, are not known in the result.

        Args:
            function: Strictly increasing or strictly decreasing on the range of the three parts.
        """
        before = (self.low, self.value, self.high)
        low, value, high = after = tuple(None if part is None else known(function(part)) for part in before)
        return Interval(value, high, low) if _decreases(before, after) else Interval(value, low, high)


UNKNOWN = Interval()
"""Neither value nor ends are known."""


def known(number: float) -> float | None:
    """Return the number as a Python float; None for NaN or infinity."""
    return float(number) if math.isfinite(number) else None


def known_each(numbers: NDArray[np.float64]) -> list[float | None]:
    """Return numbers of shape (A,) as a list; None for NaN or infinity."""
    return [number if finite else None for number, finite in zip(numbers.tolist(), np.isfinite(numbers), strict=True)]


def intervals(value: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> list[Interval]:
    """Return the intervals of A arms, from arrays of shape (A,); NaN or infinity means not known."""
    return list(map(Interval, known_each(value), known_each(low), known_each(high)))


def or_nan(number: float | None) -> float:
    """Return the number; NaN for None."""
    return math.nan if number is None else number


def _decreases(before: Sequence[float | None], after: Sequence[float | None]) -> bool:
    """Whether a function decreases between the first and the last point with known coordinates."""
    points = [(x, y) for x, y in zip(before, after, strict=True) if x is not None and y is not None]
    if len(points) < 2:
        return False
    (x, y), (other_x, other_y) = points[0], points[-1]
    return (x < other_x and y > other_y) or (x > other_x and y < other_y)


def written_as(value: str, low: str, high: str) -> dict[str, tuple[str, str, str]]:
    """Return the metadata of a dataclass field with an `Interval`: the three keys under which JSON and CSV write it.

    Without it the keys are the field's name, and the name with `_low` and `_high`.
    Example: `doubling: Interval = field(metadata=written_as("doubling", "low", "high"))`.
    """
    return {KEYS: (value, low, high)}
