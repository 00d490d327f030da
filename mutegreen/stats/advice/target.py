"""Energy to target: cost of a training until it reaches the original's final performance, minus the tolerance.

Total energy does not show that one mutant reaches a performance early and another late. Where performance is known for
every epoch, the cost until the target is compared like every other metric.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mutegreen.model import ENERGY_METRICS, ORIGINAL, Goal, Verdict
from mutegreen.stats.analysis import CarefulComparison
from mutegreen.stats.model.scenario import scenarios_of
from mutegreen.stats.model.scenario_model import fit_scenario
from mutegreen.stats.reason import Reason, ReasonCode
from mutegreen.stats.settings import DEFAULT_TOLERANCE, Settings
from mutegreen.stats.verdicts.careful_comparisons import comparisons

_COSTS = [*ENERGY_METRICS, "duration_s"]
_MIN_EPOCHS = 2
"""Epochs of a trial from which the cost to the target can differ from the total cost."""


@dataclass(frozen=True)
class TargetReach:
    """How many trials of an arm reached the target, and the mean number of epochs that they took.

    `trainings` is the number of all its trials; the field has the name of its JSON key.
    """

    reached: int
    trainings: int
    epochs: float | None


@dataclass(frozen=True, kw_only=True)
class TargetComparison(CarefulComparison):
    """A mutant against the original, in the energy or time until the target is first reached.

    Args:
        target: Performance to reach: the original's final performance minus the tolerance, mean over blocks.
        reach: The trials of the mutant.
        reach_original: The trials of the original.
    """

    target: float
    reach: TargetReach
    reach_original: TargetReach


def energy_to_target(
    epochs: pd.DataFrame, goals: Mapping[str, Goal], tolerances: Mapping[str, float | None], settings: Settings
) -> Iterator[TargetComparison]:
    """Compare the energy and time to the target.

    Where blocks are known, the target of a trial is set by the original of its block, which usually had the same seed;
    else by the mean over the original's trials, which half of these themselves may miss.

    Args:
        epochs: One row for each trial and epoch, in the order of time: the columns of rows, with energy (joules) and
            time (seconds) from the start of the training to the end of the epoch, `performance` at its end, and
            `trial`, the key of the trial.
        goals: By subject, which direction of the performance is better.
        tolerances: By subject, its tolerance of performance, in its own unit; that of the settings overrides it.
        settings: The options of the user.

    Returns:
        Nothing for subjects whose trials report performance only once. A mutant is undecided unless all its trials
        reached the target: the mean over those that did would be biased in its favour.
    """
    for scenario in scenarios_of(epochs):
        if not scenario.has_original or not scenario.definitions:
            continue
        if scenario.rows.groupby(_trial_keys(scenario.rows)).size().max() < _MIN_EPOCHS:
            continue
        goal = goals.get(scenario.subject, Goal.MAXIMIZE)
        tolerance = settings.tolerance if settings.tolerance is not None else tolerances.get(scenario.subject)
        targets = _targets(scenario.rows, goal, tolerance)
        rows = _cost_to_target(scenario.rows, goal, targets)
        reaches = {str(mutant): _reach(part) for mutant, part in rows.groupby("mutant")}
        for row in comparisons(fit_scenario(replace(scenario, rows=rows), goal, settings, tolerance)):
            yield _comparison(row, float(targets.mean()), reaches)


def _trial_keys(rows: pd.DataFrame) -> list[str]:
    return ["audit", "trial"] if "audit" in rows else ["trial"]


def _targets(rows: pd.DataFrame, goal: Goal, tolerance: float | None) -> pd.Series[float]:
    """Return the target of each row's trial."""
    finals = rows[rows["mutant"] == ORIGINAL].drop_duplicates(_trial_keys(rows), keep="last")
    overall = float(finals["performance"].mean())
    block = [column for column in ("audit", "block") if column in rows]
    known = "block" in rows and rows["block"].notna().all()
    final = pd.Series(overall, rows.index)
    if known:
        of_block = finals.groupby(block)["performance"].mean().rename("final")
        final = rows[block].join(of_block, on=block)["final"].fillna(overall)
    allowed = tolerance if tolerance is not None else DEFAULT_TOLERANCE * abs(overall)
    return final + allowed if goal is Goal.MINIMIZE else final - allowed


def _cost_to_target(rows: pd.DataFrame, goal: Goal, targets: pd.Series[float]) -> pd.DataFrame:
    """Return a row for each trial, with its cost until the target; NaN, also in `epoch`, if it did not reach it."""
    keys = _trial_keys(rows)
    reached = rows["performance"] <= targets if goal is Goal.MINIMIZE else rows["performance"] >= targets
    numbered = rows.assign(epoch=rows.groupby(keys).cumcount() + 1.0)
    first = numbered[reached].drop_duplicates(keys)
    trials = rows.drop_duplicates(keys).drop(columns=_COSTS).assign(performance=np.nan)
    return trials.merge(first[[*keys, *_COSTS, "epoch"]], on=keys, how="left")


def _reach(part: pd.DataFrame) -> TargetReach:
    reached = part["epoch"].notna()
    return TargetReach(int(reached.sum()), len(part), float(part["epoch"].mean()) if reached.any() else None)


def _comparison(row: CarefulComparison, target: float, reaches: Mapping[str, TargetReach]) -> TargetComparison:
    reach, original = reaches[row.mutant], reaches[ORIGINAL]
    missed = _missed(reach, original)
    return TargetComparison(
        subject=row.subject,
        background=row.background,
        hyperparameter=row.hyperparameter,
        mutant=row.mutant,
        value=row.value,
        default=row.default,
        metric=row.metric,
        n=row.n,
        n_original=row.n_original,
        mean=row.mean,
        mean_original=row.mean_original,
        relative_change=row.relative_change,
        p=row.p,
        cliffs_delta=row.cliffs_delta,
        verdict=row.verdict if missed is None else Verdict.UNDECIDED,
        quality=row.quality,
        reason=row.reason if missed is None else missed,
        difference=row.difference,
        interval=row.interval,
        p_adjusted=row.p_adjusted,
        p_equivalent=row.p_equivalent,
        margin=row.margin,
        target=target,
        reach=reach,
        reach_original=original,
    )


def _missed(reach: TargetReach, original: TargetReach) -> Reason | None:
    """Return the reason for no verdict, if some trial did not reach the target; the mutant's before the original's."""
    if reach.reached < reach.trainings:
        return Reason(ReasonCode.MUTANT_MISSED_TARGET, count=reach.reached, of=reach.trainings)
    if original.reached < original.trainings:
        return Reason(ReasonCode.ORIGINAL_MISSED_TARGET, count=original.reached, of=original.trainings)
    return None
