"""A trend: the dependence of one metric on one hyperparameter, as reports show it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from mutegreen.model import Quality
from mutegreen.stats.interval import UNKNOWN, Interval
from mutegreen.stats.model.block_model import Floats
from mutegreen.stats.reason import Reason
from mutegreen.stats.trend.curve import Shape


class TrendFinding(StrEnum):
    """The conclusion about a trend.

    TREND: The metric rises or falls along the curve.
    NO_TREND: Its change over all values tried is shown to be smaller than the margin (equivalence).
    NO_SIMPLE_TREND: It differs between values, but no curve fits.
    UNDECIDED: Neither is shown.
    """

    TREND = "trend"
    NO_TREND = "no_trend"
    NO_SIMPLE_TREND = "no_simple_trend"
    UNDECIDED = "undecided"


@dataclass(frozen=True, kw_only=True)
class Trend:
    """The dependence of one metric on one hyperparameter.

    Args:
        n: Number of observations.
        default: The default value.
        lowest: The smallest value with observations.
        highest: The largest value with observations.
        model: The best of constant and curves by AICc; the preferred curve for the values wins if it is within
            `CLOSE_AICC` of the best curve.
        shape: The curve of the estimates below: `model`, or the better curve if that is a constant.
        aicc: By shape; lower is better.
        step: One step: added to the value for a line, else a factor.
        slope: Change of the metric for one step, in its unit; for a power law, for one step from the default value.
        relative_slope: `slope` relative to the original's mean.
        exponent: Of a power law.
        level: The curve at the default value, in the metric's unit.
        change: From the lowest to the highest value along the curve: relative to the lowest value's level for a metric
            compared by ratios, else to the original's mean.
        spread: From the smallest to the largest mean of all values, relative as `change`.
        p: Two-sided p value of no trend, times the number of curves tried (Bonferroni).
        p_adjusted: `p`, adjusted for all trends of the scenario.
        lack_of_fit_p: P value of the hypothesis that all means lie on the curve.
        lack_of_fit_p_adjusted: `lack_of_fit_p`, adjusted for all trends of the scenario.
        margin: Largest relative change that does not matter.
        quality: Worst known quality of the observations; None for other metrics than energy, or if unknown.
        reason: Why there are no estimates, or how they are restricted.
    """

    subject: str
    background: str
    hyperparameter: str
    metric: str
    n: int
    default: float | str | None
    finding: TrendFinding = TrendFinding.UNDECIDED
    lowest: float | None = None
    highest: float | None = None
    model: Shape | None = None
    shape: Shape | None = None
    aicc: Mapping[str, float] = field(default_factory=dict)
    step: float | None = None
    slope: Interval = UNKNOWN
    relative_slope: Interval = UNKNOWN
    exponent: Interval = UNKNOWN
    level: Interval = UNKNOWN
    change: Interval = UNKNOWN
    spread: float | None = None
    p: float | None = None
    p_adjusted: float | None = None
    lack_of_fit_p: float | None = None
    lack_of_fit_p_adjusted: float | None = None
    margin: float | None = None
    quality: Quality | None = None
    reason: Reason | None = None

    def at(self, values: ArrayLike) -> Floats:
        """Return the curve in the metric's unit at values between the lowest and the highest.

        Raises:
            ValueError: There is no curve.
        """
        level, slope, default = self.level.value, self.slope.value, self.default
        if level is None or slope is None or self.step is None or not isinstance(default, float):
            raise ValueError(f"{self.hyperparameter}: no curve for {self.metric}: {self.reason and self.reason.code}")
        x = np.asarray(values, dtype=np.float64)
        if self.shape is Shape.LINEAR:
            return level + slope / self.step * (x - default)
        ratio = x / default
        if self.exponent.value is not None:
            return np.asarray(level * ratio**self.exponent.value)
        return np.asarray(level + slope / math.log(self.step) * np.log(ratio))
