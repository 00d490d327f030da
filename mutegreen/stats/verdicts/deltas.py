"""Cliff's delta of every arm over the original, with asymmetric intervals, in n log n steps.

With n observations x_i of an arm and m observations y_j of the original, d_ij = sign(x_i - y_j):

    delta = mean of d_ij,    d_i. and d_.j the means over j and over i (row and column dominances)

    s^2 = (m^2 sum_i (d_i. - delta)^2 + n^2 sum_j (d_.j - delta)^2 - sum_ij (d_ij - delta)^2)
          / (n m (n - 1) (m - 1)),    at least (1 - delta^2) / (n m - 1)

    ends = (delta - delta^3 -+ z s sqrt((1 - delta^2)^2 + z^2 s^2)) / (1 - delta^2 + z^2 s^2)

    sum_ij (d_ij - delta)^2 = n m - ties - n m delta^2,    as d_ij^2 is 1 but for ties

Where delta is 1 or -1 nothing varies; the inner end is then (1 - z^2 / k) / (1 + z^2 / k), k = min(n, m), with its
sign.

Sources: Cliff, "Ordinal Methods for Behavioral Data Analysis", 1996 (unbiased variance and its minimum); Feng & Cliff,
"Monte Carlo evaluation of ordinal d with improved confidence interval", 2004 (interval).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from mutegreen.stats.model.block_model import Codes, Floats, sums
from mutegreen.stats.settings import CONFIDENCE, MIN_REPETITIONS
from mutegreen.stats.verdicts.effect import dominance


@dataclass(frozen=True)
class Deltas:
    """Cliff's delta of every arm over the first, with its interval; shape (A,), NaN where not known."""

    delta: Floats
    low: Floats
    high: Floats


def cliffs_deltas(observations: Floats, arms: Codes, n_arms: int, confidence: float = CONFIDENCE) -> Deltas:
    """Return Cliff's deltas of all arms; their intervals are asymmetric and lie within -1 and 1.

    Args:
        observations: Shape (N,), finite.
        arms: Shape (N,), from 0 to n_arms - 1; arm 0 is the original.
        n_arms: Number of arms.
        confidence: Of each interval separately.
    """
    n = np.bincount(arms, minlength=n_arms).astype(float)
    original = observations[arms == 0]
    rows = dominance(observations, original)
    z = float(special.ndtri((1 + confidence) / 2))
    with np.errstate(all="ignore"):
        delta = sums(arms, rows, n_arms) / n
        columns, ties = _columns(observations, arms, original, n)
        around = sums(arms, (rows - delta[arms]) ** 2, n_arms), ((columns - delta[:, None]) ** 2).sum(axis=1)
        variance = _variance(delta, around, ties, n, len(original))
        low, high = _interval(delta, z * z * variance, z * z / np.minimum(n, len(original)))
    enough = np.minimum(n, len(original)) >= MIN_REPETITIONS
    return Deltas(delta, np.where(enough, low, np.nan), np.where(enough, high, np.nan))


def _columns(observations: Floats, arms: Codes, original: Floats, n: Floats) -> tuple[Floats, Floats]:
    """Column dominances d_.j of each arm, shape (A, m), the original sorted; and the number of ties, shape (A,)."""
    ordered, width = np.sort(original), len(original) + 1
    # An observation is at most the j-th of the original if j or fewer of these lie below it (searchsorted "left"), and
    # below the j-th if j or fewer are at most equal to it ("right").
    at_most, below = (
        np.bincount(arms * width + np.searchsorted(ordered, observations, side), minlength=len(n) * width)
        .reshape(-1, width)[:, :-1]
        .cumsum(axis=1)
        for side in ("left", "right")
    )
    return 1 - (at_most + below) / n[:, None], (at_most - below).sum(axis=1).astype(float)


def _variance(delta: Floats, around: tuple[Floats, Floats], ties: Floats, n: Floats, m: int) -> Floats:
    """Unbiased variance s^2 of delta, at least its minimum, shape (A,).

    Args:
        delta: Shape (A,).
        around: Sums of squares of the row and of the column dominances around delta, shape (A,) each.
        ties: Number of pairs that tie, shape (A,).
        n: Observations of each arm, shape (A,).
        m: Observations of the original.
    """
    pairs = n * m - ties - n * m * delta**2
    unbiased = (m * m * around[0] + n * n * around[1] - pairs) / (n * m * (n - 1) * (m - 1))
    return np.maximum(unbiased, (1 - delta**2) / (n * m - 1))


def _interval(delta: Floats, wide: Floats, small: Floats) -> tuple[Floats, Floats]:
    """Both ends of the intervals, shape (A,) each.

    Args:
        delta: Shape (A,).
        wide: z^2 s^2, shape (A,).
        small: z^2 / k, shape (A,).
    """
    apart = 1 - delta**2
    middle, half = delta - delta**3, np.sqrt(wide * (apart**2 + wide))
    bound = (1 - small) / (1 + small)
    low = np.where(delta == 1, bound, np.where(delta == -1, -1.0, (middle - half) / (apart + wide)))
    high = np.where(delta == -1, -bound, np.where(delta == 1, 1.0, (middle + half) / (apart + wide)))
    return np.clip(low, -1.0, 1.0), np.clip(high, -1.0, 1.0)
