"""Functions for operators on numbers: checks of the default, and rounding."""

from __future__ import annotations

import math
from collections.abc import Callable

from mutegreen.model import Value

LARGEST_WHOLE = 2**53
"""From this number on a float cannot represent every whole number."""


def number(default: Value, needs: str = "a number", where: Callable[[float], bool] = math.isfinite) -> float:
    """Return the default as a finite number.

    Args:
        default: The default value of a hyperparameter.
        needs: The kind of number that the operator needs, for the error.
        where: A further condition that the number must fulfil.

    Raises:
        ValueError: The default is not such a number.
    """
    value = _finite(default)
    if value is None or not where(value):
        raise ValueError(f"needs {needs}, and the default is {_shown(default)}")
    return value


def positive(default: Value) -> float:
    """Return the default as a number above 0.

    Raises:
        ValueError: The default is not such a number.
    """
    return number(default, "a number above 0", lambda value: value > 0)


def fraction(default: Value) -> float:
    """Return the default as a number from 0 to below 1.

    Raises:
        ValueError: The default is not such a number.
    """
    return number(default, "a number from 0 to below 1", lambda value: 0 <= value < 1)


def whole(default: Value) -> int:
    """Return the default as a whole number from 1 on; `14.0` is one, too.

    Raises:
        ValueError: The default is not such a number.
    """
    needs = "a whole number from 1 to below 2**53"
    return int(number(default, needs, lambda value: value.is_integer() and 1 <= value < LARGEST_WHOLE))


def rounded(value: float) -> float:
    """Round to three significant digits, so people can read, type and compare the value."""
    return float(f"{value:.3g}")


def within(value: float, low: float, high: float) -> bool:
    """Return whether a value is finite and in [`low`, `high`]; `high` may be infinite."""
    return math.isfinite(value) and low <= value <= high


def _finite(value: Value) -> float | None:
    if isinstance(value, bool | str):
        return None
    try:
        converted = float(value)
    except OverflowError:
        return None
    return converted if math.isfinite(converted) else None


def _shown(default: Value) -> str:
    text = repr(default) if not isinstance(default, int) or abs(default) < 10**20 else "a number of over 20 digits"
    return text if len(text) <= 60 else f"{text[:60]}..."
