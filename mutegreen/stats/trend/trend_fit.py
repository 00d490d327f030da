"""Choice of a curve by AICc for one metric and hyperparameter, and the estimates from it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mutegreen.stats.interval import UNKNOWN, known
from mutegreen.stats.model.block_model import Floats
from mutegreen.stats.model.metric_model import MetricModel
from mutegreen.stats.reason import Reason, ReasonCode
from mutegreen.stats.trend.curve import ROUNDING, Curve, Points, Shape, constant_aicc, fit, points_of
from mutegreen.stats.trend.curve_noise import noise_of
from mutegreen.stats.trend.curve_reading import CurveReading, read
from mutegreen.stats.trend.trend import Trend

DECADE = 10.0
"""Ratio of the largest to the smallest value from which a power law or logarithm is preferred to a line."""
CLOSE_AICC = 2.0
"""Difference in AICc up to which two curves fit about equally well (Burnham & Anderson, "Model Selection and Multimodel
Inference", 2002, section 2.6)."""


@np.errstate(over="ignore", invalid="ignore")
def fit_trend(
    trend: Trend, metric_model: MetricModel, arms: NDArray[np.int64], values: Floats | None, margin: float | None
) -> Trend:
    """Fit the curves, choose one and add its estimates to a trend; p values are not adjusted yet.

    Args:
        trend: Without estimates.
        metric_model: The metric.
        arms: Shape (K,), usable arms of the hyperparameter, the original first.
        values: Shape (K,); None where they are not numbers.
        margin: Largest change that does not matter: relative, for performance in its own unit; None where not known.
    """
    reason = _obstacle(metric_model, arms, values)
    if values is None or reason is not None:
        return replace(trend, reason=reason)
    points = points_of(metric_model, arms, values)
    trend = replace(trend, lowest=float(values.min()), highest=float(values.max()))
    if np.ptp(points.mean) <= ROUNDING * points.scale and points.squares <= (ROUNDING * points.scale) ** 2:
        return replace(trend, reason=Reason(ReasonCode.EQUAL_TO_ORIGINAL))
    curves = _curves(points)
    curve = _chosen(curves)
    noise = noise_of(points, curve)
    if noise is None:
        return replace(trend, reason=Reason(ReasonCode.NO_NOISE_ESTIMATE))
    reading = read(points, curve, noise, metric_model.reference)
    aicc = {Shape.CONSTANT: constant_aicc(points)} | {each.shape: each.aicc for each in curves}
    return replace(
        trend,
        model=Shape.CONSTANT if aicc[Shape.CONSTANT] <= curve.aicc else curve.shape,
        shape=curve.shape,
        aicc={shape.value: value for shape, value in aicc.items() if math.isfinite(value)},
        step=reading.step,
        slope=reading.slope.mapped(float),
        relative_slope=reading.slope.mapped(lambda slope: slope / metric_model.reference),
        exponent=UNKNOWN if reading.exponent is None else reading.exponent.mapped(float),
        level=reading.level.mapped(float),
        change=reading.rise.mapped(lambda rise: _relative(metric_model, rise)),
        spread=known(_relative(metric_model, float(np.ptp(points.mean)))),
        p=known(float(np.minimum(1.0, reading.rise.p * len(curves)))),
        lack_of_fit_p=noise.lack_of_fit_p,
        margin=_relative_margin(metric_model, margin),
        reason=_remark(points, reading),
    )


def _obstacle(metric_model: MetricModel, arms: NDArray[np.int64], values: Floats | None) -> Reason | None:
    if values is None:
        return Reason(ReasonCode.NOT_NUMBERS)
    if metric_model.infinite[arms].any():
        return Reason(ReasonCode.VALUE_INFINITE)
    if not metric_model.fitted.n[0]:
        return Reason(ReasonCode.ORIGINAL_NOT_MEASURED)
    if len(np.unique(values)) < 2:
        return Reason(ReasonCode.MEASURED_FOR_ONE_VALUE)
    return None


def _curves(points: Points) -> list[Curve]:
    """Return the preferred curve, and the alternative where three values or more allow a choice."""
    other = Shape.POWER_LAW if points.logs else Shape.LOGARITHMIC
    if points.value.min() <= 0:
        return [fit(points, Shape.LINEAR)]
    shapes = [Shape.LINEAR, other]
    if points.value.max() >= DECADE * points.value.min():
        shapes.reverse()
    return [fit(points, shape) for shape in shapes[: len(np.unique(points.value)) - 1]]


def _chosen(curves: list[Curve]) -> Curve:
    preferred, *others = curves
    return next((each for each in others if each.aicc < preferred.aicc - CLOSE_AICC), preferred)


def _remark(points: Points, reading: CurveReading) -> Reason | None:
    if reading.rise.low == reading.rise.high:
        return Reason(ReasonCode.NO_VARIATION_AROUND_CURVE)
    if len(np.unique(points.value)) == 2:
        return Reason(ReasonCode.SHAPE_ASSUMED)
    return None


def _relative(metric_model: MetricModel, difference: float) -> float:
    return float(metric_model.as_relative(np.asarray(difference)))


def _relative_margin(metric_model: MetricModel, margin: float | None) -> float | None:
    if margin is None or metric_model.metric != "performance":
        return margin
    return known(margin / metric_model.reference)
