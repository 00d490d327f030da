"""Whether energy becomes more susceptible to change in company: do the same mutants change it more than alone?

Three questions that are easily taken for one:

- Is a change shown for more mutants? Exact McNemar test on the verdicts (McNemar 1947). That depends on the noise as
  much as on the effects: a noisier audit shows less.
- Are the measured changes larger? Wilcoxon's signed ranks (1945) of their absolute logarithms. A measured change holds
  noise, and all of them hold that of the one original: where company is noisier, they are larger even if no mutant does
  anything.
- Are the true changes larger? Their mean square less what noise adds to it, and a parametric bootstrap of the
  studentised difference under the hypothesis that every mutant does the same in both (Davison & Hinkley, "Bootstrap
  Methods and their Application", 1997, sections 4.2 and 4.4). Only this one is answered in a conclusion.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from scipy import stats

from mutegreen.model import ENERGY_METRICS, IDENTITY, TOTAL, Verdict
from mutegreen.stats.adjustment import Adjustment, adjust
from mutegreen.stats.analysis import CarefulComparison
from mutegreen.stats.colocation.pairing import Pairing
from mutegreen.stats.model.block_model import Codes, Floats
from mutegreen.stats.model.metric_model import MetricModel
from mutegreen.stats.reason import Reason, ReasonCode

SIMULATIONS = 9999
MIN_MUTANTS = 2
"""Mutants in common below which a mean over them is none."""
MIN_MUTANTS_RANKED = 6
"""Mutants in common below which neither McNemar's nor Wilcoxon's p can be 0.05 or less: 2 / 2^5 is more."""
_BATCH = 2**21
"""Figures drawn at once: 16 MB."""
_MIN_VARIANCE = 1e-300


class SusceptibilityFinding(StrEnum):
    """What was shown of the true changes in company, against those alone."""

    MORE = "more"
    LESS = "less"
    NOT_SHOWN = "not_shown"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Susceptibility:
    """How much the mutants change one energy metric, alone and in company.

    Args:
        mutants: How many are in both; all figures but the last four are of these.
        changed_alone: How many of them were shown to change it (win or loss); `changed` likewise in company.
        newly: How many were shown to change it in company only; `no_longer` how many alone only.
        mcnemar_p: Of changes shown as often; None below `MIN_MUTANTS_RANKED` mutants.
        wilcoxon_p: Of measured changes as large; likewise.
        size_alone: Root mean square of the true relative changes: what noise adds is taken out; `size` in company.
        p: Of true changes as large, two-sided.
        p_adjusted: The same, adjusted for all energy metrics and backgrounds of the analysis.
        finding: What that shows.
        reason: Why there is no p.
        all_alone: How many mutants were trained alone, and `all_changed_alone` of them shown to change the metric;
            `all_mutants` and `all_changed` in company.
        fisher_p: Of equal shares of these; None where the mutants are the same, so that McNemar's test is the better.
    """

    subject: str
    background: str
    metric: str
    mutants: int
    changed_alone: int
    changed: int
    newly: int
    no_longer: int
    mcnemar_p: float | None
    wilcoxon_p: float | None
    size_alone: float | None
    size: float | None
    p: float | None
    all_alone: int
    all_changed_alone: int
    all_mutants: int
    all_changed: int
    fisher_p: float | None
    reason: Reason | None = None
    p_adjusted: float | None = None
    finding: SusceptibilityFinding = SusceptibilityFinding.UNKNOWN


@dataclass(frozen=True)
class SusceptibilityClaim:
    """What is shown of the claim that energy becomes more susceptible to change in company, in all comparisons.

    Args:
        comparisons: Energy metrics and backgrounds of which something can be told.
        more: How many of them are shown to be more susceptible; `less` likewise.
    """

    comparisons: int
    more: int
    less: int


def claim_of(rows: Sequence[Susceptibility]) -> SusceptibilityClaim | None:
    """What all comparisons show; None where there is none."""
    findings = [row.finding for row in rows if row.finding is not SusceptibilityFinding.UNKNOWN]
    return (
        SusceptibilityClaim(
            len(findings), findings.count(SusceptibilityFinding.MORE), findings.count(SusceptibilityFinding.LESS)
        )
        if rows
        else None
    )


@dataclass(frozen=True)
class LogRatios:
    """Logarithms of the ratios of k mutants to the original, and the variances that they are known to.

    Args:
        estimate: Shape (..., k).
        variance: Shape (..., k), what each mutant's own trainings add.
        df: Shape (k,), its degrees of freedom.
        shared: Shape (...), what the original's trainings add to all of them alike.
        shared_df: Its degrees of freedom.
    """

    estimate: Floats
    variance: Floats
    df: Floats
    shared: Floats
    shared_df: float

    @property
    def known(self) -> bool:
        """Whether all is known that the test needs."""
        return bool(np.isfinite(self.estimate).all() and np.isfinite(self.variance).all() and np.isfinite(self.shared))

    @property
    def mean_square(self) -> Floats:
        """Mean square of the true logarithms, unbiased; shape (...)."""
        return np.asarray((self.estimate**2 - self.variance).mean(axis=-1) - self.shared)

    @property
    def error_square(self) -> Floats:
        """Variance of `mean_square`, of normal errors; shape (...)."""
        k, shared = self.estimate.shape[-1], self.shared
        squares = np.maximum(self.estimate**2 - self.variance - shared[..., None], 0.0)
        summed = self.estimate.sum(axis=-1) ** 2 - self.variance.sum(axis=-1) - k**2 * shared
        of_effects = (squares * self.variance).sum(axis=-1) + shared * np.maximum(summed, 0.0)
        of_noise = (self.variance**2 + 2 * self.variance * shared[..., None]).sum(axis=-1) + (k * shared) ** 2
        of_variances = (self.variance**2 / self.df).sum(axis=-1) + (k * shared) ** 2 / self.shared_df
        return np.asarray((4 * of_effects + 2 * of_noise + 2 * of_variances) / k**2)

    @property
    def size(self) -> float:
        """Root of the mean square, as a relative change; 0 where noise explains all."""
        return float(np.expm1(np.sqrt(max(float(self.mean_square), 0.0))))

    def drawn(self, truth: Floats, count: int, generator: np.random.Generator) -> LogRatios:
        """So many audits in which the mutants' true logarithms are `truth`, shape (k,), noise being as here."""
        k = len(truth)
        own = generator.standard_normal((count, k)) * np.sqrt(self.variance)
        original = generator.standard_normal((count, 1)) * np.sqrt(self.shared)
        variance = self.variance * generator.chisquare(self.df, (count, k)) / self.df
        shared = self.shared * generator.chisquare(self.shared_df, count) / self.shared_df
        return replace(self, estimate=truth + own - original, variance=variance, shared=shared)


