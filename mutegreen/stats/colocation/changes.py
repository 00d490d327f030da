"""Co-located against exclusive training: tests of equal correlations, of equal effects of mutants, and their verdicts.

Equal correlations: difference of Fisher's z of two independent samples, with the variances of `careful_correlations`.
Equal effects: difference of the two contrasts of a mutant with its original, Welch's t.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from mutegreen.model import Verdict
from mutegreen.stats.adjustment import Adjustment, adjust
from mutegreen.stats.analysis import CarefulComparison, CarefulCorrelation
from mutegreen.stats.colocation.pairing import Pairing
from mutegreen.stats.interval import Interval, known, or_nan
from mutegreen.stats.logarithm import relative_change
from mutegreen.stats.model.block_model import Codes, Floats
from mutegreen.stats.model.metric_model import MetricModel
from mutegreen.stats.model.scenario_model import ScenarioModel
from mutegreen.stats.settings import CONFIDENCE
from mutegreen.stats.verdicts.careful_correlations import MIN_TRIALS_FOR_INTERVAL

_MAX_COEFFICIENT = 1 - 1e-12


@dataclass(frozen=True)
class ColocationCorrelation:
    """A correlation in exclusive and in co-located training.

    Args:
        n_alone: Observations of exclusive training; all fields with `_alone` are of it.
        n: Observations of co-located training; all fields without `_alone` are of it.
        same_values: Whether the mutants have the same values in both; else the coefficients may differ for that reason.
        spearman_p: P value of equal coefficients; None where one of them is not known or is 1 or -1.
        spearman_p_adjusted: `spearman_p`, adjusted for all correlations of the pair.
        pearson_p: The same for Pearson's coefficients.
        pearson_p_adjusted: `pearson_p`, adjusted for all correlations of the pair.
    """

    subject: str
    background: str
    hyperparameter: str
    metric: str
    n_alone: int
    n: int
    same_values: bool
    spearman_alone: float | None
    spearman: float | None
    spearman_p: float | None
    pearson_alone: float | None
    pearson: float | None
    pearson_p: float | None
    spearman_p_adjusted: float | None = None
    pearson_p_adjusted: float | None = None


@dataclass(frozen=True)
class ColocationComparison:
    """The effect of a mutant on one metric in exclusive and in co-located training.

    Args:
        relative_change_alone: Against the original, both exclusive; so `verdict_alone`.
        relative_change: Against the original, both co-located; so `verdict`.
        extra: Difference of the co-located and the exclusive effect: the ratio of the two ratios minus 1 for energy and
            time, in its own unit for performance.
        p: P value of equal effects.
        p_adjusted: `p`, adjusted for all mutants and metrics of the pair.
    """

    subject: str
    background: str
    hyperparameter: str
    mutant: str
    value: float | str | None
    metric: str
    relative_change_alone: float | None
    relative_change: float | None
    verdict_alone: Verdict
    verdict: Verdict
    extra: Interval
    p: float | None
    p_adjusted: float | None = None

    @property
    def changes(self) -> bool:
        """Whether the verdicts differ."""
        return self.verdict is not self.verdict_alone


def colocation_correlations(
    pairing: Pairing,
    exclusive: Sequence[CarefulCorrelation],
    colocated: Sequence[CarefulCorrelation],
    adjustment: Adjustment,
) -> list[ColocationCorrelation]:
    """Return every correlation that is known in both, with the test of equality."""
    by_key = {(row.hyperparameter, row.metric): row for row in exclusive}
    pairs = [(by_key[key], row) for row in colocated if (key := (row.hyperparameter, row.metric)) in by_key]
    rows = [_correlation(pairing, *pair) for pair in pairs]
    spearman, pearson = (
        adjust([or_nan(getattr(row, name)) for row in rows], adjustment) for name in ("spearman_p", "pearson_p")
    )
    return [
        replace(row, spearman_p_adjusted=known(one), pearson_p_adjusted=known(other))
        for row, one, other in zip(rows, spearman, pearson, strict=True)
    ]


def _correlation(
    pairing: Pairing, exclusive: CarefulCorrelation, colocated: CarefulCorrelation
) -> ColocationCorrelation:
    return ColocationCorrelation(
        subject=pairing.subject,
        background=pairing.background,
        hyperparameter=colocated.hyperparameter,
        metric=colocated.metric,
        n_alone=exclusive.n,
        n=colocated.n,
        same_values=_values(pairing.exclusive, colocated.hyperparameter)
        == _values(pairing.colocated, colocated.hyperparameter),
        spearman_alone=exclusive.spearman.value,
        spearman=colocated.spearman.value,
        spearman_p=_equal_p((exclusive.spearman.value, exclusive.n), (colocated.spearman.value, colocated.n), 0.5),
        pearson_alone=exclusive.pearson.value,
        pearson=colocated.pearson.value,
        pearson_p=_equal_p((exclusive.pearson.value, exclusive.n), (colocated.pearson.value, colocated.n), 0.0),
    )


def _values(model: ScenarioModel, hyperparameter: str) -> set[float | str | None]:
    return {each.value for each in model.scenario.definitions if each.hyperparameter == hyperparameter}


def _equal_p(one: tuple[float | None, int], other: tuple[float | None, int], excess: float) -> float | None:
    """Two-sided p value of equal coefficients; z has the variance (1 + excess r^2) / (n - 3)."""
    difference = variance = 0.0
    for sign, (coefficient, n) in ((1, one), (-1, other)):
        if coefficient is None or n < MIN_TRIALS_FOR_INTERVAL or abs(coefficient) > _MAX_COEFFICIENT:
            return None
        difference += sign * math.atanh(coefficient)
        variance += (1 + excess * coefficient**2) / (n - 3)
    return float(2 * special.ndtr(-abs(difference) / math.sqrt(variance)))


def colocation_comparisons(
    pairing: Pairing,
    exclusive: Sequence[CarefulComparison],
    colocated: Sequence[CarefulComparison],
    adjustment: Adjustment,
) -> list[ColocationComparison]:
    """Return the effects of every mutant in both, in every metric."""
    if not pairing.common:
        return []
    exclusive_rows = {(row.mutant, row.metric): row for row in exclusive}
    colocated_rows = {(row.mutant, row.metric): row for row in colocated}
    extras = {metric: _extras(pairing, metric) for metric in pairing.metrics}
    rows = [
        _comparison(exclusive_rows[one.mutant, metric], colocated_rows[other.mutant, metric], extras[metric][index])
        for index, (one, other) in enumerate(pairing.common)
        for metric in pairing.metrics
    ]
    adjusted = adjust([or_nan(row.p) for row in rows], adjustment)
    return [replace(row, p_adjusted=known(p)) for row, p in zip(rows, adjusted, strict=True)]


def _comparison(exclusive: CarefulComparison, colocated: CarefulComparison, extra: Floats) -> ColocationComparison:
    middle, low, high, p = extra.tolist()
    return ColocationComparison(
        subject=colocated.subject,
        background=colocated.background,
        hyperparameter=colocated.hyperparameter,
        mutant=colocated.mutant,
        value=colocated.value,
        metric=colocated.metric,
        relative_change_alone=exclusive.relative_change.value,
        relative_change=colocated.relative_change.value,
        verdict_alone=exclusive.verdict,
        verdict=colocated.verdict,
        extra=Interval.of(middle, low, high),
        p=known(p),
    )


def _extras(pairing: Pairing, metric: str) -> Floats:
    """For each mutant in both: extra, ends of its interval, and p; shape (mutants, 4), NaN where not known."""
    exclusive, colocated = pairing.exclusive.metrics[metric], pairing.colocated.metrics[metric]
    arms, colocated_arms = pairing.arms(pairing.common)
    if not (exclusive.relative and colocated.relative) and metric != "performance":
        return np.full((len(arms), 4), np.nan)
    with np.errstate(all="ignore"):
        parts = [_contrast(exclusive, arms), _contrast(colocated, colocated_arms)]
        square = sum(error**2 for _, error, _ in parts)
        df = square**2 / sum(error**4 / part_df for _, error, part_df in parts)
        extra = parts[1][0] - parts[0][0]
        half = special.stdtrit(df, (1 + CONFIDENCE) / 2) * np.sqrt(square)
        p = 2 * special.stdtr(df, -np.abs(extra) / np.sqrt(square))
    ends = [extra, extra - half, extra + half]
    return np.stack([*(relative_change(end) if exclusive.relative else end for end in ends), p], axis=1)


def _contrast(metric_model: MetricModel, arms: Codes) -> tuple[Floats, Floats, Floats]:
    contrasts = metric_model.contrasts
    return contrasts.estimate[arms], contrasts.error[arms], contrasts.df[arms]
