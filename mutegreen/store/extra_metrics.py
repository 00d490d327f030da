"""Columns of rows for extra metrics, and the analysis of one of them instead of the performance."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from mutegreen.errors import UsageError
from mutegreen.model import ExtraMetric, TrialResult

_PERFORMANCE, _GOAL = "performance_", "goal_"


def columns_of(metrics: Iterable[ExtraMetric]) -> tuple[str, ...]:
    """Return two columns for each extra metric: its value, and which direction of it is better."""
    return tuple(prefix + metric.name for metric in metrics for prefix in (_PERFORMANCE, _GOAL))


def cells_of(metrics: Iterable[ExtraMetric], result: TrialResult) -> dict[str, object]:
    """Return the cells of those columns for one trial; a metric that was never printed is None."""
    cells: dict[str, object] = {}
    for metric in metrics:
        cells[_PERFORMANCE + metric.name] = result.also.get(metric.name)
        cells[_GOAL + metric.name] = str(metric.goal)
    return cells


def column_of(name: str, columns: Iterable[str], place: str) -> str:
    """Return the column of an extra metric.

    Args:
        name: The metric.
        columns: The columns of the rows.
        place: The name of the rows in messages.

    Raises:
        UsageError: The rows do not have the metric; the hint names the metrics that they have.
    """
    known = [column.removeprefix(_PERFORMANCE) for column in columns if column.startswith(_PERFORMANCE)]
    if name not in known:
        hint = (
            f"its extra metrics are: {', '.join(known)}"
            if known
            else "[performance.also] in subject.toml declares extra metrics"
        )
        raise UsageError(f"{place} has no extra metric {name}", hint)
    return _PERFORMANCE + name


def in_place(rows: pd.DataFrame, name: str, values: pd.Series[float]) -> pd.DataFrame:
    """Return the rows with an extra metric, and its goal if they have it, in place of the performance and its goal."""
    goal = rows.get(_GOAL + name)
    return rows.drop(columns="goal", errors="ignore").assign(
        performance=values, **({} if goal is None else {"goal": goal})
    )


def note_on(name: str) -> str:
    """Return the note that such rows need."""
    return f"performance is {name}; only its last value in each trial is stored, so there is no energy to target."
