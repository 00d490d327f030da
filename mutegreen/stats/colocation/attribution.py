"""Concurrent trials: the effect of concurrency, and verdicts that depend on how energy was attributed.

The share of a shared device's energy that is attributed to one trial has three parts: idle power, divided evenly by
convention; active power, divided by measured use; and active power without measured use, divided evenly for want of
better. This last part, the blind one, may in truth belong to others, and the blind parts of the others to this trial.
With the attributed energy E, its blind share b and c other concurrent trials, the true energy is between

    E (1 - b)    and    E (1 + c b)

A verdict that is not the same at both bounds depends on the attribution and not on a measurement: it is weak.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import special

from mutegreen.model import ENERGY_METRICS, IDENTITY, Verdict
from mutegreen.stats.analysis import CarefulComparison
from mutegreen.stats.interval import UNKNOWN, Interval, written_as
from mutegreen.stats.logarithm import relative_change
from mutegreen.stats.model.arms import energy_metrics
from mutegreen.stats.model.block_model import ConcurrencySlope, Floats
from mutegreen.stats.model.metric_model import MetricModel
from mutegreen.stats.model.scenario_model import ScenarioModel
from mutegreen.stats.settings import CONFIDENCE

_DOUBLING = float(np.log(2))


@dataclass(frozen=True)
class ConcurrencyEffect:
    """The effect of twice as many concurrent trials on energy or time; their comparisons are adjusted for it.

    Args:
        fewest: Smallest number of other concurrent trials, time average of a trial.
        most: Largest number of other concurrent trials, likewise.
        doubling: Relative change; not known where it is confounded with arms and blocks.
        p: Two-sided p value of no effect.
    """

    subject: str
    background: str
    metric: str
    fewest: float
    most: float
    doubling: Interval = field(metadata=written_as("doubling", "low", "high"))
    p: float | None


@dataclass(frozen=True)
class WeakVerdict:
    """A verdict that depends on the attribution of energy.

    Args:
        low: Smallest relative change for any attribution of the blind parts.
        high: Largest relative change for any attribution of the blind parts.
    """

    mutant: str
    verdict: Verdict
    relative_change: float
    low: float
    high: float


@dataclass(frozen=True)
class Attribution:
    """The accuracy of verdicts on attributed energy.

    Args:
        metric: The energy metric: the total, or the only one.
        trainings: Number of trials with attributed energy. The field has the name of its JSON key.
        of: Number of all trials.
        blind: Mean blind share of the trials with attributed energy.
        most_blind: Largest blind share.
        weak: The weak verdicts.
        decided: Number of verdicts that are win, tie or loss.
    """

    subject: str
    background: str
    metric: str
    trainings: int
    of: int
    blind: float
    most_blind: float
    weak: tuple[WeakVerdict, ...]
    decided: int


def concurrency_effects(model: ScenarioModel) -> Iterator[ConcurrencyEffect]:
    """Return the effect of concurrency on each metric, where concurrency differs between trials."""
    for metric, metric_model in model.metrics.items():
        concurrency, slope = model.arms.concurrency, metric_model.fitted.slope
        if concurrency is not None and slope is not None:
            ends = np.expm1(concurrency[metric_model.used])
            error, df = _slope_error(slope, metric_model), metric_model.noise.pooled_df
            known = bool(np.isfinite(slope.value))
            yield ConcurrencyEffect(
                subject=model.scenario.subject,
                background=model.scenario.background,
                metric=metric,
                fewest=float(ends.min()),
                most=float(ends.max()),
                doubling=_doubling(slope, error, metric_model) if known else UNKNOWN,
                p=float(2 * special.stdtr(df, -abs(slope.value) / error)) if known and error > 0 else None,
            )


def _slope_error(slope: ConcurrencySlope, metric_model: MetricModel) -> float:
    return float(np.sqrt((slope.weight * np.nan_to_num(metric_model.noise.variance)).sum()))


def _doubling(slope: ConcurrencySlope, error: float, metric_model: MetricModel) -> Interval:
    half = float(special.stdtrit(metric_model.noise.pooled_df, (1 + CONFIDENCE) / 2)) * error
    value, low, high = (
        float(metric_model.as_relative(np.asarray(_DOUBLING * (slope.value + side * half)))) for side in (0, -1, 1)
    )
    return Interval.of(value, low, high)


def attribution_of(model: ScenarioModel, comparisons: Sequence[CarefulComparison]) -> Iterator[Attribution]:
    """Return the accuracy of the verdicts on all energy; nothing where no energy is attributed."""
    metric = next(reversed(energy_metrics(model.scenario)), None)
    blind = _blind(model.scenario.rows)
    if metric is None or model.scenario.background or blind is None:
        return
    others = np.expm1(model.arms.concurrency) if model.arms.concurrency is not None else np.zeros_like(blind)
    with np.errstate(divide="ignore"):
        low, high = (_by_arm(model, log_ratios) for log_ratios in (np.log1p(-blind), np.log1p(others * blind)))
    rows = [row for row in comparisons if row.metric == metric and row.hyperparameter != IDENTITY]
    arm_of = {name: arm for arm, name in enumerate(model.arms.names)}
    weak = (_weak(row, low[[0, arm_of[row.mutant]]], high[[0, arm_of[row.mutant]]], model) for row in rows)
    attributed = others > 0
    yield Attribution(
        subject=model.scenario.subject,
        background=model.scenario.background,
        metric=metric,
        trainings=int(attributed.sum()),
        of=len(blind),
        blind=float(blind[attributed].mean()),
        most_blind=float(blind.max()),
        weak=tuple(each for each in weak if each is not None),
        decided=sum(row.verdict is not Verdict.UNDECIDED for row in rows),
    )


def _blind(rows: pd.DataFrame) -> Floats | None:
    """Blind share b of each trial's energy, shape (N,); None where no energy is attributed.

    Without information on use, all but the idle power is blind.
    """
    others = _column(rows, "companions")
    if not (others > 0).any():
        return None
    energy = rows[list(ENERGY_METRICS)].to_numpy(dtype=np.float64)
    net = np.stack([_column(rows, f"net_{metric}") for metric in ENERGY_METRICS], axis=1)
    active = np.nansum(np.where(np.isfinite(net), np.clip(net, 0.0, energy), energy), axis=1)
    whole = np.nansum(energy, axis=1)
    by_use = np.nan_to_num(_column(rows, "by_use")) * whole
    share = np.divide(np.maximum(active - by_use, 0.0), whole, out=np.zeros_like(whole), where=whole > 0)
    return np.where(others > 0, np.clip(share, 0.0, 1.0), 0.0)


def _column(rows: pd.DataFrame, name: str) -> Floats:
    """Return an optional column of the rows, shape (N,), NaN where not known."""
    if name not in rows:
        return np.full(len(rows), np.nan)
    return np.asarray(pd.to_numeric(rows[name], errors="coerce"), dtype=np.float64)


def _by_arm(model: ScenarioModel, log_ratios: Floats) -> Floats:
    """Mean of each arm, shape (A,); minus infinity where the true energy of a trial may be 0."""
    return np.array([log_ratios[model.arms.code == arm].mean() for arm in range(len(model.arms))])


def _weak(row: CarefulComparison, low: Floats, high: Floats, model: ScenarioModel) -> WeakVerdict | None:
    """Return the verdict, if it is weak; else None.

    Args:
        row: The comparison.
        low: Log ratio of the smallest possible to the attributed energy, of the original and of the mutant; 0 or less.
        high: Log ratio of the largest possible to the attributed energy, likewise; 0 or more.
        model: The fitted scenario; it holds the margin.
    """
    if row.relative_change.value is None or row.verdict is Verdict.UNDECIDED:
        return None
    change = np.log1p(row.relative_change.value)
    least, most = (float(relative_change(change + end)) for end in (low[1] - high[0], high[1] - low[0]))
    margin = model.settings.margin
    holds = {
        Verdict.WIN: most < 0,
        Verdict.LOSS: least > 0,
        Verdict.TIE: least >= -margin and most <= margin,
    }[row.verdict]
    return None if holds else WeakVerdict(row.mutant, row.verdict, row.relative_change.value, least, most)
