"""Figures as people read them: short, with a unit, of plain ASCII so that any terminal or pipe can show them."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

_PREFIXES = {-1: "m", 0: "", 1: "k", 2: "M", 3: "G", 4: "T"}
_MINUTE_S = 60.0
_HOUR_S = 3600.0
_UNREADABLE_PERCENT = 99_999.5
_MOST_DIGITS = 17
"""Digits that tell any two floats apart."""


def energy(joules: float) -> str:
    """Three digits with a prefix: `5.10 kJ`."""
    rounded = float(f"{joules:.3g}")
    power = math.floor(math.log10(abs(rounded)) / 3) if rounded else 0
    power = min(max(power, min(_PREFIXES)), max(_PREFIXES))
    return f"{_three_digits(rounded / 1000.0**power)} {_PREFIXES[power]}J"


def duration(seconds: float) -> str:
    """In seconds, from two minutes on in minutes, from two hours on in hours: `3.08 min`."""
    for unit_s, name in ((_HOUR_S, "h"), (_MINUTE_S, "min")):
        if seconds >= 2 * unit_s:
            return f"{_three_digits(seconds / unit_s)} {name}"
    return f"{_three_digits(seconds)} s"


def figure(metric: str, value: float) -> str:
    """A figure of one of `mutegreen.model.METRICS` in its unit; performance has none and gets four digits."""
    if metric == "performance":
        return f"{value:.4g}"
    return duration(value) if metric == "duration_s" else energy(value)


def share(ratio: float | None) -> str:
    """A share as `percent` writes it, without sign; `-` for what is not known."""
    return "-" if ratio is None else percent(ratio).replace("+", "")


def percent(ratio: float) -> str:
    """A relative change with its sign and about three digits: `-12.3%`; `>+99999%` for what nobody would read."""
    share = 100.0 * ratio
    if share >= _UNREADABLE_PERCENT:
        return ">+99999%"
    decimals = 2 if abs(share) < 9.995 else 1 if abs(share) < 99.95 else 0
    shown = f"{share:+.{decimals}f}%"
    return "0.00%" if shown in ("+0.00%", "-0.00%") else shown


def interval(low: float, high: float) -> str:
    """The ends of a relative change, as precise as `percent` would be for the larger: `[-13.9, -11.8]`."""
    largest = 100.0 * max(abs(low), abs(high))
    decimals = 2 if largest < 9.995 else 1 if largest < 99.95 else 0
    ends = (f"{100.0 * end:+.{decimals}f}" if 100.0 * end < _UNREADABLE_PERCENT else ">+99999" for end in (low, high))
    return f"[{', '.join(ends)}]"


def p_value(p: float) -> str:
    """Three decimals, or `<0.001`."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def span(counts: Collection[int]) -> str:
    """The only count, or the least and the largest: `5`, `3 to 5`."""
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low} to {high}"


def values(several: Sequence[float | str | None]) -> list[str]:
    """Values of one hyperparameter, with as few digits (but at least three) as keep different ones apart."""
    for digits in range(3, _MOST_DIGITS + 1):
        shown = [value_label(value, digits) for value in several]
        if len(set(shown)) == len(set(several)):
            break
    return shown


def value_label(value: float | str | None, digits: int = 6) -> str:
    """One value: a number with that many digits (more, to show 1500 in full), text as it is, `none` for none."""
    if value is None:
        return "none"
    if isinstance(value, str):
        return value
    whole = len(f"{abs(value):.0f}")
    return f"{value:.{max(digits, whole) if whole <= _MOST_DIGITS else digits}g}"


def _three_digits(number: float) -> str:
    decimals = 2 if abs(number) < 9.995 else 1 if abs(number) < 99.95 else 0
    return f"{number:.{decimals}f}"
