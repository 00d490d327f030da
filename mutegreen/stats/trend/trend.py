"""How a metric follows a hyperparameter: what one more step costs, or that there is no trend.

The curves of `mutegreen.stats.trend.curve` go through the means of the original and of all mutants of the
hyperparameter, adjusted for blocks. Energy and time are compared by ratios, so a straight line and a power law compete
with a constant; performance, and a metric with values of 0, as they are, so a line and a logarithm do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from mutegreen.model import ENERGY_METRICS, IDENTITY, JOINT, TOTAL, Quality
from mutegreen.stats.adjustment import adjust
from mutegreen.stats.interval import UNKNOWN, Interval, known, or_nan
from mutegreen.stats.model.block_model import Floats
from mutegreen.stats.model.metric_model import MetricModel
from mutegreen.stats.model.quality import worst_quality
from mutegreen.stats.model.scenario_model import ScenarioModel
from mutegreen.stats.reason import Reason
from mutegreen.stats.trend.curve import Shape
from mutegreen.stats.trend.trend_fit import fitted


class TrendFinding(StrEnum):
    """What is known of a trend.

    TREND: The metric goes one way along the curve.
    NO_TREND: It does not change by as much as the margin, over all values tried.
    NO_SIMPLE_TREND: It differs between values, but goes up and down.
    UNDECIDED: No trend is seen, and none excluded.
    """

    TREND = "trend"
    NO_TREND = "no_trend"
    NO_SIMPLE_TREND = "no_simple_trend"
    UNDECIDED = "undecided"


@dataclass(frozen=True, kw_only=True)
class Trend:
    """How one metric follows one hyperparameter.

    Args:
        n: Trainings measured.
        default: The original's value; `lowest` and `highest` are those measured.
        model: The best of constant and curves by AICc; a curve within `CLOSE_AICC` of the best may go before it if it
            suits
            the values better.
        shape: The curve that the figures below are read off: `model`, or the better curve if that is a constant.
        aicc: By shape; lower is better.
        step: One further step: added to the value along a line, else multiplied by.
        slope: What a step changes, in the metric's unit; along a power law, a step from the original.
        relative_slope: The same relative to the original's mean.
        exponent: Of a power law.
        level: The curve at the original's value, in the metric's unit.
        change: From the lowest to the highest value along the curve: relative to the lowest's for a metric compared by
            ratios, else to the original's mean.
        spread: From the least to the largest mean of all values, relative as `change`.
        p: Two-sided, of no trend, times the number of curves tried; `p_adjusted` for all trends of the group.
        lack_of_fit_p: Of the hypothesis that all means lie on the curve, likewise with `lack_of_fit_p_adjusted`.
        margin: Relative change that does not matter.
        quality: Worst known quality of the figures; None for other metrics than energy, or if unknown.
        reason: Why there are no figures, or what a reader must know of them.
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
        """The curve's figures in the metric's unit, for values between the lowest and the highest.

        Raises:
            ValueError: There is no curve.
        """
        level, slope, default = self.level.value, self.slope.value, self.default
        if level is None or slope is None or self.step is None or not isinstance(default, float):
            raise ValueError(f"{self.hyperparameter}: no curve for {self.metric}: {self.reason and self.reason.code}")
        given = np.asarray(values, dtype=np.float64)
        if self.shape is Shape.LINEAR:
            return level + slope / self.step * (given - default)
        ratio = given / default
        if self.exponent.value is not None:
            return np.asarray(level * ratio**self.exponent.value)
        return np.asarray(level + slope / math.log(self.step) * np.log(ratio))


def trends(model: ScenarioModel) -> list[Trend]:
    """The trends of all metrics with every hyperparameter, mutants of several at once left out.

    P values of all trends of the study are adjusted as one family, those of the lack of fit as another.
    """
    found = list(_unjudged(model))
    settings = model.settings
    p, lack = (
        adjust([or_nan(each) for each in column], settings.adjustment)
        for column in ([row.p for row in found], [row.lack_of_fit_p for row in found])
    )
    adjusted = [
        replace(row, p_adjusted=known(one), lack_of_fit_p_adjusted=known(other))
        for row, one, other in zip(found, p, lack, strict=True)
    ]
    return [replace(row, finding=_finding(row, settings.alpha)) for row in adjusted]


def _finding(row: Trend, alpha: float) -> TrendFinding:
    if row.p_adjusted is not None and row.p_adjusted <= alpha:
        return TrendFinding.TREND
    if row.margin is None or row.spread is None or row.change.ends is None:
        return TrendFinding.UNDECIDED
    if row.lack_of_fit_p_adjusted is not None and row.lack_of_fit_p_adjusted <= alpha and row.spread > row.margin:
        return TrendFinding.NO_SIMPLE_TREND
    low, high = row.change.ends
    is_flat = -row.margin < low and high < row.margin
    return TrendFinding.NO_TREND if is_flat else TrendFinding.UNDECIDED


def _unjudged(model: ScenarioModel) -> Iterator[Trend]:
    scenario = model.scenario
    for hyperparameter, default in scenario.hyperparameters.items():
        if hyperparameter == IDENTITY or JOINT in hyperparameter:
            continue
        rows = scenario.of_hyperparameter(hyperparameter)
        for metric, metric_model in model.metrics.items():
            arms, values = _arms(model, hyperparameter, default, metric_model)
            fit = fitted(metric_model, arms, values, model.margin(metric))
            yield Trend(
                subject=scenario.subject,
                background=scenario.background,
                hyperparameter=hyperparameter,
                metric=metric,
                n=int(metric_model.fitted.n[arms].sum()),
                default=default,
                lowest=fit.lowest,
                highest=fit.highest,
                model=fit.model,
                shape=fit.shape,
                aicc=fit.aicc,
                step=fit.step,
                slope=fit.slope,
                relative_slope=fit.relative_slope,
                exponent=fit.exponent,
                level=fit.level,
                change=fit.change,
                spread=fit.spread,
                p=fit.p,
                lack_of_fit_p=fit.lack_of_fit_p,
                margin=fit.margin,
                quality=_quality(model, rows, metric),
                reason=fit.reason,
            )


def _arms(
    model: ScenarioModel, hyperparameter: str, default: float | str | None, metric_model: MetricModel
) -> tuple[NDArray[np.int64], Floats | None]:
    """The arms that can be used, the original first, and their values; None for values that are not numbers."""
    definitions = enumerate(model.scenario.definitions, start=1)
    values = {0: default} | {arm: each.value for arm, each in definitions if each.hyperparameter == hyperparameter}
    usable = metric_model.fitted.connected & (metric_model.fitted.n > 0) | metric_model.infinite
    arms = np.array([arm for arm in values if usable[arm]], dtype=np.int64)
    if not model.scenario.is_numeric(hyperparameter):
        return arms, None
    return arms, np.array([values[arm] for arm in arms.tolist()], dtype=np.float64)


def _quality(model: ScenarioModel, rows: pd.DataFrame, metric: str) -> Quality | None:
    parts = [part for part in ENERGY_METRICS if part in model.metrics] if metric == TOTAL else [metric]
    return Quality.worst(found for part in parts if (found := worst_quality(rows, part)) is not None)
