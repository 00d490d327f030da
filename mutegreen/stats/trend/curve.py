"""Curve fit by least squares: straight line, power law, logarithm or constant through the means of arms.

    m_k = f(v_k; c) + e_k,    minimise sum over k of n_k (m_k - f(v_k; c))^2,    k = 1 .. K

    v, n  (K,)    value of the hyperparameter and number of observations of each arm; the original is the first
    m     (K,)    mean of each arm, adjusted for blocks, on the scale compared (logarithms of energy and time)
    c     (2,)    f at the lowest and at the highest value                                        -> Curve.ends
    u     (K,)    position between them, from 0 to 1: of v for a line, of log v for the other curves (`positions`)

    f = c_1 (1 - u) + c_2 u                           line on the scale compared; power law or logarithm with u of log v
    f = log(exp(c_1) (1 - u) + exp(c_2) u)            line through means that are logarithms

With the two ends as parameters every curve has the same number of parameters, a line through logarithms stays above 0,
and "no trend" is the hypothesis c_1 = c_2 for every curve. All curves of a metric are fitted to the same observations,
so that their AICc may be compared:

    AICc = N log(RSS / N) + 2 p N / (N - p - 1)

    RSS  squares of the observations around the curve: those around the means, and sum over k of n_k (m_k - f_k)^2
    N    number of observations;    p  number of parameters, the variance included: 3 for a curve, 2 for the constant

Source: Hurvich & Tsai, "Regression and time series model selection in small samples", 1989 (AICc).
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
"""Share of `Points.scale` below which residuals around a curve are rounding, not noise."""

_MAX_EXPONENT = 700.0
"""Exponent below which `exp` is finite: the search may try so large values, and 0 times infinity would stop it."""


class Shape(StrEnum):
    """The shape of a curve."""

    CONSTANT = "constant"
    LINEAR = "linear"
    POWER_LAW = "power_law"
    LOGARITHMIC = "logarithmic"


@dataclass(frozen=True)
class Points:
    """The means of K arms, adjusted for blocks, and the value of each; the original is the first.

    Args:
        value: Shape (K,), v, finite.
        mean: Shape (K,), m, on the scale compared.
        n: Shape (K,), number of observations.
        variance: Shape (K,), moderated variance of an observation; the pooled one for an arm without repetitions; NaN
            if no arm has repetitions.
        df: Shape (K,), degrees of freedom of `variance`.
        imbalance: Shape (K,), variance of the difference to the original that is due to incomplete blocks.
        squares: Sum of squares of the observations around the means.
        logs: Whether the means are logarithms.
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
        """Whether repetitions give an estimate of the noise."""
        return bool((self.df > 0).all())

    @property
    def scale(self) -> float:
        """Order of magnitude of the means: 1 for logarithms, else the largest absolute mean."""
        return 1.0 if self.logs else float(np.abs(self.mean).max())


def points_of(metric_model: MetricModel, arms: NDArray[np.int64], values: Floats) -> Points:
    """Return the points of some arms.

    Args:
        metric_model: The metric.
        arms: Shape (K,), arms with observations that are connected with the original, which is the first.
        values: Shape (K,), of the hyperparameter.
    """
    fitted, noise = metric_model.fitted, metric_model.noise
    repeated = fitted.df[arms] > 0
    squares = (fitted.variance * fitted.df)[arms][repeated]
    return Points(
        value=values,
        mean=fitted.effect[arms],
        n=fitted.n[arms].astype(np.float64),
        variance=np.where(repeated, noise.variance[arms], noise.pooled),
        df=np.where(repeated, noise.df[arms], noise.pooled_df),
        imbalance=noise.pooled * fitted.imbalance[arms] if noise.pooled_df else np.zeros(len(arms)),
        squares=float(squares.sum()),
        logs=metric_model.relative,
    )


@dataclass(frozen=True)
class Curve:
    """A curve fitted to K points.

    Args:
        ends: Shape (2,), c, on the scale compared.
        gradient: Shape (K, 2), derivative of f with respect to c at each point.
        residual: Shape (K,), m - f.
        aicc: For comparison with other curves through the same points; NaN with too few observations.
    """

    shape: Shape
    ends: Floats
    gradient: Floats
    residual: Floats
    aicc: float

    @property
    def rise(self) -> float:
        """c_2 - c_1: difference between the highest and the lowest value, on the scale compared."""
        return float(self.ends[1] - self.ends[0])


def fit(points: Points, shape: Shape) -> Curve:
    """Fit a curve by least squares; every observation has the same weight.

    Args:
        points: With two different values or more; all above 0 for a power law or a logarithm.
        shape: Not a constant.
    """
    u = positions(points.value, shape)
    log_line = points.logs and shape is Shape.LINEAR
    root = np.sqrt(points.n)
    start = points.mean[[points.value.argmin(), points.value.argmax()]]
    ends: Floats = optimize.least_squares(
        lambda ends: root * (_f(ends, u, log_line) - points.mean),
        start,
        lambda ends: root[:, None] * _gradient(ends, u, log_line),
        method="lm",
        x_scale="jac",
        xtol=1e-14,
        ftol=1e-14,
        gtol=1e-14,
    ).x
    residual = points.mean - _f(ends, u, log_line)
    return Curve(shape, ends, _gradient(ends, u, log_line), residual, _aicc(points, residual, 3))


def constant_aicc(points: Points) -> float:
    """Return the AICc of the constant: the weighted mean of all points."""
    return _aicc(points, points.mean - np.average(points.mean, weights=points.n), 2)


def positions(value: Floats, shape: Shape) -> Floats:
    """Return u, the position of each value between the lowest and the highest, from 0 to 1, shape (K,)."""
    x = value if shape is Shape.LINEAR else np.log(value)
    u: Floats = (x - x.min()) / np.ptp(x)
    return u


def _f(ends: Floats, u: Floats, log_line: bool) -> Floats:
    if not log_line:
        return np.asarray(ends[0] * (1 - u) + ends[1] * u)
    with np.errstate(divide="ignore"):
        return np.asarray(np.logaddexp(ends[0] + np.log1p(-u), ends[1] + np.log(u)))


def _gradient(ends: Floats, u: Floats, log_line: bool) -> Floats:
    gradient = np.stack([1 - u, u], axis=1)
    if not log_line:
        return gradient
    return np.asarray(gradient * np.exp(np.minimum(ends - _f(ends, u, log_line)[:, None], _MAX_EXPONENT)))


def _aicc(points: Points, residual: Floats, parameters: int) -> float:
    """AICc of a fit with that many parameters, the variance included."""
    n = float(points.n.sum())
    if n <= parameters + 1:
        return float("nan")
    square = (points.squares + float(points.n @ residual**2)) / n
    penalty = 2 * parameters * n / (n - parameters - 1)
    return n * float(np.log(max(square, (ROUNDING * points.scale) ** 2))) + penalty
