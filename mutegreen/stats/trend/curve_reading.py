"""Estimates from a curve in the metric's unit: its level at the default value, and the change for one more step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mutegreen.stats.logarithm import relative_change
from mutegreen.stats.model.block_model import Floats
from mutegreen.stats.trend.curve import Curve, Points, Shape
from mutegreen.stats.trend.curve_noise import CurveEstimate, CurveNoise, estimate

DOUBLING = 2.0
_SMALL_STEP = 1.1
"""Step where no value is twice another: doublings were not tried, so nothing is stated about them."""


@dataclass(frozen=True)
class CurveReading:
    """Estimates from a curve, with their 95 % intervals.

    Args:
        step: Increase of the value: added for a line, a factor for the other curves.
        level: The curve at the default value, in the metric's unit.
        slope: Change of the metric for one step, in its unit; for a power law, for one step from the default value.
        exponent: Of a power law.
        rise: Difference between the highest and the lowest value, on the scale compared.
    """

    step: float
    level: CurveEstimate
    slope: CurveEstimate
    exponent: CurveEstimate | None
    rise: CurveEstimate


def read(points: Points, curve: Curve, noise: CurveNoise, reference: float) -> CurveReading:
    """Estimate level, slope, exponent and rise from a curve.

    Args:
        points: The points that the curve is fitted to.
        curve: Not a constant.
        noise: Around it.
        reference: The original's mean, to which ratios apply.
    """
    step = step_of(points.value, curve.shape)
    level = estimate(points, curve, noise, float(points.mean[0] - curve.residual[0]), curve.gradient[0])
    is_power_law = curve.shape is Shape.POWER_LAW
    return CurveReading(
        step=step,
        level=_mapped(level, np.exp) if points.logs else level,
        slope=_slope(points, curve, noise, step, reference),
        exponent=_share_of_rise(points, curve, noise, 1 / _range(points.value, curve.shape)) if is_power_law else None,
        rise=_share_of_rise(points, curve, noise, 1.0),
    )


def step_of(value: Floats, shape: Shape) -> float:
    """Return a step that suits the values.

    For a line: 1 for integers, else the largest power of ten that is at most half the range. For other curves: a
    factor of 2, or of 1.1 where no value is twice another.
    """
    if shape is not Shape.LINEAR:
        return DOUBLING if value.max() >= DOUBLING * value.min() else _SMALL_STEP
    if (value == np.round(value)).all():
        return 1.0
    return float(f"1e{int(np.floor(np.log10(np.ptp(value) / 2)))}")


def _slope(points: Points, curve: Curve, noise: CurveNoise, step: float, reference: float) -> CurveEstimate:
    share = (step if curve.shape is Shape.LINEAR else float(np.log(step))) / _range(points.value, curve.shape)
    if not points.logs:
        return _share_of_rise(points, curve, noise, share)
    if curve.shape is Shape.LINEAR:
        low, high = np.exp(curve.ends) * share
        return estimate(points, curve, noise, float(high - low), (-low, high))
    return _mapped(_share_of_rise(points, curve, noise, share), lambda ratio: reference * float(relative_change(ratio)))


def _share_of_rise(points: Points, curve: Curve, noise: CurveNoise, share: float) -> CurveEstimate:
    """Return a part of the rise."""
    return estimate(points, curve, noise, curve.rise * share, (-share, share))


def _range(value: Floats, shape: Shape) -> float:
    """Range of the values on the scale on which the curve is straight."""
    return float(np.ptp(value if shape is Shape.LINEAR else np.log(value)))


def _mapped(unmapped: CurveEstimate, increasing: Callable[[float], float]) -> CurveEstimate:
    value, low, high = (float(increasing(end)) for end in (unmapped.value, unmapped.low, unmapped.high))
    return CurveEstimate(value, low, high, unmapped.p)
