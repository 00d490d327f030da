"""The default protocol: what a careful statistician would sign.

Every mutant is compared with the original on figures with their blocks' effects taken out (`block_model`), by Welch's
t with moderated variances (`contrast`, `moderation`), with bootstrap intervals (`bootstrap`), p values adjusted over
all comparisons of a section (`adjust`), and ties that are shown, not assumed (`judge`). docs/statistics.md says why,
and how often it errs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from mutegreen.model import Goal
from mutegreen.stats.advice.advice import Advice, advise
from mutegreen.stats.advice.target import TargetComparison, energy_to_target
from mutegreen.stats.advice.trust import Flagged, Trust, flagged, trust_of
from mutegreen.stats.analysis import Analysis, WinTieLoss
from mutegreen.stats.colocation.attribution import Attribution, CompanyEffect, attribution_of, company_effects
from mutegreen.stats.colocation.pairing import notes_on_pairing
from mutegreen.stats.colocation.report import Company, company_of
from mutegreen.stats.interaction.interaction import Interaction, interactions
from mutegreen.stats.model.scenario import Group, data_of, groups_of
from mutegreen.stats.model.scenario_model import Study, study_of
from mutegreen.stats.notes import notes_on, notes_on_order
from mutegreen.stats.reason import Note
from mutegreen.stats.settings import Settings
from mutegreen.stats.trend.trend import Trend, trends
from mutegreen.stats.verdicts.scenario_findings import Place, findings_of

PROTOCOL = "careful"


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
        company: The same mutants alone and beside a background, where rows hold both.
        company_effects: What it does if more train at a time, where several did.
        attribution: How far verdicts on attributed energy can be trusted, for each section with such.
    """

    settings: Settings = field(default_factory=Settings)
    advice: tuple[Advice, ...] = ()
    trust: tuple[Trust, ...] = ()
    flags: tuple[Flagged, ...] = ()
    overall: tuple[WinTieLoss, ...] = ()
    targets: tuple[TargetComparison, ...] = ()
    trends: tuple[Trend, ...] = ()
    interactions: tuple[Interaction, ...] = ()
    company: Company = field(default_factory=Company)
    company_effects: tuple[CompanyEffect, ...] = ()
    attribution: tuple[Attribution, ...] = ()


def analyse(
    rows: pd.DataFrame,
    goals: Mapping[str, Goal] | None = None,
    tolerances: Mapping[str, float | None] | None = None,
    settings: Settings | None = None,
    epochs: pd.DataFrame | None = None,
    spent_j: Mapping[Place, float | None] | None = None,
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
    groups = list(groups_of(rows))
    chosen = {group.subject: Goal.MAXIMIZE for group in groups} | dict(goals or {})
    complete = [group for group in groups if group.has_original and group.definitions]
    told, allowed = settings or Settings(), tolerances or {}
    studies = [study_of(group, chosen[group.subject], told, allowed.get(group.subject)) for group in complete]
    found = [findings_of(study) for study in studies]
    spent = dict(spent_j or {})
    return CarefulAnalysis(
        protocol=PROTOCOL,
        correlations=tuple(row for section in found for row in section.correlations),
        comparisons=tuple(row for section in found for row in section.comparisons),
        win_tie_loss=tuple(row for section in found for row in section.win_tie_loss),
        goals=chosen,
        notes=(*rows.attrs.get("notes", ()), *_notes(rows, groups, studies)),
        data=data_of(rows),
        figure=rows.attrs.get("figure"),
        settings=told,
        advice=tuple(advise(each.study, each.comparisons, spent.get(each.place)) for each in found),
        trust=tuple(row for each in found for row in trust_of(each.study, each.comparisons)),
        flags=tuple(row for study in studies for row in flagged(study)),
        overall=tuple(row for section in found for row in section.overall),
        trends=tuple(row for study in studies for row in trends(study)),
        interactions=tuple(interactions(studies, told)),
        targets=() if epochs is None else tuple(energy_to_target(epochs, chosen, allowed, told)),
        company=company_of(found, told),
        company_effects=tuple(row for study in studies for row in company_effects(study)),
        attribution=tuple(row for each in found for row in attribution_of(each.study, each.comparisons)),
    )


def _notes(rows: pd.DataFrame, groups: Sequence[Group], studies: Sequence[Study]) -> Iterator[Note | str]:
    yield from notes_on(rows, groups)
    yield from notes_on_order([study.group for study in studies])
    yield from notes_on_pairing(studies)
