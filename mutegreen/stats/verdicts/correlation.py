"""Spearman's and Pearson's correlation of a hyperparameter with a metric."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from mutegreen.stats.reason import Reason, ReasonCode

MIN_TRIALS = 3
"""Observations from which a correlation is calculated: with two, every coefficient is 1 or -1."""


@dataclass(frozen=True)
class Coefficients:
    """Spearman's and Pearson's coefficients with their two-sided p values; None where a reason is given."""

    n: int
    spearman: float | None = None
    spearman_p: float | None = None
    pearson: float | None = None
    pearson_p: float | None = None
    reason: Reason | None = None


def correlate(values: NDArray[np.float64], observations: NDArray[np.float64]) -> Coefficients:
    """Correlate a hyperparameter's values with a metric's observations.

    Args:
        values: Shape (n,), finite.
        observations: Shape (n,); NaN where not measured: these rows are excluded.
    """
    measured = ~np.isnan(observations)
    x, y = values[measured], observations[measured]
    reason = _obstacle(x, y)
    if reason:
        return Coefficients(len(y), reason=reason)
    spearman, spearman_p = _without_warning(stats.spearmanr, x, y)
    pearson, pearson_p = _without_warning(stats.pearsonr, x, y)
    reason = Reason(ReasonCode.NEARLY_EQUAL) if pearson is None else None
    return Coefficients(len(y), spearman, spearman_p, pearson, pearson_p, reason)


def _obstacle(x: NDArray[np.float64], y: NDArray[np.float64]) -> Reason | None:
    if len(y) < MIN_TRIALS:
        return Reason(ReasonCode.TOO_FEW_TRIALS, count=MIN_TRIALS)
    if not np.isfinite(y).all():
        return Reason(ReasonCode.VALUE_INFINITE)
    if np.ptp(x) == 0:
        return Reason(ReasonCode.ONE_VALUE)
    if np.ptp(y) == 0:
        return Reason(ReasonCode.ALL_EQUAL)
    return None


def _without_warning(
    function: Callable[..., tuple[float, float]], x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[float, float] | tuple[None, None]:
    """Return the coefficient and its p value; None where the library warns that they are inaccurate."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            coefficient, p = function(x, y)
        except Warning:
            return None, None
    return float(coefficient), float(p)
