"""What to do: the settings that were shown to save energy and not shown to cost anything that matters."""

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
"""Mutants, those that seem to save most first, for which missing repetitions are reckoned."""


@dataclass(frozen=True)
class Recommendation:
    """A mutant that was shown to save energy, with performance shown to be no worse than tolerated.

    Args:
        saving: Share of the original's energy saved.
        saving_j: Joules saved in a training.
        performance_change: In its own unit.
        p_saving: Of no difference in energy, adjusted.
        p_not_worse: Of performance worse than tolerated or as bad, one-sided, adjusted over all mutants.
        pays_back_after: Trainings with this setting that save as much energy as the audit took.
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
    """An arm on the Pareto front: no other was measured to take less energy and perform better. Means, not proof."""

    mutant: str
    energy_j: float
    performance: float


@dataclass(frozen=True)
class Advice:
    """What to do about one subject beside one background.

    Args:
        metric: The energy in question: the total of all domains measured, or the only one; None: none was measured.
        tolerance: Loss of performance that does not matter, in its own unit.
        tolerance_is_given: Whether the subject or the user said so; else it is the customary share.
        audit_j: Energy of the audit's trainings.
        recommended: The greatest saving first.
        pareto: The least energy first.
        reason: Why nothing is recommended; None where something is.
        needed: What would decide the most promising mutants, where nothing is recommended.
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
    """Says which mutants may be recommended, and what is missing where none may.

    Args:
        model: The fitted scenario.
        comparisons: What was found of them.
        spent_j: Energy of all trainings of the audit, where more is known than the rows say.
    """
    energies = energy_metrics(model.scenario)
    metric = energies[-1] if energies else None
    candidates = _candidates(model, comparisons, metric)
    audit_j = spent_j if spent_j is not None else _spent_j(model, metric)
    shown = [each for each in candidates if each.saves and each.p_not_worse <= model.settings.alpha]
    return Advice(
        subject=model.scenario.subject,
        background=model.scenario.background,
        metric=metric,
        tolerance=model.tolerance,
        tolerance_is_given=model.tolerance_is_given,
        audit_j=audit_j,
        recommended=tuple(
            sorted((_recommended(each, audit_j) for each in shown), key=lambda one: -or_nan(one.saving.value))
        ),
        pareto=tuple(_pareto(model, metric)),
        reason=None if shown else _why_none(model, metric, candidates),
        needed=() if shown else tuple(_needed(model, comparisons, candidates)),
    )


@dataclass(frozen=True)
class _Candidate:
    """A mutant that changes something, compared; and the adjusted p of its performance being worse than tolerated."""

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
    p_not_worse = _not_worse(model, list(performance))
    return [_Candidate(row, performance[m], p_not_worse[m]) for m, row in energy.items() if m in performance]


def _not_worse(model: ScenarioModel, mutants: Sequence[str]) -> dict[str, float]:
    """By mutant, the adjusted one-sided p of performance worse than tolerated; NaN where nothing can be said."""
    if not mutants or model.tolerance is None:
        return dict.fromkeys(mutants, np.nan)
    found = model.metrics["performance"].contrasts
    p = found.below(model.tolerance) if model.less_is_better("performance") else found.above(-model.tolerance)
    # Where all figures are equal there is no test, and nothing to doubt.
    p = np.where(np.isnan(found.error) & (found.estimate == 0), 0.0, p)
    place = {name: arm for arm, name in enumerate(model.arms.names)}
    adjusted = adjust(p[[place[mutant] for mutant in mutants]], model.settings.adjustment)
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
    """Energy of the trainings in the rows; None where it is not known of each."""
    figures = observations_of(model.scenario, metric) if metric is not None else np.array([np.nan])
    return float(figures.sum()) if np.isfinite(figures).all() else None


def _pareto(model: ScenarioModel, metric: str | None) -> Iterator[ParetoArm]:
    """Arms that no other beats in both, by means with blocks taken out where these are known; without controls."""
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
    """The first obstacle to a recommendation."""
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
    """Whether more repetitions could show a saving that may be recommended."""
    seeming = [each for each in candidates if or_nan(each.energy.relative_change.value) < 0]
    if not seeming:
        return ReasonCode.NO_SAVING_SEEN
    rooms = [remaining_tolerance(model, each.performance) for each in seeming]
    lost = all(room is not None and room <= 0 for room in rooms)
    return ReasonCode.SAVINGS_LOSE_PERFORMANCE if lost else ReasonCode.NO_SAVING_SHOWN


def _needed(
    model: ScenarioModel, comparisons: Sequence[CarefulComparison], candidates: Sequence[_Candidate]
) -> Iterator[RequiredRepetitions]:
    """What would decide the mutants that seem to save most, if they do what they seem to do."""
    n_comparisons = sum(row.p is not None for row in comparisons)
    promising = [each for each in candidates if or_nan(each.energy.relative_change.value) < 0]
    promising.sort(key=lambda each: or_nan(each.energy.relative_change.value))
    found = (
        required_repetitions(model, each.energy, each.performance, n_comparisons, len(candidates)) for each in promising
    )
    yield from itertools.islice((each for each in found if each is not None), _MAX_LISTED)
