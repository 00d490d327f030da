"""Accuracy of a fitted curve: F test for lack of fit, and standard errors of linear functions of its parameters.

With X = sqrt(n_k) df_k / dc, shape (K, 2), of `curve`, an estimate with the gradient g, shape (2,), with respect to c
has the weights a = g X^+ sqrt(n), shape (K,), of the means m, and by the delta method

    Var = sum over k of a_k^2 s_k^2 / n_k + (sum over k of |a_k| sqrt(imbalance_k))^2

    s_k^2        variance of an observation: from repetitions where the curve fits, else from the scatter of the means
                 around the curve, sum over k of n_k (m_k - f_k)^2 / (K - 2), the same for all k
    imbalance_k  variance of the difference of arm k to the original that is due to incomplete blocks

The second term is an upper bound (triangle inequality): the covariance of arms in incomplete blocks is not kept. It is
0 where s_k^2 is from the scatter, which contains it. Interval and p value are from Student's t. Its degrees of freedom
are K - 2 where s_k^2 is from the scatter, otherwise those of Welch and Satterthwaite for the first sum.
"""

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
"""Level of the preliminary test for lack of fit (Bozivich, Bancroft & Hartley, "Power of analysis of variance test
procedures for certain incompletely specified models", 1956): at 5 % too many lacks of fit would not be detected."""


@dataclass(frozen=True)
class CurveNoise:
    """Variance of an observation around the curve.

    Args:
        variance: Shape (K,), for each of K points.
        df: Shape (K,), degrees of freedom of each variance.
        shared: Degrees of freedom where one estimate of the variance is used for all points; else None.
        lack_of_fit_p: P value of the hypothesis that the points lie on the curve; None where there is no test.
    """

    variance: Floats
    df: Floats
    shared: float | None
    lack_of_fit_p: float | None


@dataclass(frozen=True)
class CurveEstimate:
    """A function of a curve's parameters with the ends of its 95 % interval; all may be infinite or NaN.

    Args:
        p: Two-sided p value of 0.
    """

    value: float
    low: float
    high: float
    p: float

    def mapped(self, increasing: Callable[[float], float]) -> Interval:
        """Return the interval of an increasing function of the value; infinite parts are not known."""
        return Interval.of(*(float(increasing(part)) for part in (self.value, self.low, self.high)))


def noise_of(points: Points, curve: Curve) -> CurveNoise | None:
    """Estimate the noise: from repetitions where the curve fits, else from the means around the curve.

    Where arms scatter around the curve more than repetitions explain, there is a source of noise that repetitions do
    not show, such as the order of trials. Standard errors from repetitions alone would take it for a trend.

    Returns:
        None where there is no estimate: two points, or all points on the curve, without repetitions.
    """
    p = lack_of_fit(points, curve)
    if points.is_noisy and (p is None or p > PRELIMINARY_ALPHA):
        return CurveNoise(points.variance, points.df, None, p)
    df = len(points.n) - 2
    if df < 1:
        return None
    square = float(points.n @ curve.residual**2) / df
    ones = np.ones_like(points.n)
    return CurveNoise(square * ones, df * ones, float(df), p)


def lack_of_fit(points: Points, curve: Curve) -> float | None:
    """Return the p value of the F test for lack of fit against the pure error of the repetitions.

    The classical F ratio (Draper & Smith, "Applied Regression Analysis", 1998, chapter 2), with a variance of its own
    for every arm and Box's degrees of freedom ("Some theorems on quadratic forms", 1954; Brunner, Dette & Munk,
    "Box-type approximations in nonparametric factorial designs", 1997), because one noisy arm would otherwise look like
    a lack of fit.

    Returns:
        None with two points, which every curve passes through, or without repetitions.
    """
    if len(points.n) <= 2 or not points.is_noisy:
        return None
    square = float(points.n @ curve.residual**2)
    if square <= points.n.sum() * (ROUNDING * points.scale) ** 2:
        return 1.0
    basis = np.linalg.qr(np.sqrt(points.n)[:, None] * curve.gradient)[0]
    free = 1 - (basis**2).sum(axis=1)
    expected = free * points.variance
    if not expected.sum() > 0:
        return 0.0
    twice = basis.T @ (points.variance[:, None] * basis)
    spread = (points.variance**2 * (2 * free - 1)).sum() + (twice * twice.T).sum()
    df = expected.sum() ** 2 / spread, expected.sum() ** 2 / (expected**2 / points.df).sum()
    return float(special.fdtrc(*df, square / expected.sum()))


def estimate(points: Points, curve: Curve, noise: CurveNoise, value: float, gradient: ArrayLike) -> CurveEstimate:
    """Return an estimate with its interval and p value by Student's t.

    Args:
        points: The points.
        curve: Fitted to them.
        noise: Around it.
        value: The estimate.
        gradient: Shape (2,), its derivative with respect to the curve's ends.
    """
    root = np.sqrt(points.n)
    weight = np.asarray(gradient) @ np.linalg.pinv(root[:, None] * curve.gradient) * root
    parts = weight**2 * noise.variance / points.n
    unbalanced = 0.0 if noise.shared else float(np.abs(weight) @ np.sqrt(points.imbalance)) ** 2
    error = float(np.sqrt(parts.sum() + unbalanced))
    if error == 0:
        return CurveEstimate(value, value, value, float(value == 0))
    df = noise.shared or _satterthwaite(parts, noise.df)
    half = float(special.stdtrit(df, (1 + CONFIDENCE) / 2)) * error
    return CurveEstimate(value, value - half, value + half, float(2 * special.stdtr(df, -abs(value) / error)))


def _satterthwaite(parts: Floats, df: Floats) -> float:
    """Degrees of freedom of a sum of variances; the smallest of them where all variances are 0."""
    squares = float((parts**2 / df).sum())
    return float(parts.sum() ** 2 / squares) if squares else float(df.min())
