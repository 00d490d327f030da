"""Both protocols, applied to many simulated audits at once."""

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
    """The result of a protocol for many audits.

    Args:
        verdict: Shape (audits, metrics, mutants): `win`, `tie`, `loss` or `undecided`.
        recommended: Shape (audits, mutants); None for a protocol without recommendations.
    """

    verdict: VerdictNames
    recommended: Flags | None = None

    @property
    def alarm(self) -> Flags:
        """Whether the verdict is a difference, shape (audits, metrics, mutants)."""
        return np.isin(self.verdict, ("win", "loss"))


def careful(observations: Floats, tolerance: float | None = None, *, blocked: bool = True) -> ProtocolResult:
    """Apply the careful protocol.

    Runs the code of `mutegreen stats` without intervals and tables, on which no verdict depends.

    Args:
        observations: Shape (audits, arms, repetitions, metrics).
        tolerance: Of performance, in its own unit; None: the default.
        blocked: Whether repetitions are blocks.
    """
    metrics = [fit_audit(audit, blocked=blocked) for audit in observations]
    verdict = np.stack([_verdicts(metric_model, tolerance) for metric_model in metrics])
    not_worse = np.stack(
        [_not_worse(metric_model[METRICS.index("performance")], tolerance) for metric_model in metrics]
    )
    return ProtocolResult(verdict, (verdict[:, ALL_METRICS.index(TOTAL)] == "win") & not_worse)


def fit_audit(audit: Floats, *, blocked: bool = True) -> list[MetricModel]:
    """Fit every metric of one audit, shape (arms, repetitions, metrics), the total energy last."""
    arms, repetitions, _ = audit.shape
    measured = np.isfinite(audit[..., 0])
    code, block = (index[measured] for index in np.indices((arms, repetitions)))
    names = ("original", *(f"mutant {arm}" for arm in range(1, arms)))
    layout = Arms(names, code, block if blocked else np.zeros_like(block), blocked)
    rows = audit[measured]
    columns = dict(zip(METRICS, rows.T, strict=True)) | {TOTAL: rows[:, : len(ENERGY_METRICS)].sum(axis=1)}
    return [fit_metric(column, layout, metric) for metric, column in columns.items()]


def _verdicts(metrics: list[MetricModel], tolerance: float | None) -> VerdictNames:
    p_adjusted = adjust(np.stack([metric_model.contrasts.differ() for metric_model in metrics]))
    names = [
        verdicts(
            metric_model,
            adjusted,
            metric_model.contrasts.within(*metric_model.bounds(_margin(metric_model, tolerance))),
            ALPHA,
            metric_model.metric != "performance",
        )
        for metric_model, adjusted in zip(metrics, p_adjusted, strict=True)
    ]
    return np.stack(names)[:, 1:]


def _margin(metric_model: MetricModel, tolerance: float | None) -> float:
    if metric_model.metric != "performance":
        return MARGIN
    return DEFAULT_TOLERANCE * metric_model.reference if tolerance is None else tolerance


def _not_worse(performance: MetricModel, tolerance: float | None) -> Flags:
    """For each mutant, whether its performance is shown to be non-inferior, shape (mutants,)."""
    contrasts = performance.contrasts
    p = contrasts.above(-_margin(performance, tolerance))
    p = np.where(np.isnan(contrasts.error) & (contrasts.estimate == 0), 0.0, p)
    return np.asarray(adjust(p[1:]) <= ALPHA)


def published(observations: Floats) -> ProtocolResult:
    """Apply the published protocol to its metrics.

    Args:
        observations: Shape (audits, arms, repetitions, metrics).
    """
    original, mutants = observations[:, :1], observations[:, 1:]
    p, difference = _student(original, mutants)
    delta = _deltas(original, mutants)
    less_is_better = np.array([metric != "performance" for metric in METRICS])
    tie = ~(p <= ALPHA) | (np.abs(delta) < NEGLIGIBLE)
    verdict = np.select([tie, (difference < 0) == less_is_better], ["tie", "win"], "loss")
    return ProtocolResult(np.moveaxis(verdict, -1, 1))


def _student(original: Floats, mutants: Floats) -> tuple[Floats, Floats]:
    """Two-sided p value of Student's t-test with equal variances, and the difference of the means."""
    (n, mean, square), (own_n, own_mean, own_square) = map(_moments, (original, mutants))
    df = n + own_n - 2
    error = np.sqrt((square + own_square) / df * (1 / n + 1 / own_n))
    difference = own_mean - mean
    with np.errstate(all="ignore"):
        p = 2 * special.stdtr(df, -np.abs(difference / error))
    # Where nothing varies the test has the limit p = 0 for different constants, p = 1 for equal ones.
    return np.where(error == 0, np.where(difference == 0, 1.0, 0.0), p), difference


def _moments(observations: Floats) -> tuple[Floats, Floats, Floats]:
    mean = np.nanmean(observations, axis=2)
    # A constant's mean may differ from it by rounding.
    mean = np.where(
        np.nanmin(observations, axis=2) == np.nanmax(observations, axis=2), np.nanmin(observations, axis=2), mean
    )
    square = np.nansum((observations - mean[:, :, None]) ** 2, axis=2)
    return np.isfinite(observations).sum(axis=2).astype(float), mean, square


def _deltas(original: Floats, mutants: Floats) -> Floats:
    signs = np.sign(mutants[:, :, :, None] - original[:, :, None])
    return np.asarray(np.nanmean(signs, axis=(2, 3)))
