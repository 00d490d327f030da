"""Scale axes: SI prefixes, and logarithmic axes for values over several orders of magnitude."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import ArrayLike

from mutegreen import units
from mutegreen.model import Goal, Quality
from mutegreen.report.metric_names import NAMES
from mutegreen.report.wording import better
from mutegreen.units import UnitScale

_LOG_FROM = 10.0
"""Ratio of the largest to the smallest value from which an axis is logarithmic."""
_STEPS = ((1,), (1, 3), (1, 2, 5))
"""Multiples of powers of ten with a tick; the first set with enough ticks is used."""
_ENOUGH_TICKS = 3


def axis_scale(metric: str, numbers: ArrayLike) -> UnitScale:
    """Return the unit in which the largest number has one to three digits before the point."""
    return units.scale_of(metric, _largest(numbers))


def metric_label(metric: str, qualities: Iterable[Quality | None], goal: Goal | None = None) -> str:
    """Return the name of a metric, with `estimated`; a goal adds which direction of the performance is better."""
    if metric == "performance":
        return NAMES[metric] + (f", {better(goal)} is better" if goal else "")
    return NAMES.get(metric, metric) + (", estimated" if Quality.ESTIMATED in set(qualities) else "")


def is_spread(numbers: ArrayLike, ratio: float = _LOG_FROM) -> bool:
    """Whether numbers span at least a ratio, so a logarithmic axis suits them."""
    known = np.asarray(numbers, dtype=float)
    known = known[np.isfinite(known)]
    return bool(known.size and known.min() > 0 and known.max() >= ratio * known.min())


def make_logarithmic(axes: Axes, which: Literal["x", "y"], low: float, high: float) -> None:
    """Make an axis over [low, high] logarithmic, with few ticks and short labels."""
    ticks = _log_ticks(low, high)
    margin = (high / low) ** 0.08
    axes.set(**{f"{which}scale": "log", f"{which}lim": (low / margin, high * margin)})
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda tick, _: short_number(tick, min(ticks), max(ticks))))


def short_number(number: float, low: float, high: float) -> str:
    """Format a tick among others from low to high: `0.05`, or `5e-5` if the plain form would be long."""
    if low >= 1e-3 and high < 1e5:
        return f"{number:.10g}"
    power = math.floor(math.log10(number) + 1e-9)
    return f"{number / 10.0**power:.3g}e{power}"


def _log_ticks(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    every = math.ceil(len(powers) / 6)
    for steps in _STEPS:
        ticks = [step * 10.0**power for power in powers if power % every == 0 for step in steps]
        inside = [tick for tick in ticks if low / 1.001 <= tick <= high * 1.001]
        if len(inside) >= _ENOUGH_TICKS:
            break
    return inside


def _largest(numbers: ArrayLike) -> float:
    known = np.abs(np.asarray(numbers, dtype=float))
    known = known[np.isfinite(known)]
    return float(known.max()) if known.size else 0.0
