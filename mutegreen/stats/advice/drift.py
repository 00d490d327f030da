"""Whether the machine changed while the audit ran."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from mutegreen.stats.model.block_model import Codes, Floats, sums
from mutegreen.stats.model.metric_model import MetricModel
from mutegreen.stats.model.scenario_model import ScenarioModel


@dataclass(frozen=True)
class Drift:
    """How a metric moved over the audit, whatever was trained.

    Args:
        trend: Relative change from the first to the last training, by a straight line through figures of all arms.
        trend_p: Two-sided p of no trend.
        spread: Relative difference of the highest to the lowest block.
        blocks_p: P of blocks that are all alike, by the F test of the analysis of variance.
        p: Of no drift of either kind: twice the smaller of both.
        p_adjusted: The same, adjusted for the number of metrics.
        seen: Whether there is a drift.
    """

    trend: float
    trend_p: float
    spread: float
    blocks_p: float
    p: float
    p_adjusted: float | None = None
    seen: bool = False

    def with_adjusted_p(self, p_adjusted: float, alpha: float) -> Drift:
        """The drift with its adjusted p value, and whether that shows it."""
        return replace(self, p_adjusted=float(p_adjusted), seen=bool(p_adjusted <= alpha))


def drift_of(model: ScenarioModel, metric_model: MetricModel) -> Drift | None:
    """A metric's drift; None where the order is not known, or too little is left to judge it by."""
    if not model.arms.blocked or not metric_model.noise.pooled > 0 or len(metric_model.fitted.block_effect) < 2:
        return None
    figures = np.log(metric_model.observations) if metric_model.relative else metric_model.observations
    if metric_model.fitted.slope is not None:
        figures = figures - metric_model.fitted.slope.shift
    time, cell = _times(model, metric_model)
    slope, error, df = _trend(figures, time, cell)
    blocks_p = _blocks_p(metric_model, figures)
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
    """When each figure was measured, from 0 to 1 in its audit; and its cell of arm and audit."""
    known = [column for column in ("position", "block", "audit") if column in model.scenario.rows]
    rows = model.scenario.rows.loc[metric_model.used, known]
    audit = rows.groupby("audit").ngroup().to_numpy() if "audit" in rows else np.zeros(len(rows), dtype=np.int64)
    order = [rows[column].to_numpy() for column in known if column != "audit"]
    place = np.empty(len(rows))
    place[np.lexsort((*order, audit))] = np.arange(len(rows))
    first, last = (np.full(audit.max() + 1, empty) for empty in (np.inf, -np.inf))
    np.minimum.at(first, audit, place)
    np.maximum.at(last, audit, place)
    return (place - first[audit]) / np.maximum(last - first, 1)[audit], metric_model.code * len(first) + audit


def _trend(figures: Floats, time: Floats, cell: Codes) -> tuple[float, float, float]:
    """Slope, its standard error and degrees of freedom, the means of the cells taken out."""
    x, y = _centred(time, cell), _centred(figures, cell)
    df = len(y) - len(np.unique(cell)) - 1
    moved = float((x * x).sum())
    if df <= 0 or moved == 0:
        return 0.0, 0.0, 0.0
    slope = float((x * y).sum()) / moved
    return slope, float(np.sqrt(((y - slope * x) ** 2).sum() / df / moved)), float(df)


def _centred(figures: Floats, cell: Codes) -> Floats:
    size = int(cell.max()) + 1
    return np.asarray(figures - (sums(cell, figures, size) / np.maximum(np.bincount(cell, minlength=size), 1))[cell])


def _blocks_p(metric_model: MetricModel, figures: Floats) -> float:
    noise = metric_model.noise
    without = float((_centred(figures, metric_model.code) ** 2).sum())
    spent = len(figures) - len(np.unique(metric_model.code)) - noise.pooled_df
    if spent < 0.5:
        return np.nan
    ratio = (without - noise.pooled * noise.pooled_df) / spent / noise.pooled
    return float(special.fdtrc(spent, noise.pooled_df, max(ratio, 0.0)))
