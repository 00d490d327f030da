"""Medians with their spread, and rows of text."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import pandas as pd


def interval(values: Sequence[float]) -> tuple[float, float]:
    """About 95 % confidence of the median, from the order of the values alone (binomial, normal approximation)."""
    ordered = sorted(values)
    place = max(0, math.floor(len(ordered) / 2 - 0.98 * math.sqrt(len(ordered))))
    return ordered[place], ordered[-1 - place]


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Return the median with the smallest and the largest."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} .. {max(values):.{digits}f})"


def median_with_interval(values: Sequence[float], digits: int = 2) -> str:
    """Return the median with its interval, then the smallest and the largest."""
    low, high = interval(values)
    middle = f"{statistics.median(values):+.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}]"
    return f"{middle} ({min(values):+.{digits}f} .. {max(values):+.{digits}f})"


def show(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table in markdown, under its title."""
    frame = pd.DataFrame(rows, columns=list(heads))
    table = frame.to_markdown(index=False, disable_numparse=True)
    print(f"\n{title}\n\n{table}", flush=True)
