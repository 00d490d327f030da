"""Recommendations: mutants shown to save energy, and shown by a non-inferiority test not to lose performance.

A mutant is recommended if two hypotheses are rejected: that its energy does not differ (its verdict is a win),
and that its performance is worse than the original's by the tolerance or more (one-sided, p adjusted over all mutants).
Both tests must be significant, so no further adjustment is needed (intersection-union test: Berger, "Multiparameter
hypothesis testing and acceptance sampling", 1982).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import neg

import numpy as np

from mutegreen.model import IDENTITY, Verdict
from mutegreen.stats.adjustment import adjust
from mutegreen.stats.advice.repetitions import RequiredRepetitions, remaining_tolerance, required_repetitions
from mutegreen.stats.analysis import CarefulComparison
from mutegreen.stats.interval import Interval, or_nan, written_as
from mutegreen.stats.model.arms import energy_metrics, observations_of
from mutegreen.stats.model.scenario_model import ScenarioModel
from mutegreen.stats.reason import Reason, ReasonCode

_MAX_LISTED = 5
"""Largest number of mutants for which required repetitions are calculated or which a reason names."""


@dataclass(frozen=True)
class Recommendation:
    """A mutant shown to save energy, with performance shown to be within the tolerance.

    Args:
        saving: Saved share of the original's energy.
        saving_j: Joules saved in one training.
        performance_change: In its own unit.
        p_saving: Adjusted p value of no difference in energy.
        p_not_worse: Adjusted one-sided p value of a loss of performance of the tolerance or more (non-inferiority).
        pays_back_after: Number of trainings whose saving equals the energy of the audit.
    """

    mutant: str
    hyperparameter: str
    value: float | str | None
    saving: Interval
    saving_j: Interval
    performance_change: Interval = field(
        metadata=written_as("performance_change", "performance_low", "performance_high")
    )
    p_saving: float
    p_not_worse: float
    pays_back_after: int | None


@dataclass(frozen=True)
class ParetoArm:
    """An arm on the Pareto front: by their means, no other arm takes less energy and performs better."""

    mutant: str
    energy_j: float
    performance: float


@dataclass(frozen=True)
class Advice:
    """The recommendations for one scenario.

    Args:
        metric: The energy metric: the total of all domains measured, or the only one; None: none was measured.
        tolerance: Largest loss of performance that does not matter, in its own unit.
        tolerance_is_given: Whether subject or user set it; else it is `DEFAULT_TOLERANCE` of the original's.
        audit_j: Energy of the audit's trials, in joules.
        recommended: By decreasing saving.
        pareto: By increasing energy.
        reason: Why nothing is recommended; None where something is.
        needed: Repetitions required to decide the most promising mutants, where nothing is recommended.
    """

    subject: str
    background: str
    metric: str | None
    tolerance: float | None
    tolerance_is_given: bool
    audit_j: float | None
    recommended: tuple[Recommendation, ...] = ()
    pareto: tuple[ParetoArm, ...] = ()
    reason: Reason | None = None
    needed: tuple[RequiredRepetitions, ...] = ()


def advise(model: ScenarioModel, comparisons: Sequence[CarefulComparison], spent_j: float | None = None) -> Advice:
    """Return the recommended mutants, or what is missing for a recommendation.

    Args:
        model: The fitted scenario.
        comparisons: Its comparisons.
        spent_j: Energy of all trials of the audit, in joules, where trials are not in the rows; None: that of the rows.
    """
    energies = energy_metrics(model.scenario)
    metric = energies[-1] if energies else None
    candidates = _candidates(model, comparisons, metric)
    audit_j = spent_j if spent_j is not None else _spent_j(model, metric)
    recommended = [each for each in candidates if each.saves and each.p_not_worse <= model.settings.alpha]
    return Advice(
        subject=model.scenario.subject,
        background=model.scenario.background,
        metric=metric,
        tolerance=model.tolerance,
        tolerance_is_given=model.tolerance_is_given,
        audit_j=audit_j,
        recommended=tuple(
            sorted((_recommended(each, audit_j) for each in recommended), key=lambda one: -or_nan(one.saving.value))
        ),
        pareto=tuple(_pareto(model, metric)),
        reason=None if recommended else _why_none(model, metric, candidates),
        needed=() if recommended else tuple(_needed(model, comparisons, candidates)),
    )


@dataclass(frozen=True)
class _Candidate:
    """A mutant other than the control, its comparisons, and its adjusted p value of non-inferiority."""

    energy: CarefulComparison
    performance: CarefulComparison
    p_not_worse: float

    @property
    def saves(self) -> bool:
        return self.energy.verdict is Verdict.WIN


def _candidates(model: ScenarioModel, comparisons: Sequence[CarefulComparison], metric: str | None) -> list[_Candidate]:
    changing = [row for row in comparisons if row.hyperparameter != IDENTITY]
    energy = {row.mutant: row for row in changing if row.metric == metric}
    performance = {row.mutant: row for row in changing if row.metric == "performance"}
    p_not_worse = _not_worse_p(model, list(performance))
    return [_Candidate(row, performance[m], p_not_worse[m]) for m, row in energy.items() if m in performance]


def _not_worse_p(model: ScenarioModel, mutants: Sequence[str]) -> dict[str, float]:
    """By mutant, the adjusted p value of the non-inferiority test of performance; NaN where there is none."""
    if not mutants or model.tolerance is None:
        return dict.fromkeys(mutants, np.nan)
    contrasts = model.metrics["performance"].contrasts
    p = contrasts.below(model.tolerance) if model.less_is_better("performance") else contrasts.above(-model.tolerance)
    # Where all observations are equal there is no test, and no difference.
    p = np.where(np.isnan(contrasts.error) & (contrasts.estimate == 0), 0.0, p)
    arm_of = {name: arm for arm, name in enumerate(model.arms.names)}
    adjusted = adjust(p[[arm_of[mutant] for mutant in mutants]], model.settings.adjustment)
    return dict(zip(mutants, adjusted.tolist(), strict=True))


def _recommended(candidate: _Candidate, audit_j: float | None) -> Recommendation:
    energy, performance = candidate.energy, candidate.performance
    saving_j = energy.difference.map(neg)
    return Recommendation(
        mutant=energy.mutant,
        hyperparameter=energy.hyperparameter,
        value=energy.value,
        saving=energy.relative_change.map(neg),
        saving_j=saving_j,
        performance_change=performance.difference,
        p_saving=or_nan(energy.p_adjusted),
        p_not_worse=candidate.p_not_worse,
        pays_back_after=None if audit_j is None or not saving_j.value else math.ceil(audit_j / saving_j.value),
    )


def _spent_j(model: ScenarioModel, metric: str | None) -> float | None:
    """Energy of the rows, in joules; None where it is not known for each row."""
    energies = observations_of(model.scenario, metric) if metric is not None else np.array([np.nan])
    return float(energies.sum()) if np.isfinite(energies).all() else None


def _pareto(model: ScenarioModel, metric: str | None) -> Iterator[ParetoArm]:
    """Arms that no other dominates in both means, adjusted for blocks where these are known; without controls."""
    if metric is None or "performance" not in model.metrics:
        return
    energy, performance = (model.metrics[each].typical for each in (metric, "performance"))
    sign = -1 if model.less_is_better("performance") else 1
    controls = {each.mutant for each in model.scenario.definitions if each.hyperparameter == IDENTITY}
    best = -np.inf
    for arm in np.lexsort((-sign * performance, energy)):
        if model.arms.names[arm] in controls or not np.isfinite(energy[arm]):
            continue
        if sign * performance[arm] > best:
            best = sign * performance[arm]
            yield ParetoArm(model.arms.names[arm], float(energy[arm]), float(performance[arm]))


def _why_none(model: ScenarioModel, metric: str | None, candidates: Sequence[_Candidate]) -> Reason:
    """Return the reason why no mutant is recommended: the first obstacle."""
    if metric is None:
        return Reason(ReasonCode.ENERGY_NOT_MEASURED)
    if "performance" not in model.metrics:
        return Reason(ReasonCode.PERFORMANCE_NOT_MEASURED)
    if model.tolerance is None:
        return Reason(ReasonCode.NO_TOLERANCE)
    if not candidates:
        return Reason(ReasonCode.NOTHING_CHANGED)
    savers = [each.energy.mutant for each in candidates if each.saves]
    if not savers:
        return Reason(_why_no_saving(model, candidates))
    more = max(len(savers) - _MAX_LISTED, 0)
    return Reason(ReasonCode.PERFORMANCE_NOT_KEPT, count=more, bound=model.tolerance, names=tuple(savers[:_MAX_LISTED]))


def _why_no_saving(model: ScenarioModel, candidates: Sequence[_Candidate]) -> ReasonCode:
    """Return the reason code if no saving is significant: whether more repetitions could lead to a recommendation."""
    promising = [each for each in candidates if or_nan(each.energy.relative_change.value) < 0]
    if not promising:
        return ReasonCode.NO_SAVING_SEEN
    margins = [remaining_tolerance(model, each.performance) for each in promising]
    lost = all(margin is not None and margin <= 0 for margin in margins)
    return ReasonCode.SAVINGS_LOSE_PERFORMANCE if lost else ReasonCode.NO_SAVING_SHOWN


def _needed(
    model: ScenarioModel, comparisons: Sequence[CarefulComparison], candidates: Sequence[_Candidate]
) -> Iterator[RequiredRepetitions]:
    """Repetitions required for the mutants with the largest estimated savings, if the estimates are true."""
    n_comparisons = sum(row.p is not None for row in comparisons)
    promising = [each for each in candidates if or_nan(each.energy.relative_change.value) < 0]
    promising.sort(key=lambda each: or_nan(each.energy.relative_change.value))
    required = (
        required_repetitions(model, each.energy, each.performance, n_comparisons, len(candidates)) for each in promising
    )
    yield from itertools.islice((each for each in required if each is not None), _MAX_LISTED)
