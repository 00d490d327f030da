"""Trends: how a metric depends on a hyperparameter, or that it does not within the margin.

The curves of `mutegreen.stats.trend.curve` are fitted to the means of the original and of all mutants of the
hyperparameter, adjusted for blocks. Energy and time are compared by ratios: a straight line and a power law compete
with a constant. Performance, and a metric with values of 0, are compared as they are: a line and a logarithm compete
with it.
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
from mutegreen.stats.trend.trend_fit import fit_trend


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


def trends(model: ScenarioModel) -> list[Trend]:
    """Return the trends of all metrics with every hyperparameter, without mutants of several at once.

    P values of all trends of the scenario are adjusted as one family, those of the lack of fit as another.
    """
    rows = list(_without_findings(model))
    settings = model.settings
    p, lack_of_fit_p = (
        adjust([or_nan(each) for each in column], settings.adjustment)
        for column in ([row.p for row in rows], [row.lack_of_fit_p for row in rows])
    )
    adjusted = [
        replace(row, p_adjusted=known(trend_p), lack_of_fit_p_adjusted=known(fit_p))
        for row, trend_p, fit_p in zip(rows, p, lack_of_fit_p, strict=True)
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


def _without_findings(model: ScenarioModel) -> Iterator[Trend]:
    scenario = model.scenario
    for hyperparameter, default in scenario.hyperparameters.items():
        if hyperparameter == IDENTITY or JOINT in hyperparameter:
            continue
        rows = scenario.of_hyperparameter(hyperparameter)
        for metric, metric_model in model.metrics.items():
            arms, values = _arms(model, hyperparameter, default, metric_model)
            fit = fit_trend(metric_model, arms, values, model.margin(metric))
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
    """Usable arms, the original first, and their values; None for values that are not numbers."""
    definitions = enumerate(model.scenario.definitions, start=1)
    values = {0: default} | {arm: each.value for arm, each in definitions if each.hyperparameter == hyperparameter}
    usable = metric_model.fitted.connected & (metric_model.fitted.n > 0) | metric_model.infinite
    arms = np.array([arm for arm in values if usable[arm]], dtype=np.int64)
    if not model.scenario.is_numeric(hyperparameter):
        return arms, None
    return arms, np.array([values[arm] for arm in arms.tolist()], dtype=np.float64)


def _quality(model: ScenarioModel, rows: pd.DataFrame, metric: str) -> Quality | None:
    parts = [part for part in ENERGY_METRICS if part in model.metrics] if metric == TOTAL else [metric]
    return Quality.worst(worst for part in parts if (worst := worst_quality(rows, part)) is not None)
