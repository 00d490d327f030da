"""What operators on numbers share: checks of the default, and rounding."""

from __future__ import annotations

import math
from collections.abc import Callable

from mutegreen.model import Value

LARGEST_WHOLE = 2**53
"""From here on a float no longer holds every whole number."""


def number(default: Value, needs: str = "a number", where: Callable[[float], bool] = math.isfinite) -> float:
    """The default as a finite number.

    Args:
        default: A hyperparameter's default.
        needs: What the operator needs, for the error.
        where: What must hold for the number besides being finite.

    Raises:
        ValueError: It is not such a number.
    """
    value = _finite(default)
    if value is None or not where(value):
        raise ValueError(f"needs {needs}, and the default is {_shown(default)}")
    return value


def positive(default: Value) -> float:
    """The default as a number above 0.

    Raises:
        ValueError: It is not one.
    """
    return number(default, "a number above 0", lambda value: value > 0)


def fraction(default: Value) -> float:
    """The default as a number from 0 up to, but not including, 1.

    Raises:
        ValueError: It is not one.
    """
    return number(default, "a number from 0 to below 1", lambda value: 0 <= value < 1)


def whole(default: Value) -> int:
    """The default as a whole number of at least 1; `14.0` is one too.

    Raises:
        ValueError: It is not one.
    """
    needs = "a whole number from 1 to below 2**53"
    return int(number(default, needs, lambda value: value.is_integer() and 1 <= value < LARGEST_WHOLE))


def rounded(value: float) -> float:
    """To three significant digits: values that people can read, type and compare."""
    return float(f"{value:.3g}")


def within(value: float, low: float, high: float) -> bool:
    """Whether a value is finite and from `low` to `high`, ends included (`high` may have overflowed)."""
    return math.isfinite(value) and low <= value <= high


def _finite(value: Value) -> float | None:
    if isinstance(value, bool | str):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def _shown(default: Value) -> str:
    text = repr(default) if not isinstance(default, int) or abs(default) < 10**20 else "a number of over 20 digits"
    return text if len(text) <= 60 else f"{text[:60]}..."
