"""Format quantities for people: a value with its unit, the same in every command, table and figure.

The functions take joules, watts and seconds and return text with three significant digits, and an SI prefix for joules
and watts. A quantity that is not zero is never shown as zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

MICRO = "\N{MICRO SIGN}"

_PREFIXES = {-3: "n", -2: MICRO, -1: "m", 0: "", 1: "k", 2: "M", 3: "G", 4: "T"}
"""SI prefixes by the power of 1000."""

_TIMES = ((172_800.0, 86_400.0, "days"), (7_200.0, 3_600.0, "h"), (120.0, 60.0, "min"))
"""For each unit of time: from how many seconds it is used, its length in seconds, its name."""

_SPLIT_SECOND_S = 0.1
"""Times below this, in seconds, are shown in milliseconds or microseconds."""

_ROUNDING = 1e-12
"""Relative rounding error of a sum of measured energies: a few thousand times that of one operation on floats."""

DIGITS = 3
ESTIMATE_DIGITS = 2
"""Significant digits of an expected time."""


@dataclass(frozen=True)
class UnitScale:
    """A unit for several values: a value divided by `size` is in `unit`."""

    size: float
    unit: str

    def label(self, name: str) -> str:
        """Return the name of a quantity with this unit: `energy (kJ)`."""
        return f"{name} ({self.unit})" if self.unit else name


def si_scale(largest: float, unit: str) -> UnitScale:
    """Return the prefixed unit in which a value of `unit` has one to three digits before the point.

    Args:
        largest: The largest of the values, in `unit`; 0 gives the unit without a prefix.
        unit: `J` or `W`.
    """
    rounded = _rounded(largest, DIGITS)
    power = math.floor(math.log10(abs(rounded)) / 3 + 1e-9) if rounded else 0
    power = min(max(power, min(_PREFIXES)), max(_PREFIXES))
    return UnitScale(1000.0**power, _PREFIXES[power] + unit)


def time_scale(longest_s: float) -> UnitScale:
    """Return the unit of times: seconds, minutes from 2 min, hours from 2 h, days from 2 days.

    Args:
        longest_s: The longest of the times, seconds.
    """
    return next(
        (UnitScale(size, unit) for least_s, size, unit in _TIMES if abs(longest_s) >= least_s), UnitScale(1.0, "s")
    )


def scale_of(metric: str, largest: float) -> UnitScale:
    """Return the unit for values of one of `mutegreen.model.METRICS`, up to the largest; performance has none."""
    if metric == "performance":
        return UnitScale(1.0, "")
    return time_scale(largest) if metric.endswith("_s") else si_scale(largest, "J")


def energy(joules: float) -> str:
    """Return an energy with a prefix: `5.10 kJ`, `400 µJ`."""
    return _with_prefix(joules, "J")


def energy_difference(joules: float, minuend_j: float) -> str:
    """Return a difference of energies as text; one that is rounding error of the subtraction is `0 J`.

    Args:
        joules: The difference.
        minuend_j: The energy from which another was subtracted, joules.
    """
    return energy(0.0 if abs(joules) <= _ROUNDING * abs(minuend_j) else joules)


def power(watts: float) -> str:
    """Return a power with a prefix: `1.20 kW`."""
    return _with_prefix(watts, "W")


def duration(seconds: float, digits: int = DIGITS) -> str:
    """Return a time: `41.2 ms`, `3.08 s`, `12.4 min`, `2.32 days`.

    Args:
        seconds: The time.
        digits: Significant digits.
    """
    if 0 < abs(seconds) < _SPLIT_SECOND_S or not math.isfinite(seconds):
        return _with_prefix(seconds, "s", digits)
    scale = time_scale(seconds)
    return f"{_digits(seconds / scale.size, digits)} {scale.unit}"


def expected_duration(seconds: float) -> str:
    """Return an expected time, with two significant digits: `45 s`, `3.1 min`."""
    return duration(seconds, ESTIMATE_DIGITS)


def quantity(metric: str, value: float) -> str:
    """Return a value of one of `mutegreen.model.METRICS` in its unit; performance has none and gets four digits."""
    if metric == "performance":
        return f"{value:.4g}"
    return duration(value) if metric.endswith("_s") else energy(value)


def _with_prefix(value: float, unit: str, digits: int = DIGITS) -> str:
    if not math.isfinite(value):
        return f"{value} {unit}"
    scale = si_scale(value, unit)
    return f"{_digits(value / scale.size, digits)} {scale.unit}"


def _digits(number: float, digits: int) -> str:
    """Return a number with so many significant digits; below 1 with as many decimals as 1 has, if any is not 0."""
    rounded = _rounded(number, digits)
    if rounded == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(rounded)))
    if magnitude <= -digits:
        return f"{rounded:.{digits}g}"
    return f"{rounded:.{min(max(digits - 1 - magnitude, 0), digits - 1)}f}"


def _rounded(number: float, digits: int) -> float:
    return float(f"{number:.{digits}g}")
