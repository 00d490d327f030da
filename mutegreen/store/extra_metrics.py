"""Further figures of performance as columns of rows, and one of them in the place of the performance."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from mutegreen.errors import UsageError
from mutegreen.model import ExtraMetric, TrialResult

_PERFORMANCE, _GOAL = "performance_", "goal_"


def columns_of(figures: Iterable[ExtraMetric]) -> tuple[str, ...]:
    """Two columns a figure: what it came to, and which direction of it is better."""
    return tuple(prefix + figure.name for figure in figures for prefix in (_PERFORMANCE, _GOAL))


def cells_of(figures: Iterable[ExtraMetric], result: TrialResult) -> dict[str, object]:
    """The cells of those columns for one training; a figure that was never printed is None."""
    found: dict[str, object] = {}
    for figure in figures:
        found[_PERFORMANCE + figure.name] = result.also.get(figure.name)
        found[_GOAL + figure.name] = str(figure.goal)
    return found


def column_of(name: str, columns: Iterable[str], place: str) -> str:
    """The column of a figure.

    Raises:
        UsageError: There is none; those that there are are named.
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


def in_place(rows: pd.DataFrame, name: str, figures: pd.Series[float]) -> pd.DataFrame:
    """The rows with a figure, and its goal where they say it, in place of the performance and its goal."""
    goal = rows.get(_GOAL + name)
    return rows.drop(columns="goal", errors="ignore").assign(
        performance=figures, **({} if goal is None else {"goal": goal})
    )


def note_on(name: str) -> str:
    """What a reader must know of such rows."""
    return f"performance is {name}, of which only the last of each training is kept: there is no energy to target."
