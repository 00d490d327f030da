"""Format shares, p values, counts and values of hyperparameters; quantities with a unit are in `mutegreen.units`."""

from __future__ import annotations

from collections.abc import Collection, Sequence

_UNREADABLE_PERCENT = 99_999.5
_MAX_DIGITS = 17
"""Digits with which any two different floats differ."""


def share(ratio: float | None) -> str:
    """Format a share like `percent`, without sign; `-` for an unknown one."""
    return "-" if ratio is None else percent(ratio).replace("+", "")


def percent(ratio: float) -> str:
    """Format a relative change with its sign and about three digits: `-12.3%`; `>+99999%` for a huge one."""
    share = 100.0 * ratio
    if share >= _UNREADABLE_PERCENT:
        return ">+99999%"
    decimals = 2 if abs(share) < 9.995 else 1 if abs(share) < 99.95 else 0
    shown = f"{share:+.{decimals}f}%"
    return "0.00%" if shown in ("+0.00%", "-0.00%") else shown


def percent_interval(low: float, high: float) -> str:
    """Format the interval of a relative change in percent, with the decimals of the larger end: `[-13.9, -11.8]`."""
    largest = 100.0 * max(abs(low), abs(high))
    decimals = 2 if largest < 9.995 else 1 if largest < 99.95 else 0
    ends = (f"{100.0 * end:+.{decimals}f}" if 100.0 * end < _UNREADABLE_PERCENT else ">+99999" for end in (low, high))
    return f"[{', '.join(ends)}]"


def p_value(p: float) -> str:
    """Format a p value with three decimals, or as `<0.001`."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def count_range(counts: Collection[int]) -> str:
    """Format counts as their range: `5`, `3 to 5`."""
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low} to {high}"


def value_labels(several: Sequence[float | str | None]) -> list[str]:
    """Format values of one hyperparameter, with as few digits (but at least three) as keep different ones different."""
    for digits in range(3, _MAX_DIGITS + 1):
        shown = [value_label(value, digits) for value in several]
        if len(set(shown)) == len(set(several)):
            break
    return shown


def value_label(value: float | str | None, digits: int = 6) -> str:
    """Format one value: a number with that many digits (more, to show 1500 in full), text as it is, None as `none`."""
    if value is None:
        return "none"
    if isinstance(value, str):
        return value
    whole = len(f"{abs(value):.0f}")
    return f"{value:.{max(digits, whole) if whole <= _MAX_DIGITS else digits}g}"
