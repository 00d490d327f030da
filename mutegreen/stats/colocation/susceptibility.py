"""Susceptibility: whether the same mutants change energy more in co-located than in exclusive training.

Three different questions:

1. Are more mutants shown to change energy? Exact McNemar test on the verdicts (McNemar 1947). The answer depends on the
   noise as much as on the effects: a noisier audit shows less.
2. Are the estimated changes larger? Wilcoxon's signed-rank test (1945) of their absolute logarithms. Estimates contain
   noise, and all of them contain that of the one original: where co-located training is noisier, they are larger even
   if no mutant has an effect.
3. Are the true changes larger? Unbiased estimate of their mean square, and parametric bootstrap of its studentised
   difference. Only this question is answered in the conclusion.

    L      (k,)  log ratios of k mutants to the original: L_j = theta_j + e_j - e_0        -> LogRatios.estimate
    theta  (k,)  true log ratios
    v      (k,)  Var e_j, with df_j degrees of freedom;    v_0  Var e_0, the same for all mutants, with df_0

    Q = mean over j of (L_j^2 - v_j) - v_0,    E Q = mean over j of theta_j^2              -> LogRatios.mean_square

    Var Q = (4 (sum_j theta_j^2 v_j + v_0 (sum_j theta_j)^2)                noise times effects
             + 2 (sum_j (v_j^2 + 2 v_j v_0) + k^2 v_0^2)                    noise squared
             + 2 (sum_j v_j^2 / df_j + k^2 v_0^2 / df_0)) / k^2             error of the estimated variances

    T = (Q' - Q) / sqrt(Var Q' + Var Q)           co-located minus exclusive, unknown theta replaced by estimates

Under the hypothesis every mutant has the same theta in both: the mean of both L, weighted by their inverse variances. T
is simulated `SIMULATIONS` times from normal errors and chi-squared variances; p is two-sided.

Source: Davison & Hinkley, "Bootstrap Methods and their Application", 1997, sections 4.2 and 4.4.
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
from mutegreen.stats.logarithm import relative_change
from mutegreen.stats.model.block_model import Codes, Floats
from mutegreen.stats.model.metric_model import MetricModel
from mutegreen.stats.reason import Reason, ReasonCode

SIMULATIONS = 9999
MIN_MUTANTS = 2
"""Mutants in both below which no mean is calculated."""
MIN_MUTANTS_RANKED = 6
"""Mutants in both below which neither McNemar's nor Wilcoxon's p can be 0.05 or less: 2 / 2^5 is more."""
_BATCH = 2**21
"""Numbers simulated at once: 16 MB."""
_MIN_VARIANCE = 1e-300


class SusceptibilityFinding(StrEnum):
    """The conclusion on the true changes in co-located against exclusive training."""

    MORE = "more"
    LESS = "less"
    NOT_SHOWN = "not_shown"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Susceptibility:
    """How much the mutants change one energy metric in exclusive and in co-located training.

    Fields with `_alone` are of exclusive training, the same without it of co-located training.

    Args:
        mutants: Number of mutants in both; all fields but `all_...` and `fisher_p` are of these.
        changed_alone: Number of them that are shown to change the metric (win or loss).
        changed: The same of co-located training.
        newly: Number of them that are shown to change it in co-located training only.
        no_longer: Number of them that are shown to change it in exclusive training only.
        mcnemar_p: P value of equal probabilities of a change; None below `MIN_MUTANTS_RANKED` mutants.
        wilcoxon_p: P value of equal sizes of the estimated changes; None below `MIN_MUTANTS_RANKED` mutants.
        size_alone: Root mean square of the true relative changes (estimate without the contribution of noise).
        size: The same of co-located training.
        p: Two-sided p value of equal sizes of the true changes.
        p_adjusted: `p`, adjusted for all energy metrics and background loads of the analysis.
        finding: The conclusion from `p_adjusted`.
        reason: Why there is no `p`.
        all_alone: Number of all mutants of exclusive training.
        all_changed_alone: Number of them that are shown to change the metric.
        all_mutants: Number of all mutants of co-located training.
        all_changed: Number of them that are shown to change the metric.
        fisher_p: P value of equal shares of these; None where the mutants are the same: McNemar's test is better.
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
    """The claim that energy is more susceptible to change in co-located training, over all comparisons.

    Args:
        comparisons: Number of energy metrics and background loads with a test.
        more: Number of them that are shown to be more susceptible.
        less: Number of them that are shown to be less susceptible.
    """

    comparisons: int
    more: int
    less: int


