"""Curves through the means of arms: a straight line, a power law, a logarithm, or nothing but a constant.

All curves of a metric are fitted to the same figures by least squares, so that their AICc (Hurvich & Tsai, "Regression
and time series model selection in small samples", 1989) may be compared. Figures that are compared by their ratios are
fitted as logarithms: the line a + b x as log(a + b x), the power law c x^k as log c + k log x.

A curve is known by its two ends, the figures at the lowest and at the highest value, on the scale fitted. So every
curve has the same two parameters, the line stays above 0 by itself, and "no trend" is always "both ends are equal".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from mutegreen.stats.model.block_model import Floats
from mutegreen.stats.model.metric_model import MetricModel

ROUNDING = 1e-9
"""Share of the figures below which what is left around a curve is rounding, not noise."""

_MAX_EXPONENT = 700.0
"""Logarithm short of the largest float: a search may stray so far, and 0 times infinity would end it."""


class Shape(StrEnum):
    """How a metric follows a hyperparameter's value."""

    CONSTANT = "constant"
    LINEAR = "linear"
    POWER_LAW = "power_law"
    LOGARITHMIC = "logarithmic"


@dataclass(frozen=True)
class Points:
    """The means of K arms, blocks taken out, against the value of each; the original is the first.

    Args:
        value: Shape (K,), finite.
        mean: Shape (K,), on the scale fitted.
        n: Shape (K,), trainings.
        variance: Shape (K,), of a single figure, as far as repetitions tell; NaN where nothing tells.
        df: Shape (K,), degrees of freedom of `variance`.
        imbalance: Shape (K,), variance of the difference to the original that is due to incomplete blocks.
        squares: Squares of the repetitions around the means, summed.
        logs: Whether the figures are logarithms.
    """

    value: Floats
    mean: Floats
    n: Floats
    variance: Floats
    df: Floats
    imbalance: Floats
    squares: float
    logs: bool

    @property
    def is_noisy(self) -> bool:
        """Whether repetitions tell how large the noise is."""
        return bool((self.df > 0).all())

    @property
    def scale(self) -> float:
        """What is large: 1 for logarithms, else the largest figure."""
        return 1.0 if self.logs else float(np.abs(self.mean).max())


def points_of(metric_model: MetricModel, arms: NDArray[np.int64], values: Floats) -> Points:
    """The points of some arms.

    Args:
        metric_model: The metric.
        arms: Shape (K,), that have figures and may be compared with the original, which is the first.
        values: Shape (K,), of the hyperparameter.
    """
    fitted, noise = metric_model.fitted, metric_model.noise
    own = fitted.df[arms] > 0
    squares = (fitted.variance * fitted.df)[arms][own]
    return Points(
        value=values,
        mean=fitted.effect[arms],
        n=fitted.n[arms].astype(np.float64),
        variance=np.where(own, noise.variance[arms], noise.pooled),
        df=np.where(own, noise.df[arms], noise.pooled_df),
        imbalance=noise.pooled * fitted.imbalance[arms] if noise.pooled_df else np.zeros(len(arms)),
        squares=float(squares.sum()),
        logs=metric_model.relative,
    )


@dataclass(frozen=True)
class Curve:
    """A curve fitted to K points.

    Args:
        ends: Shape (2,), on the scale fitted.
        slope: Shape (K, 2), how the curve moves at each point if an end does.
        residual: Shape (K,), means less curve.
        aicc: For comparison with other curves through the same points; NaN with too few figures for it.
    """

    shape: Shape
    ends: Floats
    slope: Floats
    residual: Floats
    aicc: float

    @property
    def rise(self) -> float:
        """From the lowest value to the highest, on the scale fitted."""
        return float(self.ends[1] - self.ends[0])


def fit(points: Points, shape: Shape) -> Curve:
    """Fits a curve by least squares, every training with the same weight.

    Args:
        points: With two different values or more; all above 0 for a power law or a logarithm.
        shape: Not a constant.
    """
    share = share_of(points.value, shape)
    bent = points.logs and shape is Shape.LINEAR
    root = np.sqrt(points.n)
    start = points.mean[[points.value.argmin(), points.value.argmax()]]
    ends: Floats = optimize.least_squares(
        lambda ends: root * (_course(ends, share, bent) - points.mean),
        start,
        lambda ends: root[:, None] * _slope(ends, share, bent),
        method="lm",
        x_scale="jac",
        xtol=1e-14,
        ftol=1e-14,
        gtol=1e-14,
    ).x
    residual = points.mean - _course(ends, share, bent)
    return Curve(shape, ends, _slope(ends, share, bent), residual, _aicc(points, residual, 3))


def constant_aicc(points: Points) -> float:
    """AICc of the constant that all points would scatter around."""
    return _aicc(points, points.mean - np.average(points.mean, weights=points.n), 2)


def share_of(value: Floats, shape: Shape) -> Floats:
    """How much of the way from the lowest to the highest value each has gone, from 0 to 1."""
    way = value if shape is Shape.LINEAR else np.log(value)
    share: Floats = (way - way.min()) / np.ptp(way)
    return share


def _course(ends: Floats, share: Floats, bent: bool) -> Floats:
    if not bent:
        return np.asarray(ends[0] * (1 - share) + ends[1] * share)
    with np.errstate(divide="ignore"):
        return np.asarray(np.logaddexp(ends[0] + np.log1p(-share), ends[1] + np.log(share)))


def _slope(ends: Floats, share: Floats, bent: bool) -> Floats:
    slope = np.stack([1 - share, share], axis=1)
    if not bent:
        return slope
    return np.asarray(slope * np.exp(np.minimum(ends - _course(ends, share, bent)[:, None], _MAX_EXPONENT)))


def _aicc(points: Points, residual: Floats, parameters: int) -> float:
    """Of a fit with that many parameters, the noise's variance among them."""
    n = float(points.n.sum())
    if n <= parameters + 1:
        return float("nan")
    square = (points.squares + float(points.n @ residual**2)) / n
    penalty = 2 * parameters * n / (n - parameters - 1)
    return n * float(np.log(max(square, (ROUNDING * points.scale) ** 2))) + penalty
