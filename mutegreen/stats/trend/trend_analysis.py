"""Trends: how a metric depends on a hyperparameter, or that it does not within the margin.

The curves of `mutegreen.stats.trend.curve` are fitted to the means of the original and of all mutants of the
hyperparameter, adjusted for blocks. Energy and time are compared by ratios: a straight line and a power law compete
with a constant. Performance, and a metric with values of 0, are compared as they are: a line and a logarithm compete
with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mutegreen.model import ENERGY_METRICS, IDENTITY, JOINT, TOTAL, Quality
from mutegreen.stats.adjustment import adjust
from mutegreen.stats.interval import known, or_nan
from mutegreen.stats.model.block_model import Floats
from mutegreen.stats.model.metric_model import MetricModel
from mutegreen.stats.model.quality import worst_quality
from mutegreen.stats.model.scenario_model import ScenarioModel
from mutegreen.stats.trend.trend import Trend, TrendFinding
from mutegreen.stats.trend.trend_fit import fit_trend


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
            unfitted = Trend(
                subject=scenario.subject,
                background=scenario.background,
                hyperparameter=hyperparameter,
                metric=metric,
                n=int(metric_model.fitted.n[arms].sum()),
                default=default,
                quality=_quality(model, rows, metric),
            )
            yield fit_trend(unfitted, metric_model, arms, values, model.margin(metric))


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
