"""The default protocol: block model, moderated Welch tests, Holm's adjustment, and equivalence tests (TOST) for ties.

Every mutant is compared with the original on figures with their blocks' effects taken out (`block_model`), by Welch's
t with moderated variances (`contrast`, `moderation`), with bootstrap intervals (`bootstrap`), p values adjusted over
all comparisons of a section (`adjust`), and ties that are shown, not assumed (`judge`). docs/statistics.md says why,
and how often it errs.
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
from mutegreen.stats.trend.trend import Trend, trends
from mutegreen.stats.verdicts.scenario_findings import Findings, ScenarioKey, findings_of

PROTOCOL = "careful"
_Row = TypeVar("_Row")


@dataclass(frozen=True)
class CarefulAnalysis(Analysis):
    """What the careful protocol finds beyond the published one.

    Args:
        settings: The user's choices.
        advice: What to do, for each section.
        trust: How far to trust it, for each section and metric.
        flags: Trainings that something was amiss with, for each section and flag.
        overall: Win-tie-loss of all hyperparameters together, for each section and energy metric.
        trends: The shape of each relation of a hyperparameter and a metric.
        interactions: What two hyperparameters do together beyond what each does, where mutants change both.
        targets: Energy and time to the original's final performance, where performance is known for every epoch.
        colocation: The same mutants alone and beside a background, where rows hold both.
        concurrency_effects: What it does if more train at a time, where several did.
        attribution: How far verdicts on attributed energy can be trusted, for each section with such.
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
    """Works out everything that the rows allow to say.

    Args:
        rows: Trainings, in the form said in `mutegreen.stats`. `rows.attrs["notes"]` and `["figure"]` are taken over.
        goals: By subject, which direction of the performance is better; more is, if not said.
        tolerances: By subject, how much performance may change without it mattering, in its own unit.
        settings: The user's choices.
        epochs: In the form said in `energy_to_target`; None where they are not known.
        spent_j: By subject and background, energy of all trainings, where more is known than the rows say.
    """
    scenarios = list(scenarios_of(rows))
    chosen = {scenario.subject: Goal.MAXIMIZE for scenario in scenarios} | dict(goals or {})
    told, allowed, spent = settings or Settings(), tolerances or {}, spent_j or {}
    complete = [scenario for scenario in scenarios if scenario.has_original and scenario.definitions]
    models = [
        fit_scenario(scenario, chosen[scenario.subject], told, allowed.get(scenario.subject)) for scenario in complete
    ]
    answers = [_answers(model, spent) for model in models]
    return CarefulAnalysis(
        protocol=PROTOCOL,
        goals=chosen,
        notes=(*rows.attrs.get("notes", ()), *_notes(rows, scenarios, models)),
        data=data_of(rows),
        figure=rows.attrs.get("figure"),
        settings=told,
        correlations=_joined(each.findings.correlations for each in answers),
        comparisons=_joined(each.findings.comparisons for each in answers),
        win_tie_loss=_joined(each.findings.win_tie_loss for each in answers),
        overall=_joined(each.findings.overall for each in answers),
        advice=tuple(each.advice for each in answers),
        trust=_joined(each.trust for each in answers),
        flags=_joined(each.flags for each in answers),
        trends=_joined(each.trends for each in answers),
        concurrency_effects=_joined(each.concurrency_effects for each in answers),
        attribution=_joined(each.attribution for each in answers),
        interactions=tuple(interactions(models, told)),
        targets=() if epochs is None else tuple(energy_to_target(epochs, chosen, allowed, told)),
        colocation=colocation_report([each.findings for each in answers], told),
    )


@dataclass(frozen=True)
class _Answers:
    """What is found of one scenario alone; the fields are those of the analysis."""

    findings: Findings
    advice: Advice
    trust: Sequence[Trust]
    flags: Sequence[FlagCount]
    trends: Sequence[Trend]
    concurrency_effects: Sequence[ConcurrencyEffect]
    attribution: Sequence[Attribution]


def _answers(model: ScenarioModel, spent_j: Mapping[ScenarioKey, float | None]) -> _Answers:
    found = findings_of(model)
    return _Answers(
        findings=found,
        advice=advise(model, found.comparisons, spent_j.get(found.place)),
        trust=trust_of(model, found.comparisons),
        flags=flag_counts(model),
        trends=trends(model),
        concurrency_effects=list(concurrency_effects(model)),
        attribution=list(attribution_of(model, found.comparisons)),
    )


def _joined(parts: Iterable[Iterable[_Row]]) -> tuple[_Row, ...]:
    """The rows of all scenarios."""
    return tuple(chain.from_iterable(parts))


def _notes(rows: pd.DataFrame, scenarios: Sequence[Scenario], models: Sequence[ScenarioModel]) -> Iterator[Note | str]:
    yield from notes_on(rows, scenarios)
    yield from notes_on_order([model.scenario for model in models])
    yield from notes_on_pairing(models)
