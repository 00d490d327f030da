"""Correlations with intervals, and p values adjusted for their number.

Intervals are symmetric in Fisher's z = artanh r: for Pearson's coefficient with his variance 1 / (n - 3), for
Spearman's with that of Bonett & Wright, (1 + rho^2 / 2) / (n - 3).

Source: Bonett & Wright, "Sample size requirements for estimating Pearson, Kendall and Spearman correlations", 2000.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy import special

from mutegreen.model import ORIGINAL
from mutegreen.stats.adjustment import Adjustment, adjust
from mutegreen.stats.analysis import CarefulCorrelation, Correlation
from mutegreen.stats.interval import Interval, known, or_nan
from mutegreen.stats.model.quality import worst_quality
from mutegreen.stats.model.scenario import Scenario
from mutegreen.stats.settings import CONFIDENCE
from mutegreen.stats.verdicts.correlation import correlate

MIN_TRIALS_FOR_INTERVAL = 4
"""Observations below which z has no variance."""
_ROUNDING = 1e-12
"""Distance to 1 up to which a coefficient counts as 1."""


def correlations(scenario: Scenario) -> Iterator[Correlation]:
    """Correlate the values of every hyperparameter with every metric, over the original and its mutants.

    Hyperparameters with values that are not numbers are excluded, and so is the control.
    """
    for hyperparameter, default in scenario.single.items():
        if not scenario.is_numeric(hyperparameter):
            continue
        rows = scenario.of_hyperparameter(hyperparameter)
        values = rows["value"].where(rows["mutant"] != ORIGINAL, default).to_numpy(dtype=np.float64)
        for metric in scenario.metrics:
            coefficients = correlate(values, rows[metric].to_numpy(dtype=np.float64))
            yield Correlation(
                subject=scenario.subject,
                background=scenario.background,
                hyperparameter=hyperparameter,
                metric=metric,
                n=coefficients.n,
                spearman=Interval(coefficients.spearman),
                spearman_p=coefficients.spearman_p,
                pearson=Interval(coefficients.pearson),
                pearson_p=coefficients.pearson_p,
                quality=worst_quality(rows, metric),
                reason=coefficients.reason,
            )


def careful_correlations(scenario: Scenario, adjustment: Adjustment = Adjustment.HOLM) -> list[CarefulCorrelation]:
    """Return the correlations of a scenario with 95 % intervals and adjusted p values.

    There is no interval below `MIN_TRIALS_FOR_INTERVAL` observations, nor for a coefficient of 1 or -1, which has no
    estimate of its error. P values of all Spearman coefficients of the scenario are adjusted as one family, those of
    all Pearson coefficients as another.
    """
    rows = list(correlations(scenario))
    spearman = adjust([or_nan(row.spearman_p) for row in rows], adjustment)
    pearson = adjust([or_nan(row.pearson_p) for row in rows], adjustment)
    return [
        _with_intervals(row, known(spearman_p), known(pearson_p))
        for row, spearman_p, pearson_p in zip(rows, spearman, pearson, strict=True)
    ]


def _with_intervals(row: Correlation, spearman_p: float | None, pearson_p: float | None) -> CarefulCorrelation:
    spearman = row.spearman.value or 0.0
    return CarefulCorrelation(
        subject=row.subject,
        background=row.background,
        hyperparameter=row.hyperparameter,
        metric=row.metric,
        n=row.n,
        spearman=_interval(row.spearman.value, row.n, 1 + spearman**2 / 2),
        spearman_p=row.spearman_p,
        pearson=_interval(row.pearson.value, row.n, 1.0),
        pearson_p=row.pearson_p,
        quality=row.quality,
        reason=row.reason,
        spearman_p_adjusted=spearman_p,
        pearson_p_adjusted=pearson_p,
    )


def _interval(coefficient: float | None, n: int, variance: float) -> Interval:
    """Return a coefficient with its interval, where it has one; `variance` is the variance of z, times n - 3."""
    if coefficient is None or n < MIN_TRIALS_FOR_INTERVAL or abs(coefficient) > 1 - _ROUNDING:
        return Interval(coefficient)
    z = math.atanh(coefficient)
    half = float(special.ndtri((1 + CONFIDENCE) / 2)) * math.sqrt(variance / (n - 3))
    return Interval(coefficient, math.tanh(z - half), math.tanh(z + half))