def log_ratios_of(metric_model: MetricModel, arms: Codes) -> LogRatios | None:
    """The differences of some mutants; None where figures were not compared as logarithms, or noise is not known.

    The variances are the arms' own: moderated ones, which are never lowered, would take out too much.
    """
    fitted = metric_model.fitted
    own = fitted.variance / np.maximum(fitted.n, 1)
    found = LogRatios(
        estimate=metric_model.contrasts.estimate[arms],
        variance=own[arms] + metric_model.noise.pooled * fitted.imbalance[arms],
        df=fitted.df[arms],
        shared=own[0],
        shared_df=float(fitted.df[0]),
    )
    return found if metric_model.relative and found.known else None


def equal_size_p(alone: LogRatios, beside: LogRatios, seed: int = 0) -> float:
    """Two-sided p of true changes that are as large alone as in company, over these very mutants; NaN without noise."""
    observed = _studentised(alone, beside)
    if not np.isfinite(observed):
        return float("nan")
    generator = np.random.default_rng(seed)
    weights = [1 / np.maximum(each.variance + each.shared, _MIN_VARIANCE) for each in (alone, beside)]
    truth = np.average([alone.estimate, beside.estimate], axis=0, weights=weights)
    parts = -(-SIMULATIONS * len(truth) // _BATCH)
    sizes = [len(part) for part in np.array_split(np.arange(SIMULATIONS), parts)]
    drawn = [_studentised(*(each.drawn(truth, size, generator) for each in (alone, beside))) for size in sizes]
    above, below = (sum(int(np.sum(part * sign >= observed * sign)) for part in drawn) for sign in (1, -1))
    return min(1.0, 2 * (1 + min(above, below)) / (SIMULATIONS + 1))


def _studentised(alone: LogRatios, beside: LogRatios) -> Floats:
    with np.errstate(all="ignore"):
        return np.asarray((beside.mean_square - alone.mean_square) / np.sqrt(alone.error_square + beside.error_square))


def susceptibilities(
    pairing: Pairing, alone: Sequence[CarefulComparison], beside: Sequence[CarefulComparison]
) -> Iterator[Susceptibility]:
    """What there is to say of every energy metric, not yet adjusted.

    Args:
        pairing: The subject alone and in company.
        alone: What was found of its mutants alone.
        beside: And in company.
    """
    for metric in pairing.metrics:
        if metric in (*ENERGY_METRICS, TOTAL):
            counted = _counted(pairing, metric, _shown(alone, metric), _shown(beside, metric))
            yield _sized(counted, pairing)


def with_adjusted_p(rows: Sequence[Susceptibility], alpha: float, adjustment: Adjustment) -> list[Susceptibility]:
    """The same with adjusted p values and what they show."""
    adjusted = adjust([np.nan if row.p is None else row.p for row in rows], adjustment)
    return [_judged(row, float(p), alpha) for row, p in zip(rows, adjusted, strict=True)]


def _judged(row: Susceptibility, p: float, alpha: float) -> Susceptibility:
    if row.size is None or row.size_alone is None:
        return row
    finding = SusceptibilityFinding.NOT_SHOWN
    if p <= alpha:
        finding = SusceptibilityFinding.MORE if row.size > row.size_alone else SusceptibilityFinding.LESS
    return replace(row, p_adjusted=p, finding=finding)


def _shown(comparisons: Sequence[CarefulComparison], metric: str) -> dict[str, bool]:
    """By mutant whether a change was shown; without the control."""
    return {
        row.mutant: row.verdict in (Verdict.WIN, Verdict.LOSS)
        for row in comparisons
        if row.metric == metric and row.hyperparameter != IDENTITY
    }


def _counted(pairing: Pairing, metric: str, alone: dict[str, bool], beside: dict[str, bool]) -> Susceptibility:
    """What the verdicts say; sizes are not known yet."""
    pairs = [(alone[one.mutant], beside[other.mutant]) for one, other in pairing.changing]
    newly, no_longer = pairs.count((False, True)), pairs.count((True, False))
    enough = len(pairs) >= MIN_MUTANTS_RANKED
    same = len(pairs) == len(alone) == len(beside)
    shares = [[sum(each.values()), len(each) - sum(each.values())] for each in (alone, beside)]
    return Susceptibility(
        subject=pairing.subject,
        background=pairing.background,
        metric=metric,
        mutants=len(pairs),
        changed_alone=sum(one for one, _ in pairs),
        changed=sum(other for _, other in pairs),
        newly=newly,
        no_longer=no_longer,
        mcnemar_p=float(stats.binomtest(newly, newly + no_longer).pvalue) if enough and newly + no_longer else None,
        wilcoxon_p=None,
        size_alone=None,
        size=None,
        p=None,
        all_alone=len(alone),
        all_changed_alone=shares[0][0],
        all_mutants=len(beside),
        all_changed=shares[1][0],
        fisher_p=None if same else float(stats.fisher_exact(shares).pvalue),
    )


def _sized(row: Susceptibility, pairing: Pairing) -> Susceptibility:
    """The same with the sizes of the true changes, or the reason why they are not known."""
    if len(pairing.changing) < MIN_MUTANTS:
        return replace(row, reason=Reason(ReasonCode.FEWER_THAN_TWO_IN_BOTH))
    places = zip((pairing.alone, pairing.beside), pairing.arms(pairing.changing), strict=True)
    alone, beside = (log_ratios_of(model.metrics[row.metric], arms) for model, arms in places)
    if alone is None or beside is None:
        return replace(row, reason=Reason(ReasonCode.NOISE_NOT_KNOWN))
    p = equal_size_p(alone, beside)
    if np.isnan(p):
        return replace(row, reason=Reason(ReasonCode.NO_VARIATION))
    wilcoxon_p = _wilcoxon_p(alone.estimate, beside.estimate)
    return replace(row, wilcoxon_p=wilcoxon_p, size_alone=alone.size, size=beside.size, p=p)


def _wilcoxon_p(alone: Floats, beside: Floats) -> float | None:
    if len(alone) < MIN_MUTANTS_RANKED or np.array_equal(np.abs(alone), np.abs(beside)):
        return None
    return float(stats.wilcoxon(np.abs(beside), np.abs(alone)).pvalue)