def claim_of(rows: Sequence[Susceptibility]) -> SusceptibilityClaim | None:
    """Return the conclusion of all comparisons; None where there is none."""
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
    """Log ratios of k mutants to the original, with their variances.

    Args:
        estimate: Shape (..., k), L.
        variance: Shape (..., k), v, from the observations of each mutant.
        df: Shape (k,), degrees of freedom of `variance`.
        shared: Shape (...), v_0, from the observations of the original.
        shared_df: df_0, degrees of freedom of `shared`.
    """

    estimate: Floats
    variance: Floats
    df: Floats
    shared: Floats
    shared_df: float

    @property
    def known(self) -> bool:
        """Whether all estimates and variances are finite."""
        return bool(np.isfinite(self.estimate).all() and np.isfinite(self.variance).all() and np.isfinite(self.shared))

    @property
    def mean_square(self) -> Floats:
        """Q, unbiased mean square of the true log ratios, shape (...)."""
        return np.asarray((self.estimate**2 - self.variance).mean(axis=-1) - self.shared)

    @property
    def error_square(self) -> Floats:
        """Var Q for normal errors, shape (...)."""
        k, shared = self.estimate.shape[-1], self.shared
        squares = np.maximum(self.estimate**2 - self.variance - shared[..., None], 0.0)
        summed = self.estimate.sum(axis=-1) ** 2 - self.variance.sum(axis=-1) - k**2 * shared
        of_effects = (squares * self.variance).sum(axis=-1) + shared * np.maximum(summed, 0.0)
        of_noise = (self.variance**2 + 2 * self.variance * shared[..., None]).sum(axis=-1) + (k * shared) ** 2
        of_variances = (self.variance**2 / self.df).sum(axis=-1) + (k * shared) ** 2 / self.shared_df
        return np.asarray((4 * of_effects + 2 * of_noise + 2 * of_variances) / k**2)

    @property
    def size(self) -> float:
        """Root of Q as a relative change; 0 where Q is negative."""
        return float(relative_change(np.sqrt(max(float(self.mean_square), 0.0))))

    def simulated(self, truth: Floats, count: int, generator: np.random.Generator) -> LogRatios:
        """Simulate log ratios of `count` audits with the true log ratios `truth`, shape (k,), and this noise."""
        k = len(truth)
        mutant_error = generator.standard_normal((count, k)) * np.sqrt(self.variance)
        original_error = generator.standard_normal((count, 1)) * np.sqrt(self.shared)
        variance = self.variance * generator.chisquare(self.df, (count, k)) / self.df
        shared = self.shared * generator.chisquare(self.shared_df, count) / self.shared_df
        return replace(self, estimate=truth + mutant_error - original_error, variance=variance, shared=shared)


def log_ratios_of(metric_model: MetricModel, arms: Codes) -> LogRatios | None:
    """Return the log ratios of some mutants; None where the metric has no logarithms, or the noise is not known.

    The variances are not moderated: moderated ones, which are never lowered, would make Q too small.
    """
    fitted = metric_model.fitted
    variance = fitted.variance / np.maximum(fitted.n, 1)
    ratios = LogRatios(
        estimate=metric_model.contrasts.estimate[arms],
        variance=variance[arms] + metric_model.noise.pooled * fitted.imbalance[arms],
        df=fitted.df[arms],
        shared=variance[0],
        shared_df=float(fitted.df[0]),
    )
    return ratios if metric_model.relative and ratios.known else None


