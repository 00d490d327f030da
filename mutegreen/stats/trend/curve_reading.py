"""What a curve says in the metric's own unit: its level at the original, and what one more step makes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mutegreen.stats.model.block_model import Floats
from mutegreen.stats.trend.curve import Curve, Points, Shape
from mutegreen.stats.trend.curve_noise import Estimate, Noise, estimate

DOUBLING = 2.0
_SMALL_STEP = 1.1
"""A step where no value is twice another, so that nothing is said of doublings that nobody tried."""


@dataclass(frozen=True)
class CurveReading:
    """Figures read off a curve, with their 95 % intervals.

    Args:
        step: By which a value grows: added for a line, multiplied by for the other curves.
        level: The curve at the original's value, in the metric's unit.
        slope: What a step changes, in the metric's unit; of a power law, a step from the original.
        exponent: Of a power law.
        rise: From the lowest to the highest value, on the scale fitted.
    """

    step: float
    level: Estimate
    slope: Estimate
    exponent: Estimate | None
    rise: Estimate


def read(points: Points, curve: Curve, noise: Noise, reference: float) -> CurveReading:
    """Reads a curve.

    Args:
        points: What the curve is fitted to.
        curve: Not a constant.
        noise: Around it.
        reference: The original's mean, of which ratios are taken.
    """
    step = step_of(points.value, curve.shape)
    level = estimate(points, curve, noise, float(points.mean[0] - curve.residual[0]), curve.slope[0])
    is_power_law = curve.shape is Shape.POWER_LAW
    return CurveReading(
        step=step,
        level=_mapped(level, np.exp) if points.logs else level,
        slope=_slope(points, curve, noise, step, reference),
        exponent=_part(points, curve, noise, 1 / _way(points.value, curve.shape)) if is_power_law else None,
        rise=_part(points, curve, noise, 1.0),
    )


def step_of(value: Floats, shape: Shape) -> float:
    """The step in which a reader thinks of such values.

    Along a line: one for whole numbers, else the largest power of ten that fits twice between lowest and highest. Along
    other curves: a doubling, or a tenth more where no value is twice another.
    """
    if shape is not Shape.LINEAR:
        return DOUBLING if value.max() >= DOUBLING * value.min() else _SMALL_STEP
    if (value == np.round(value)).all():
        return 1.0
    return float(f"1e{int(np.floor(np.log10(np.ptp(value) / 2)))}")


def _slope(points: Points, curve: Curve, noise: Noise, step: float, reference: float) -> Estimate:
    share = (step if curve.shape is Shape.LINEAR else float(np.log(step))) / _way(points.value, curve.shape)
    if not points.logs:
        return _part(points, curve, noise, share)
    if curve.shape is Shape.LINEAR:
        low, high = np.exp(curve.ends) * share
        return estimate(points, curve, noise, float(high - low), (-low, high))
    return _mapped(_part(points, curve, noise, share), lambda ratio: reference * np.expm1(ratio))


def _part(points: Points, curve: Curve, noise: Noise, share: float) -> Estimate:
    """A part of the rise."""
    return estimate(points, curve, noise, curve.rise * share, (-share, share))


def _way(value: Floats, shape: Shape) -> float:
    """From the lowest to the highest value, on the scale on which the curve is straight."""
    return float(np.ptp(value if shape is Shape.LINEAR else np.log(value)))


def _mapped(found: Estimate, increasing: Callable[[float], float]) -> Estimate:
    value, low, high = (float(increasing(end)) for end in (found.value, found.low, found.high))
    return Estimate(value, low, high, found.p)
