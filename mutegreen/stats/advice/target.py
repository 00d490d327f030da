"""Energy to target: what a training takes until it is as good as the original was in the end.

Total energy hides that one setting may be there early and another late; where performance is known for every epoch,
this does not.
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

_SPENT = [*ENERGY_METRICS, "duration_s"]
_MIN_EPOCHS = 2
"""Epochs from which on the way to the target can be told from the whole training."""


@dataclass(frozen=True)
class TargetReach:
    """How many of an arm's trainings reached the target, and after how many epochs on average."""

    reached: int
    trainings: int
    epochs: float | None


@dataclass(frozen=True, kw_only=True)
class TargetComparison(CarefulComparison):
    """A mutant against the original, for the energy or time until the target is first reached.

    Args:
        target: Performance to be reached: the original's in the end less the tolerance, the mean over blocks.
    """

    target: float
    reach: TargetReach
    reach_original: TargetReach


def energy_to_target(
    epochs: pd.DataFrame, goals: Mapping[str, Goal], tolerances: Mapping[str, float | None], settings: Settings
) -> Iterator[TargetComparison]:
    """Compares what it took to reach the target.

    Args:
        epochs: For each training and epoch, in the order of time: the columns of rows, with energy (joules) and time
            (seconds) from the beginning of the training to the end of this epoch, `performance` at its end, and
            `trial`, which tells trainings apart.
        goals: By subject, which direction of the performance is better.
        tolerances: By subject, how much performance may change without it mattering; the settings' goes before it.
        settings: The user's choices.

    Where blocks are known, the target of a training is set by the original of its block, which as a rule had the same
    seed; else by the mean over the original's trainings, which half of these themselves may miss.

    Returns:
        Nothing for subjects whose trainings say their performance only once. A mutant of which not every training
        reached the target is undecided: a mean over the lucky ones would flatter it.
    """
    for scenario in scenarios_of(epochs):
        if not scenario.has_original or not scenario.definitions:
            continue
        if scenario.rows.groupby(_training(scenario.rows)).size().max() < _MIN_EPOCHS:
            continue
        goal = goals.get(scenario.subject, Goal.MAXIMIZE)
        given = settings.tolerance if settings.tolerance is not None else tolerances.get(scenario.subject)
        targets = _targets(scenario.rows, goal, given)
        rows = _until(scenario.rows, goal, targets)
        reaches = {str(mutant): _reach(part) for mutant, part in rows.groupby("mutant")}
        for row in comparisons(fit_scenario(replace(scenario, rows=rows), goal, settings, given)):
            yield _judged(row, float(targets.mean()), reaches)


def _training(rows: pd.DataFrame) -> list[str]:
    return ["audit", "trial"] if "audit" in rows else ["trial"]


def _targets(rows: pd.DataFrame, goal: Goal, tolerance: float | None) -> pd.Series[float]:
    """The performance that each row's training has to reach."""
    finals = rows[rows["mutant"] == ORIGINAL].drop_duplicates(_training(rows), keep="last")
    overall = float(finals["performance"].mean())
    block = [column for column in ("audit", "block") if column in rows]
    known = "block" in rows and rows["block"].notna().all()
    final = pd.Series(overall, rows.index)
    if known:
        own = finals.groupby(block)["performance"].mean().rename("final")
        final = rows[block].join(own, on=block)["final"].fillna(overall)
    allowed = tolerance if tolerance is not None else DEFAULT_TOLERANCE * abs(overall)
    return final + allowed if goal is Goal.MINIMIZE else final - allowed


def _until(rows: pd.DataFrame, goal: Goal, targets: pd.Series[float]) -> pd.DataFrame:
    """A row for each training, with what it spent until the target; NaN, also in `epoch`, if it never got there."""
    keys = _training(rows)
    there = rows["performance"] <= targets if goal is Goal.MINIMIZE else rows["performance"] >= targets
    numbered = rows.assign(epoch=rows.groupby(keys).cumcount() + 1.0)
    first = numbered[there].drop_duplicates(keys)
    trainings = rows.drop_duplicates(keys).drop(columns=_SPENT).assign(performance=np.nan)
    return trainings.merge(first[[*keys, *_SPENT, "epoch"]], on=keys, how="left")


def _reach(part: pd.DataFrame) -> TargetReach:
    reached = part["epoch"].notna()
    return TargetReach(int(reached.sum()), len(part), float(part["epoch"].mean()) if reached.any() else None)


def _judged(row: CarefulComparison, target: float, reaches: Mapping[str, TargetReach]) -> TargetComparison:
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
    """Why nothing is decided, where some training never reached the target; of both, what is said of the mutant."""
    if reach.reached < reach.trainings:
        return Reason(ReasonCode.MUTANT_MISSED_TARGET, count=reach.reached, of=reach.trainings)
    if original.reached < original.trainings:
        return Reason(ReasonCode.ORIGINAL_MISSED_TARGET, count=original.reached, of=original.trainings)
    return None
