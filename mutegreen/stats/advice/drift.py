"""Drift: whether the machine changed during the audit, by a linear trend and by differences between blocks.

    trend:   y_i = cell mean + slope time_i + e_i, a cell being an arm within an audit; t test of slope = 0
    blocks:  F test of the analysis of variance: squares that the effects of blocks explain, against the pooled variance

The p value of both together is twice the smaller one (Bonferroni).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from mutegreen.stats.model.block_model import Codes, Floats, sums
from mutegreen.stats.model.metric_model import MetricModel
from mutegreen.stats.model.scenario_model import ScenarioModel


@dataclass(frozen=True)
class Drift:
    """The drift of a metric over the audit, the same for all arms.

    Args:
        trend: Relative change from the first to the last trial, by a straight line through the observations of all
            arms.
        trend_p: Two-sided p value of no trend.
        spread: Relative difference of the highest to the lowest effect of a block.
        blocks_p: P value of equal blocks (F test).
        p: P value of no drift of either kind: twice the smaller of both.
        p_adjusted: `p`, adjusted for the number of metrics.
        seen: Whether `p_adjusted` is at most alpha.
    """

    trend: float
    trend_p: float
    spread: float
    blocks_p: float
    p: float
    p_adjusted: float | None = None
    seen: bool = False

    def with_adjusted_p(self, p_adjusted: float, alpha: float) -> Drift:
        """Return the drift with its adjusted p value, and whether it is significant."""
        return replace(self, p_adjusted=float(p_adjusted), seen=bool(p_adjusted <= alpha))


def drift_of(model: ScenarioModel, metric_model: MetricModel) -> Drift | None:
    """Return the drift of a metric; None where the order is not known, or no degrees of freedom remain."""
    if not model.arms.blocked or not metric_model.noise.pooled > 0 or len(metric_model.fitted.block_effect) < 2:
        return None
    observations = np.log(metric_model.observations) if metric_model.relative else metric_model.observations
    if metric_model.fitted.slope is not None:
        observations = observations - metric_model.fitted.slope.shift
    time, cell = _times(model, metric_model)
    slope, error, df = _trend(observations, time, cell)
    blocks_p = _blocks_p(metric_model, observations)
    if not df > 0 or not error > 0 or not np.isfinite(blocks_p):
        return None
    trend_p = float(2 * special.stdtr(df, -abs(slope / error)))
    return Drift(
        trend=float(metric_model.as_relative(np.asarray(slope))),
        trend_p=trend_p,
        spread=float(metric_model.as_relative(np.asarray(np.ptp(metric_model.fitted.block_effect)))),
        blocks_p=blocks_p,
        p=min(1.0, 2 * min(trend_p, blocks_p)),
    )


def _times(model: ScenarioModel, metric_model: MetricModel) -> tuple[Floats, Codes]:
    """Return the time of each observation, from 0 to 1 in its audit, and its cell of arm and audit; shape (U,) each."""
    known = [column for column in ("position", "block", "audit") if column in model.scenario.rows]
    rows = model.scenario.rows.loc[metric_model.used, known]
    audit = rows.groupby("audit").ngroup().to_numpy() if "audit" in rows else np.zeros(len(rows), dtype=np.int64)
    order = [rows[column].to_numpy() for column in known if column != "audit"]
    position = np.empty(len(rows))
    position[np.lexsort((*order, audit))] = np.arange(len(rows))
    first, last = (np.full(audit.max() + 1, empty) for empty in (np.inf, -np.inf))
    np.minimum.at(first, audit, position)
    np.maximum.at(last, audit, position)
    return (position - first[audit]) / np.maximum(last - first, 1)[audit], metric_model.code * len(first) + audit


def _trend(observations: Floats, time: Floats, cell: Codes) -> tuple[float, float, float]:
    """Slope, its standard error and degrees of freedom, adjusted for the means of cells; 0 where not estimable."""
    x, y = _centred(time, cell), _centred(observations, cell)
    df = len(y) - len(np.unique(cell)) - 1
    square = float((x * x).sum())
    if df <= 0 or square == 0:
        return 0.0, 0.0, 0.0
    slope = float((x * y).sum()) / square
    return slope, float(np.sqrt(((y - slope * x) ** 2).sum() / df / square)), float(df)


def _centred(observations: Floats, cell: Codes) -> Floats:
    size = int(cell.max()) + 1
    return np.asarray(
        observations - (sums(cell, observations, size) / np.maximum(np.bincount(cell, minlength=size), 1))[cell]
    )


def _blocks_p(metric_model: MetricModel, observations: Floats) -> float:
    noise = metric_model.noise
    total = float((_centred(observations, metric_model.code) ** 2).sum())
    blocks_df = len(observations) - len(np.unique(metric_model.code)) - noise.pooled_df
    if blocks_df < 0.5:
        return np.nan
    ratio = (total - noise.pooled * noise.pooled_df) / blocks_df / noise.pooled
    return float(special.fdtrc(blocks_df, noise.pooled_df, max(ratio, 0.0)))
