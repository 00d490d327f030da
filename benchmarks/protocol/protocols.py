"""Apply the two protocols to many audits at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from benchmarks.protocol.world import Floats
from mutegreen.model import ENERGY_METRICS, METRICS, TOTAL
from mutegreen.stats.adjustment import adjust
from mutegreen.stats.model.arms import Arms
from mutegreen.stats.model.metric_model import MetricModel, fit_metric
from mutegreen.stats.settings import ALPHA, DEFAULT_TOLERANCE, MARGIN
from mutegreen.stats.verdicts.careful_rule import verdicts
from mutegreen.stats.verdicts.effect import NEGLIGIBLE

ALL_METRICS = (*METRICS, TOTAL)
"""The metrics that the careful protocol compares."""


VerdictNames = NDArray[np.str_]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class ProtocolResult:
    """Verdicts and recommendations of a protocol on audits.

    Args:
        verdict: Shape (audits, metrics, mutants): `win`, `tie`, `loss` or `undecided`.
        recommended: Shape (audits, mutants); None where the protocol recommends nothing.
    """

    verdict: VerdictNames
    recommended: Flags | None = None

    @property
    def alarm(self) -> Flags:
        """Whether the protocol claims a difference."""
        return np.isin(self.verdict, ("win", "loss"))


def careful(figures: Floats, tolerance: float | None = None, *, blocked: bool = True) -> ProtocolResult:
    """The careful protocol.

    It runs the code of `mutegreen stats`, except the parts that no verdict depends on: intervals, tables, wording.

    Args:
        figures: Shape (audits, arms, repetitions, metrics).
        tolerance: Change of performance that does not matter, in its own unit; None: the default.
        blocked: Whether repetitions are blocks.
    """
    metrics = [fit_audit(audit, blocked=blocked) for audit in figures]
    verdict = np.stack([_judged(metric_model, tolerance) for metric_model in metrics])
    not_worse = np.stack(
        [_not_worse(metric_model[METRICS.index("performance")], tolerance) for metric_model in metrics]
    )
    return ProtocolResult(verdict, (verdict[:, ALL_METRICS.index(TOTAL)] == "win") & not_worse)


def fit_audit(audit: Floats, *, blocked: bool = True) -> list[MetricModel]:
    """Every metric of one audit, shape (arms, repetitions, metrics), and the total energy last."""
    arms, repetitions, _ = audit.shape
    there = np.isfinite(audit[..., 0])
    code, block = (index[there] for index in np.indices((arms, repetitions)))
    names = ("original", *(f"mutant {arm}" for arm in range(1, arms)))
    layout = Arms(names, code, block if blocked else np.zeros_like(block), blocked)
    rows = audit[there]
    columns = dict(zip(METRICS, rows.T, strict=True)) | {TOTAL: rows[:, : len(ENERGY_METRICS)].sum(axis=1)}
    return [fit_metric(column, layout, metric) for metric, column in columns.items()]


def _judged(metrics: list[MetricModel], tolerance: float | None) -> VerdictNames:
    p_adjusted = adjust(np.stack([metric_model.contrasts.differ() for metric_model in metrics]))
    found = [
        verdicts(
            metric_model,
            adjusted,
            metric_model.contrasts.within(*metric_model.bounds(_margin(metric_model, tolerance))),
            ALPHA,
            metric_model.metric != "performance",
        )
        for metric_model, adjusted in zip(metrics, p_adjusted, strict=True)
    ]
    return np.stack(found)[:, 1:]


def _margin(metric_model: MetricModel, tolerance: float | None) -> float:
    if metric_model.metric != "performance":
        return MARGIN
    return DEFAULT_TOLERANCE * metric_model.reference if tolerance is None else tolerance


def _not_worse(performance: MetricModel, tolerance: float | None) -> Flags:
    """Return for each mutant whether its performance is shown to be non-inferior."""
    found = performance.contrasts
    p = found.above(-_margin(performance, tolerance))
    p = np.where(np.isnan(found.error) & (found.estimate == 0), 0.0, p)
    return np.asarray(adjust(p[1:]) <= ALPHA)


def published(figures: Floats) -> ProtocolResult:
    """The published protocol on the metrics that it compares.

    Args:
        figures: Shape (audits, arms, repetitions, metrics).
    """
    original, mutants = figures[:, :1], figures[:, 1:]
    p, difference = _student(original, mutants)
    delta = _deltas(original, mutants)
    less_is_better = np.array([metric != "performance" for metric in METRICS])
    tie = ~(p <= ALPHA) | (np.abs(delta) < NEGLIGIBLE)
    verdict = np.select([tie, (difference < 0) == less_is_better], ["tie", "win"], "loss")
    return ProtocolResult(np.moveaxis(verdict, -1, 1))


def _student(original: Floats, mutants: Floats) -> tuple[Floats, Floats]:
    """Two-sided p of Student's t test with equal variances, and the difference of the means."""
    (n, mean, square), (own_n, own_mean, own_square) = map(_moments, (original, mutants))
    df = n + own_n - 2
    error = np.sqrt((square + own_square) / df * (1 / n + 1 / own_n))
    difference = own_mean - mean
    with np.errstate(all="ignore"):
        p = 2 * special.stdtr(df, -np.abs(difference / error))
    # Where nothing varies the test has its limit: different constants differ, equal ones do not.
    return np.where(error == 0, np.where(difference == 0, 1.0, 0.0), p), difference


def _moments(figures: Floats) -> tuple[Floats, Floats, Floats]:
    mean = np.nanmean(figures, axis=2)
    # A constant's mean may differ from it by rounding.
    mean = np.where(np.nanmin(figures, axis=2) == np.nanmax(figures, axis=2), np.nanmin(figures, axis=2), mean)
    square = np.nansum((figures - mean[:, :, None]) ** 2, axis=2)
    return np.isfinite(figures).sum(axis=2).astype(float), mean, square


def _deltas(original: Floats, mutants: Floats) -> Floats:
    signs = np.sign(mutants[:, :, :, None] - original[:, :, None])
    return np.asarray(np.nanmean(signs, axis=(2, 3)))
