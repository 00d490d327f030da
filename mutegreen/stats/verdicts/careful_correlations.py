"""Which hyperparameters move a metric: correlations with intervals, and p values adjusted for their number."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy import special

from mutegreen.model import ORIGINAL
from mutegreen.stats.adjust import Adjustment, adjust
from mutegreen.stats.analysis import CarefulCorrelation, Correlation
from mutegreen.stats.model.quality import worst_quality
from mutegreen.stats.model.scenario import Group
from mutegreen.stats.verdicts.correlation import correlate

FEWEST = 4
"""Trainings below which a coefficient's z has no variance."""
_CONFIDENCE = 0.95
_ROUNDING = 1e-12
"""What a perfect coefficient may lack of 1."""


def correlations(group: Group) -> Iterator[Correlation]:
    """Correlates the values of every hyperparameter with every metric, over the original and the mutants of it.

    Hyperparameters with values that are not numbers are left out, as are mutants that change nothing.
    """
    for hyperparameter, default in group.single.items():
        if not group.is_numeric(hyperparameter):
            continue
        rows = group.of_hyperparameter(hyperparameter)
        values = rows["value"].where(rows["mutant"] != ORIGINAL, default).to_numpy(dtype=np.float64)
        for metric in group.metrics:
            yield Correlation(
                group.subject,
                group.background,
                hyperparameter,
                metric,
                **vars(correlate(values, rows[metric].to_numpy(dtype=np.float64))),
                quality=worst_quality(rows, metric),
            )


def associations(group: Group, adjustment: Adjustment = Adjustment.HOLM) -> list[CarefulCorrelation]:
    """The correlations of a group, each with what keeps a reader from taking chance for an effect.

    Intervals are symmetric in Fisher's z: for Pearson's coefficient with his variance 1 / (n - 3), for Spearman's with
    that of Bonett & Wright ("Sample size requirements for estimating Pearson, Kendall and Spearman correlations",
    2000), (1 + rho^2 / 2) / (n - 3). There is none below `FEWEST` trainings, nor for a coefficient of 1 or -1, which
    says nothing of its own accuracy. P values of all Spearman coefficients of the group are adjusted as one family,
    those of all Pearson coefficients as another.
    """
    found = list(correlations(group))
    spearman = adjust([_or_nan(row.spearman_p) for row in found], adjustment)
    pearson = adjust([_or_nan(row.pearson_p) for row in found], adjustment)
    return [
        _with_intervals(row, _or_none(own), _or_none(other))
        for row, own, other in zip(found, spearman, pearson, strict=True)
    ]


def _with_intervals(row: Correlation, spearman_p: float | None, pearson_p: float | None) -> CarefulCorrelation:
    spearman = row.spearman or 0.0
    spearman_low, spearman_high = _interval(row.spearman, row.n, 1 + spearman**2 / 2)
    pearson_low, pearson_high = _interval(row.pearson, row.n, 1.0)
    return CarefulCorrelation(
        **vars(row),
        spearman_low=spearman_low,
        spearman_high=spearman_high,
        spearman_p_adjusted=spearman_p,
        pearson_low=pearson_low,
        pearson_high=pearson_high,
        pearson_p_adjusted=pearson_p,
    )


def _interval(coefficient: float | None, n: int, variance: float) -> tuple[float, float] | tuple[None, None]:
    """Both ends; `variance` is that of z times n - 3."""
    if coefficient is None or n < FEWEST or abs(coefficient) > 1 - _ROUNDING:
        return None, None
    z = math.atanh(coefficient)
    half = float(special.ndtri((1 + _CONFIDENCE) / 2)) * math.sqrt(variance / (n - 3))
    return math.tanh(z - half), math.tanh(z + half)


def _or_nan(p: float | None) -> float:
    return math.nan if p is None else p


def _or_none(p: float) -> float | None:
    return None if math.isnan(p) else float(p)
