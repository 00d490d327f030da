"""Default protocol: block model, moderated Welch tests, Holm's adjustment, equivalence tests (TOST).

1. One model for each metric of a scenario: additive arms and blocks, on logarithms of energy and time (`block_model`).
2. Every mutant against the original: Welch's t with moderated variances (`contrast`, `moderation`), BCa bootstrap
   intervals (`bootstrap`), p values adjusted over all mutants and metrics of the scenario (`adjustment`).
3. Verdicts: a significant difference is a win or a loss, significant equivalence is a tie, anything else is undecided
   (`careful_rule`).
4. From the same models: trends, interactions, co-location, advice and diagnostics of the audit.

docs/statistics.md gives the reasons and the error rates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeVar

import pandas as pd

from mutegreen.model import Goal
from mutegreen.stats.advice.advice import Advice, advise
from mutegreen.stats.advice.target import TargetComparison, energy_to_target
from mutegreen.stats.advice.trust import FlagCount, Trust, flag_counts, trust_of
from mutegreen.stats.analysis import Analysis, CarefulComparison, CarefulCorrelation, WinTieLoss
from mutegreen.stats.colocation.attribution import Attribution, ConcurrencyEffect, attribution_of, concurrency_effects
from mutegreen.stats.colocation.pairing import notes_on_pairing
from mutegreen.stats.colocation.report import ColocationReport, colocation_report
from mutegreen.stats.interaction.interaction import Interaction, interactions
from mutegreen.stats.model.scenario import Scenario, data_of, scenarios_of
from mutegreen.stats.model.scenario_model import ScenarioModel, fit_scenario
from mutegreen.stats.notes import notes_on, notes_on_order
from mutegreen.stats.reason import Note
from mutegreen.stats.settings import Settings
from mutegreen.stats.trend.trend import Trend
from mutegreen.stats.trend.trend_analysis import trends
from mutegreen.stats.verdicts.scenario_results import ScenarioKey, ScenarioResults, scenario_results

PROTOCOL = "careful"
_Row = TypeVar("_Row")


@dataclass(frozen=True)
class CarefulAnalysis(Analysis):
    """The results of the default protocol.

    Args:
        settings: The options of the user.
        advice: Recommendations, for each scenario.
        trust: Diagnostics of the audit, for each scenario and metric.
        flags: Number of flagged rows, for each scenario and flag.
        overall: Win-tie-loss counts of all hyperparameters together, for each scenario and energy metric.
        targets: Comparisons in energy and time to the target, where performance is known for every epoch.
        trends: For each scenario, hyperparameter and metric.
        interactions: Of each pair of hyperparameters that some mutant changes together.
        colocation: The same mutants with and without background load, where rows hold both.
        concurrency_effects: Effects of concurrent trials, where their number differs.
        attribution: Accuracy of verdicts on attributed energy, for each scenario with such energy.
    """

    correlations: tuple[CarefulCorrelation, ...]
    comparisons: tuple[CarefulComparison, ...]
    settings: Settings = field(default_factory=Settings)
    advice: tuple[Advice, ...] = ()
    trust: tuple[Trust, ...] = ()
    flags: tuple[FlagCount, ...] = ()
    overall: tuple[WinTieLoss, ...] = ()
    targets: tuple[TargetComparison, ...] = ()
    trends: tuple[Trend, ...] = ()
    interactions: tuple[Interaction, ...] = ()
    colocation: ColocationReport = field(default_factory=ColocationReport)
    concurrency_effects: tuple[ConcurrencyEffect, ...] = ()
    attribution: tuple[Attribution, ...] = ()


def analyse(
    rows: pd.DataFrame,
    goals: Mapping[str, Goal] | None = None,
    tolerances: Mapping[str, float | None] | None = None,
    settings: Settings | None = None,
    epochs: pd.DataFrame | None = None,
    spent_j: Mapping[ScenarioKey, float | None] | None = None,
) -> CarefulAnalysis:
    """Analyse rows by the default protocol.

    Args:
        rows: As `mutegreen.stats` describes. `rows.attrs["notes"]` and `["extra_metric"]` are copied to the result.
        goals: By subject, which direction of the performance is better; by default, more is.
        tolerances: By subject, its tolerance of performance, in its own unit.
        settings: The options of the user.
        epochs: As `energy_to_target` describes; None where they are not known.
        spent_j: By scenario, energy of all trials, in joules, where trials are not in the rows.
    """
    scenarios = list(scenarios_of(rows))
    all_goals = {scenario.subject: Goal.MAXIMIZE for scenario in scenarios} | dict(goals or {})
    settings, tolerances, spent = settings or Settings(), tolerances or {}, spent_j or {}
    complete = [scenario for scenario in scenarios if scenario.has_original and scenario.definitions]
    models = [
        fit_scenario(scenario, all_goals[scenario.subject], settings, tolerances.get(scenario.subject))
        for scenario in complete
    ]
    results = [_results_of(model, spent) for model in models]
    return CarefulAnalysis(
        protocol=PROTOCOL,
        goals=all_goals,
        notes=(*rows.attrs.get("notes", ()), *_notes(rows, scenarios, models)),
        data=data_of(rows),
        extra_metric=rows.attrs.get("extra_metric"),
        settings=settings,
        correlations=_concatenated(each.scenario.correlations for each in results),
        comparisons=_concatenated(each.scenario.comparisons for each in results),
        win_tie_loss=_concatenated(each.scenario.win_tie_loss for each in results),
        overall=_concatenated(each.scenario.overall for each in results),
        advice=tuple(each.advice for each in results),
        trust=_concatenated(each.trust for each in results),
        flags=_concatenated(each.flags for each in results),
        trends=_concatenated(each.trends for each in results),
        concurrency_effects=_concatenated(each.concurrency_effects for each in results),
        attribution=_concatenated(each.attribution for each in results),
        interactions=tuple(interactions(models, settings)),
        targets=() if epochs is None else tuple(energy_to_target(epochs, all_goals, tolerances, settings)),
        colocation=colocation_report([each.scenario for each in results], settings),
    )


@dataclass(frozen=True)
class _Results:
    """The results of one scenario; `CarefulAnalysis` describes the fields."""

    scenario: ScenarioResults
    advice: Advice
    trust: Sequence[Trust]
    flags: Sequence[FlagCount]
    trends: Sequence[Trend]
    concurrency_effects: Sequence[ConcurrencyEffect]
    attribution: Sequence[Attribution]


def _results_of(model: ScenarioModel, spent_j: Mapping[ScenarioKey, float | None]) -> _Results:
    scenario = scenario_results(model)
    return _Results(
        scenario=scenario,
        advice=advise(model, scenario.comparisons, spent_j.get(scenario.key)),
        trust=trust_of(model, scenario.comparisons),
        flags=flag_counts(model),
        trends=trends(model),
        concurrency_effects=list(concurrency_effects(model)),
        attribution=list(attribution_of(model, scenario.comparisons)),
    )


def _concatenated(parts: Iterable[Iterable[_Row]]) -> tuple[_Row, ...]:
    """Return the records of all scenarios, concatenated."""
    return tuple(chain.from_iterable(parts))


def _notes(rows: pd.DataFrame, scenarios: Sequence[Scenario], models: Sequence[ScenarioModel]) -> Iterator[Note | str]:
    yield from notes_on(rows, scenarios)
    yield from notes_on_order([model.scenario for model in models])
    yield from notes_on_pairing(models)
