"""How far a fitted curve can be trusted: whether it fits at all, and standard errors of what is read off it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from mutegreen.stats.interval import Interval
from mutegreen.stats.model.block_model import Floats
from mutegreen.stats.settings import CONFIDENCE
from mutegreen.stats.trend.curve import ROUNDING, Curve, Points

PRELIMINARY_ALPHA = 0.25
"""P of the lack of fit up to which it counts as noise (Bozivich, Bancroft & Hartley, "Power of analysis of variance
test procedures for certain incompletely specified models", 1956): at 5 % too much of it would go unseen."""


@dataclass(frozen=True)
class Noise:
    """Variance of a figure around the curve.

    Args:
        variance: Shape (K,), for each of K points.
        df: Shape (K,), degrees of freedom of each variance.
        shared: Degrees of freedom where all points have one and the same variance from one estimate; else None.
        lack_of_fit_p: P of the hypothesis that the points lie on the curve; None where that cannot be asked.
    """

    variance: Floats
    df: Floats
    shared: float | None
    lack_of_fit_p: float | None


@dataclass(frozen=True)
class Estimate:
    """A figure read off a curve, on the scale fitted, with the ends of its 95 % interval; all may be infinite or NaN.

    Args:
        p: Two-sided, of 0.
    """

    value: float
    low: float
    high: float
    p: float

    def mapped(self, increasing: Callable[[float], float]) -> Interval:
        """The interval of an increasing function of the figure, of which infinite parts are not known."""
        return Interval.of(*(float(increasing(part)) for part in (self.value, self.low, self.high)))


def noise_of(points: Points, curve: Curve) -> Noise | None:
    """The noise to reckon with: of the repetitions where the curve fits, else of the points around the curve.

    A hyperparameter whose arms differ more than their repetitions do has a source of noise that repetitions do not
    show, such as the order of trainings; standard errors from repetitions alone would take it for a trend.

    Returns:
        None where nothing tells the noise: two points, or all figures on the curve, without repetitions.
    """
    p = lack_of_fit(points, curve)
    if points.is_noisy and (p is None or p > PRELIMINARY_ALPHA):
        return Noise(points.variance, points.df, None, p)
    beyond = len(points.n) - 2
    if beyond < 1:
        return None
    square = float(points.n @ curve.residual**2) / beyond
    everywhere = np.ones_like(points.n)
    return Noise(square * everywhere, beyond * everywhere, float(beyond), p)


def lack_of_fit(points: Points, curve: Curve) -> float | None:
    """P of the F test for lack of fit against the pure error of the repetitions.

    The classical F ratio (Draper & Smith, "Applied Regression Analysis", 1998, chapter 2), with a noise of its own for
    every arm and Box's degrees of freedom ("Some theorems on quadratic forms", 1954; Brunner, Dette & Munk, "Box-type
    approximations in nonparametric factorial designs", 1997), because one noisy arm would otherwise pass for a bend.

    Returns:
        None with two points, which lie on every curve, or without repetitions.
    """
    if len(points.n) <= 2 or not points.is_noisy:
        return None
    square = float(points.n @ curve.residual**2)
    if square <= points.n.sum() * (ROUNDING * points.scale) ** 2:
        return 1.0
    basis = np.linalg.qr(np.sqrt(points.n)[:, None] * curve.slope)[0]
    left = 1 - (basis**2).sum(axis=1)
    expected = left * points.variance
    if not expected.sum() > 0:
        return 0.0
    twice = basis.T @ (points.variance[:, None] * basis)
    spread = (points.variance**2 * (2 * left - 1)).sum() + (twice * twice.T).sum()
    df = expected.sum() ** 2 / spread, expected.sum() ** 2 / (expected**2 / points.df).sum()
    return float(special.fdtrc(*df, square / expected.sum()))


def estimate(points: Points, curve: Curve, noise: Noise, value: float, gradient: ArrayLike) -> Estimate:
    """A figure with its interval by Student's t, degrees of freedom by Welch and Satterthwaite.

    Args:
        points: The points.
        curve: Fitted to them.
        noise: Around it.
        value: The figure.
        gradient: Shape (2,), how it moves with the curve's ends.
    """
    root = np.sqrt(points.n)
    weight = np.asarray(gradient) @ np.linalg.pinv(root[:, None] * curve.slope) * root
    parts = weight**2 * noise.variance / points.n
    # The triangle inequality's bound: blocks in which arms are missing join the errors of arms in ways not kept here.
    unbalanced = 0.0 if noise.shared else float(np.abs(weight) @ np.sqrt(points.imbalance)) ** 2
    error = float(np.sqrt(parts.sum() + unbalanced))
    if error == 0:
        return Estimate(value, value, value, float(value == 0))
    df = noise.shared or _satterthwaite(parts, noise.df)
    half = float(special.stdtrit(df, (1 + CONFIDENCE) / 2)) * error
    return Estimate(value, value - half, value + half, float(2 * special.stdtr(df, -abs(value) / error)))


def _satterthwaite(parts: Floats, df: Floats) -> float:
    """Degrees of freedom of a sum of variances; those of the least known one where all are 0."""
    squares = float((parts**2 / df).sum())
    return float(parts.sum() ** 2 / squares) if squares else float(df.min())