def equal_size_p(exclusive: LogRatios, colocated: LogRatios, seed: int = 0) -> float:
    """Return the two-sided p value of equal mean squares of the true changes of these mutants; NaN without noise."""
    observed = _studentised(exclusive, colocated)
    if not np.isfinite(observed):
        return float("nan")
    generator = np.random.default_rng(seed)
    weights = [1 / np.maximum(each.variance + each.shared, _MIN_VARIANCE) for each in (exclusive, colocated)]
    truth = np.average([exclusive.estimate, colocated.estimate], axis=0, weights=weights)
    parts = -(-SIMULATIONS * len(truth) // _BATCH)
    sizes = [len(part) for part in np.array_split(np.arange(SIMULATIONS), parts)]
    simulated = [
        _studentised(*(each.simulated(truth, size, generator) for each in (exclusive, colocated))) for size in sizes
    ]
    above, below = (sum(int(np.sum(part * sign >= observed * sign)) for part in simulated) for sign in (1, -1))
    return min(1.0, 2 * (1 + min(above, below)) / (SIMULATIONS + 1))


def _studentised(exclusive: LogRatios, colocated: LogRatios) -> Floats:
    with np.errstate(all="ignore"):
        return np.asarray(
            (colocated.mean_square - exclusive.mean_square) / np.sqrt(exclusive.error_square + colocated.error_square)
        )


def susceptibilities(
    pairing: Pairing, exclusive: Sequence[CarefulComparison], colocated: Sequence[CarefulComparison]
) -> Iterator[Susceptibility]:
    """Return the susceptibility of every energy metric; p values are not adjusted yet.

    Args:
        pairing: The exclusive and the co-located scenario.
        exclusive: Comparisons of the exclusive scenario.
        colocated: Comparisons of the co-located scenario.
    """
    for metric in pairing.metrics:
        if metric in (*ENERGY_METRICS, TOTAL):
            counted = _counted(pairing, metric, _shown(exclusive, metric), _shown(colocated, metric))
            yield _sized(counted, pairing)


def with_adjusted_p(rows: Sequence[Susceptibility], alpha: float, adjustment: Adjustment) -> list[Susceptibility]:
    """Return the rows with adjusted p values and conclusions."""
    adjusted = adjust([np.nan if row.p is None else row.p for row in rows], adjustment)
    return [_with_finding(row, float(p), alpha) for row, p in zip(rows, adjusted, strict=True)]


def _with_finding(row: Susceptibility, p: float, alpha: float) -> Susceptibility:
    if row.size is None or row.size_alone is None:
        return row
    finding = SusceptibilityFinding.NOT_SHOWN
    if p <= alpha:
        finding = SusceptibilityFinding.MORE if row.size > row.size_alone else SusceptibilityFinding.LESS
    return replace(row, p_adjusted=p, finding=finding)


def _shown(comparisons: Sequence[CarefulComparison], metric: str) -> dict[str, bool]:
    """By mutant whether a change is shown; without controls."""
    return {
        row.mutant: row.verdict in (Verdict.WIN, Verdict.LOSS)
        for row in comparisons
        if row.metric == metric and row.hyperparameter != IDENTITY
    }


def _counted(pairing: Pairing, metric: str, exclusive: dict[str, bool], colocated: dict[str, bool]) -> Susceptibility:
    """Return the counts of verdicts and their tests, without sizes."""
    pairs = [(exclusive[one.mutant], colocated[other.mutant]) for one, other in pairing.changing]
    newly, no_longer = pairs.count((False, True)), pairs.count((True, False))
    enough = len(pairs) >= MIN_MUTANTS_RANKED
    same = len(pairs) == len(exclusive) == len(colocated)
    shares = [[sum(each.values()), len(each) - sum(each.values())] for each in (exclusive, colocated)]
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
        all_alone=len(exclusive),
        all_changed_alone=shares[0][0],
        all_mutants=len(colocated),
        all_changed=shares[1][0],
        fisher_p=None if same else float(stats.fisher_exact(shares).pvalue),
    )


def _sized(row: Susceptibility, pairing: Pairing) -> Susceptibility:
    """Return the row with the sizes of the true changes, or with the reason why they are not known."""
    if len(pairing.changing) < MIN_MUTANTS:
        return replace(row, reason=Reason(ReasonCode.FEWER_THAN_TWO_IN_BOTH))
    scenarios = zip((pairing.exclusive, pairing.colocated), pairing.arms(pairing.changing), strict=True)
    exclusive, colocated = (log_ratios_of(model.metrics[row.metric], arms) for model, arms in scenarios)
    if exclusive is None or colocated is None:
        return replace(row, reason=Reason(ReasonCode.NOISE_NOT_KNOWN))
    p = equal_size_p(exclusive, colocated)
    if np.isnan(p):
        return replace(row, reason=Reason(ReasonCode.NO_VARIATION))
    wilcoxon_p = _wilcoxon_p(exclusive.estimate, colocated.estimate)
    return replace(row, wilcoxon_p=wilcoxon_p, size_alone=exclusive.size, size=colocated.size, p=p)


def _wilcoxon_p(exclusive: Floats, colocated: Floats) -> float | None:
    if len(exclusive) < MIN_MUTANTS_RANKED or np.array_equal(np.abs(exclusive), np.abs(colocated)):
        return None
    return float(stats.wilcoxon(np.abs(colocated), np.abs(exclusive)).pvalue)
