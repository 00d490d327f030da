"""Audits that trained several at a time: what company did, and which verdicts rest on how energy was divided.

A training's share of a device has three parts: idle power, divided evenly, which is a convention; active power divided
by measured use; and active power of which no use was known, divided evenly for want of better. Of the last, its blind
part, it may in truth have taken nothing, or also what went to the c others beside it. So a share E with a blind part b
stands for something between E (1 - b) and E (1 + c b), and a verdict that is not the same at both ends rests on the
division and not on a measurement.
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
from mutegreen.stats.model.arms import energy_metrics
from mutegreen.stats.model.block_model import ConcurrencySlope, Floats
from mutegreen.stats.model.metric_model import MetricModel
from mutegreen.stats.model.scenario_model import ScenarioModel
from mutegreen.stats.settings import CONFIDENCE

_DOUBLING = float(np.log(2))


@dataclass(frozen=True)
class ConcurrencyEffect:
    """What it does to a metric if twice as many train at a time; taken out of all comparisons.

    Args:
        fewest, most: Other trainings beside one, on average over it.
        doubling: Relative change; not known where it cannot be told from arms and blocks.
        p: Two-sided, of no effect.
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
    """A verdict that could be another if energy had been divided otherwise.

    Args:
        low, high: Between these lies the relative change, whatever way the blind parts are divided.
    """

    mutant: str
    verdict: Verdict
    relative_change: float
    low: float
    high: float


@dataclass(frozen=True)
class Attribution:
    """How far verdicts on attributed energy can be trusted.

    Args:
        metric: The energy in question: the total, or the only one.
        trainings: How many have a share that is attributed, of `of`.
        blind: Mean over these of the part of which no use was known; `most_blind` the largest.
        weak: Verdicts that rest on the division.
        decided: Verdicts that there are, win, tie or loss.
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
    """What company did to each metric, where trainings had company of different size."""
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
        float(metric_model.as_relative(np.asarray(_DOUBLING * (slope.value + way * half)))) for way in (0, -1, 1)
    )
    return Interval.of(value, low, high)


def attribution_of(model: ScenarioModel, comparisons: Sequence[CarefulComparison]) -> Iterator[Attribution]:
    """How far to trust the verdicts on all energy; nothing where no share is attributed."""
    metric = next(reversed(energy_metrics(model.scenario)), None)
    blind = _blind(model.scenario.rows)
    if metric is None or model.scenario.background or blind is None:
        return
    concurrency = np.expm1(model.arms.concurrency) if model.arms.concurrency is not None else np.zeros_like(blind)
    with np.errstate(divide="ignore"):
        low, high = (_by_arm(model, figures) for figures in (np.log1p(-blind), np.log1p(concurrency * blind)))
    own = [row for row in comparisons if row.metric == metric and row.hyperparameter != IDENTITY]
    places = {name: place for place, name in enumerate(model.arms.names)}
    judged = (_weak(row, low[[0, places[row.mutant]]], high[[0, places[row.mutant]]], model) for row in own)
    attributed = concurrency > 0
    yield Attribution(
        subject=model.scenario.subject,
        background=model.scenario.background,
        metric=metric,
        trainings=int(attributed.sum()),
        of=len(blind),
        blind=float(blind[attributed].mean()),
        most_blind=float(blind.max()),
        weak=tuple(each for each in judged if each is not None),
        decided=sum(row.verdict is not Verdict.UNDECIDED for row in own),
    )


def _blind(rows: pd.DataFrame) -> Floats | None:
    """For each training the part of its energy of which no use was known; None where none was attributed.

    A share of which nothing is told is blind but for its idle power.
    """
    concurrency = _column(rows, "companions")
    if not (concurrency > 0).any():
        return None
    energy = rows[list(ENERGY_METRICS)].to_numpy(dtype=np.float64)
    net = np.stack([_column(rows, f"net_{metric}") for metric in ENERGY_METRICS], axis=1)
    active = np.nansum(np.where(np.isfinite(net), np.clip(net, 0.0, energy), energy), axis=1)
    whole = np.nansum(energy, axis=1)
    by_use = np.nan_to_num(_column(rows, "by_use")) * whole
    share = np.divide(np.maximum(active - by_use, 0.0), whole, out=np.zeros_like(whole), where=whole > 0)
    return np.where(concurrency > 0, np.clip(share, 0.0, 1.0), 0.0)


def _column(rows: pd.DataFrame, name: str) -> Floats:
    """A column that rows may have, NaN where unknown."""
    if name not in rows:
        return np.full(len(rows), np.nan)
    return np.asarray(pd.to_numeric(rows[name], errors="coerce"), dtype=np.float64)


def _by_arm(model: ScenarioModel, figures: Floats) -> Floats:
    """Mean over each arm's trainings, shape (A,); minus infinity where a share may be nothing at all."""
    return np.array([figures[model.arms.code == arm].mean() for arm in range(len(model.arms))])


def _weak(row: CarefulComparison, low: Floats, high: Floats, model: ScenarioModel) -> WeakVerdict | None:
    """The verdict if another division would give another one.

    Args:
        row: The comparison.
        low: Of the original and the mutant, what is to be added to the logarithm at most if too large; 0 or less.
        high: Likewise if too small; 0 or more.
        model: The fitted scenario; it holds the margin.
    """
    if row.relative_change.value is None or row.verdict is Verdict.UNDECIDED:
        return None
    change = np.log1p(row.relative_change.value)
    least, most = (float(np.expm1(change + end)) for end in (low[1] - high[0], high[1] - low[0]))
    margin = model.settings.margin
    holds = {
        Verdict.WIN: most < 0,
        Verdict.LOSS: least > 0,
        Verdict.TIE: least >= -margin and most <= margin,
    }[row.verdict]
    return None if holds else WeakVerdict(row.mutant, row.verdict, row.relative_change.value, least, most)
