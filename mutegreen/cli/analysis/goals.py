"""Which direction of the performance is better: from the rows, from `--goal`, or from the audits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mutegreen.errors import UsageError
from mutegreen.model import ExtraMetric, Goal
from mutegreen.model.metric_words import lower_is_better

if TYPE_CHECKING:
    import pandas as pd

    from mutegreen.store.audit_records import AuditRecord


def goals_of_rows(rows: pd.DataFrame, goal: Goal | None, metric: str | None) -> dict[str, Goal]:
    """Return the goal of each subject of CSV files.

    Args:
        rows: Rows that passed `check_rows`, so that a subject has one goal or none.
        goal: The goal that the user gave; None: not given.
        metric: Name of the extra metric that replaces the performance; None: the performance itself.

    Raises:
        UsageError: A subject has another goal than the given one, or no goal although the metric's name says that a
            lower value is better.
    """
    known: dict[str, str] = {}
    if "goal" in rows:
        pairs = rows.loc[rows["goal"] != "", ["subject", "goal"]].drop_duplicates()
        known = dict(pairs.itertuples(index=False, name=None))
    return {subject: _goal(subject, known.get(subject), goal, metric) for subject in map(str, rows["subject"].unique())}


def _goal(subject: str, known: str | None, given: Goal | None, metric: str | None) -> Goal:
    if known is not None and given is not None and Goal(known) is not given:
        raise UsageError(
            f"--goal {given} contradicts the file: goal of {subject} is {known}", "drop --goal, or correct the file"
        )
    if known is None and given is None and metric is not None and lower_is_better(metric):
        raise UsageError(
            f"the file has no goal for {metric}, and it is not clear that a higher value is better",
            "add --goal minimize, or --goal maximize",
        )
    return Goal(known) if known is not None else given or Goal.MAXIMIZE


def analysed_metric(audit: AuditRecord, metric: str | None) -> AuditRecord | ExtraMetric:
    """Return what holds goal and tolerance of the analysed metric: the extra metric, else the audit."""
    return next((each for each in audit.also if each.name == metric), audit)


def check_audits_agree(audits: Sequence[AuditRecord], metric: str | None, tolerance: float | None) -> None:
    """Refuse to pool audits of one subject with different goals, or with different tolerances.

    Args:
        audits: Records of the audits.
        metric: Name of the extra metric that replaces the performance; None: the performance itself.
        tolerance: The tolerance that the user gave for all audits; None: the audits have their own.

    Raises:
        UsageError: Two audits of one subject have different goals, or different tolerances and none is given.
    """
    first: dict[str, AuditRecord] = {}
    for audit in audits:
        other = first.setdefault(audit.subject, audit)
        mine, theirs = analysed_metric(audit, metric), analysed_metric(other, metric)
        pair = f"audits {other.id} and {audit.id} of {audit.subject}"
        if mine.goal is not theirs.goal:
            raise UsageError(
                f"{pair} have different goals: {theirs.goal} and {mine.goal}", "analyse these audits separately"
            )
        if tolerance is None and mine.tolerance != theirs.tolerance:
            raise UsageError(
                f"{pair} have different tolerances: {_shown(theirs.tolerance)} and {_shown(mine.tolerance)}",
                "give one with --tolerance, or analyse these audits separately",
            )


def _shown(tolerance: float | None) -> str:
    return "the default" if tolerance is None else f"{tolerance:g}"
