"""One metric of one hyperparameter's arms: the curves that are fitted to it, the one that is chosen, what it says."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mutegreen.stats.model.block_model import Floats
from mutegreen.stats.model.measured import Measured
from mutegreen.stats.reason import Reason, Why
from mutegreen.stats.trend.curve import ROUNDING, Curve, Points, Shape, constant_aicc, fit, points_of
from mutegreen.stats.trend.curve_noise import Estimate, noise_of
from mutegreen.stats.trend.curve_reading import Reading, read

DECADE = 10.0
"""Values of which the largest is at least this many times the smallest are thought of in doublings."""
CLOSE = 2.0
"""Difference in AICc up to which two curves fit about as well (Burnham & Anderson, "Model Selection and Multimodel
Inference", 2002, section 2.6)."""


@np.errstate(over="ignore", invalid="ignore")
def figures(measured: Measured, arms: NDArray[np.int64], values: Floats | None, margin: float | None) -> dict[str, Any]:
    """The fields of `mutegreen.stats.trend.trend.Trend` that are worked out, before the adjustment.

    Args:
        measured: The metric.
        arms: Shape (K,), those of the hyperparameter that can be used, the original first.
        values: Shape (K,); None where they are not numbers.
        margin: Change that does not matter, relative, for performance in its own unit; None where not known.
    """
    reason = _obstacle(measured, arms, values)
    if values is None or reason is not None:
        return {"reason": reason}
    points = points_of(measured, arms, values)
    ends = {"lowest": float(values.min()), "highest": float(values.max())}
    if np.ptp(points.mean) <= ROUNDING * points.scale and points.squares <= (ROUNDING * points.scale) ** 2:
        return ends | {"reason": Reason(Why.ALL_EQUAL)}
    curves = _curves(points)
    curve = _chosen(curves, points)
    noise = noise_of(points, curve)
    if noise is None:
        return ends | {"reason": Reason(Why.NO_NOISE_ESTIMATE)}
    reading = read(points, curve, noise, measured.reference)
    aicc = {Shape.CONSTANT: constant_aicc(points)} | {each.shape: each.aicc for each in curves}
    return (
        ends
        | _model(curve, aicc)
        | _read(reading, measured)
        | {
            "spread": _known(_relative(measured, float(np.ptp(points.mean)))),
            "p": _known(float(np.minimum(1.0, reading.rise.p * len(curves)))),
            "lack_of_fit_p": noise.lack_of_fit_p,
            "margin": _relative_margin(measured, margin),
            "reason": _remark(points, reading),
        }
    )


def _obstacle(measured: Measured, arms: NDArray[np.int64], values: Floats | None) -> Reason | None:
    if values is None:
        return Reason(Why.NOT_NUMBERS)
    if measured.infinite[arms].any():
        return Reason(Why.FIGURE_INFINITE)
    if not measured.fitted.n[0]:
        return Reason(Why.ORIGINAL_NOT_MEASURED)
    if len(np.unique(values)) < 2:
        return Reason(Why.MEASURED_FOR_ONE_VALUE)
    return None


def _curves(points: Points) -> list[Curve]:
    """The curve that suits the values, and, where three values or more can tell them apart, the other one."""
    other = Shape.POWER_LAW if points.logs else Shape.LOGARITHMIC
    if points.value.min() <= 0:
        return [fit(points, Shape.LINEAR)]
    shapes = [Shape.LINEAR, other]
    if points.value.max() >= DECADE * points.value.min():
        shapes.reverse()
    return [fit(points, shape) for shape in shapes[: len(np.unique(points.value)) - 1]]


def _chosen(curves: list[Curve], points: Points) -> Curve:
    preferred, *others = curves
    return next((each for each in others if each.aicc < preferred.aicc - CLOSE), preferred)


def _model(curve: Curve, aicc: Mapping[Shape, float]) -> dict[str, Any]:
    is_constant = aicc[Shape.CONSTANT] <= curve.aicc
    return {
        "shape": curve.shape,
        "model": Shape.CONSTANT if is_constant else curve.shape,
        "aicc": {shape.value: figure for shape, figure in aicc.items() if math.isfinite(figure)},
    }


def _read(reading: Reading, measured: Measured) -> dict[str, Any]:
    fields = {
        "step": reading.step,
        **_ends("level", reading.level),
        **_ends("slope", reading.slope),
        **_ends("relative_slope", reading.slope, lambda slope: slope / measured.reference),
        **_ends("change", reading.rise, lambda rise: _relative(measured, rise)),
    }
    return fields if reading.exponent is None else fields | _ends("exponent", reading.exponent)


def _ends(name: str, found: Estimate, scaled: Callable[[float], float] = float) -> dict[str, float | None]:
    ends = {"": found.value, "_low": found.low, "_high": found.high}
    return {f"{name}{end}": _known(scaled(figure)) for end, figure in ends.items()}


def _remark(points: Points, reading: Reading) -> Reason | None:
    if reading.rise.low == reading.rise.high:
        return Reason(Why.NO_VARIATION_AROUND_CURVE)
    if len(np.unique(points.value)) == 2:
        return Reason(Why.SHAPE_ASSUMED)
    return None


def _relative(measured: Measured, difference: float) -> float:
    return float(measured.as_relative(np.asarray(difference)))


def _relative_margin(measured: Measured, margin: float | None) -> float | None:
    if margin is None or measured.metric != "performance":
        return margin
    return _known(margin / measured.reference)


def _known(figure: float) -> float | None:
    return float(figure) if math.isfinite(figure) else None
