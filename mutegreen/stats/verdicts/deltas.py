"""Cliff's delta of many arms over the original, with intervals, in n log n steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from mutegreen.stats.model.block_model import Codes, Floats, sums
from mutegreen.stats.settings import CONFIDENCE, MIN_REPETITIONS
from mutegreen.stats.verdicts.effect import dominance


@dataclass(frozen=True)
class Deltas:
    """Cliff's delta of every arm over the first, and its interval; shape (A,), NaN where not known."""

    delta: Floats
    low: Floats
    high: Floats


def cliffs_deltas(figures: Floats, arms: Codes, n_arms: int, confidence: float = CONFIDENCE) -> Deltas:
    """Cliff's deltas of all arms.

    The interval is that of Feng & Cliff ("Monte Carlo evaluation of ordinal d with improved confidence interval",
    2004), on Cliff's unbiased variance (1996): not symmetric, and never beyond -1 and 1.

    Args:
        figures: Shape (N,), finite.
        arms: Shape (N,), from 0 to n_arms - 1; arm 0 is the original.
        n_arms: Arms there are.
        confidence: Of each interval by itself.
    """
    n = np.bincount(arms, minlength=n_arms).astype(float)
    original = figures[arms == 0]
    rows = dominance(figures, original)
    z = float(special.ndtri((1 + confidence) / 2))
    with np.errstate(all="ignore"):
        delta = sums(arms, rows, n_arms) / n
        columns, ties = _columns(figures, arms, original, n)
        around = sums(arms, (rows - delta[arms]) ** 2, n_arms), ((columns - delta[:, None]) ** 2).sum(axis=1)
        variance = _variance(delta, around, ties, n, len(original))
        low, high = _interval(delta, z * z * variance, z * z / np.minimum(n, len(original)))
    enough = np.minimum(n, len(original)) >= MIN_REPETITIONS
    return Deltas(delta, np.where(enough, low, np.nan), np.where(enough, high, np.nan))


def _columns(figures: Floats, arms: Codes, original: Floats, n: Floats) -> tuple[Floats, Floats]:
    """For each arm, its share above each figure of the original, sorted, less that below; and pairs that tie."""
    ordered, width = np.sort(original), len(original) + 1
    # A figure is at most the j-th of these if j or fewer lie below it, and below the j-th if j or fewer are at most it.
    at_most, below = (
        np.bincount(arms * width + np.searchsorted(ordered, figures, side), minlength=len(n) * width)
        .reshape(-1, width)[:, :-1]
        .cumsum(axis=1)
        for side in ("left", "right")
    )
    return 1 - (at_most + below) / n[:, None], (at_most - below).sum(axis=1).astype(float)


def _variance(delta: Floats, around: tuple[Floats, Floats], ties: Floats, n: Floats, m: int) -> Floats:
    """Cliff's unbiased variance of delta, not less than the least that he allows.

    Args:
        delta: The deltas.
        around: Squares of rows' and of columns' dominance around delta, summed.
        ties: Pairs that tie.
        n: Figures of each arm.
        m: Figures of the original.
    """
    pairs = n * m - ties - n * m * delta**2
    unbiased = (m * m * around[0] + n * n * around[1] - pairs) / (n * m * (n - 1) * (m - 1))
    return np.maximum(unbiased, (1 - delta**2) / (n * m - 1))


def _interval(delta: Floats, wide: Floats, small: Floats) -> tuple[Floats, Floats]:
    """Both ends.

    Args:
        delta: The deltas.
        wide: z squared times the variance of delta.
        small: z squared over the smaller sample; the bound where no pair contradicts, and so nothing varies.
    """
    apart = 1 - delta**2
    middle, half = delta - delta**3, np.sqrt(wide * (apart**2 + wide))
    bound = (1 - small) / (1 + small)
    low = np.where(delta == 1, bound, np.where(delta == -1, -1.0, (middle - half) / (apart + wide)))
    high = np.where(delta == -1, -bound, np.where(delta == 1, 1.0, (middle + half) / (apart + wide)))
    return np.clip(low, -1.0, 1.0), np.clip(high, -1.0, 1.0)
