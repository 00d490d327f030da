"""Slowdown: duration of co-located relative to exclusive training, and the slowdown of the background load."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import special

from mutegreen.model import ORIGINAL
from mutegreen.stats.colocation.pairing import Pairing
from mutegreen.stats.interval import Interval, written_as
from mutegreen.stats.model.block_model import Floats
from mutegreen.stats.model.scenario import Definition
from mutegreen.stats.model.scenario_model import ScenarioModel
from mutegreen.stats.settings import CONFIDENCE


@dataclass(frozen=True)
class Slowdown:
    """The slowdown of one arm: ratio of the geometric means of its durations, co-located to exclusive.

    Args:
        n_alone: Observations of exclusive training.
        n: Observations of co-located training.
        duration_alone_s: Geometric mean of exclusive training, in seconds.
        duration_s: Geometric mean of co-located training, in seconds.
        slowdown: With an interval by Welch's t on logarithms. It is not adjusted for blocks: the two audits ran at
            different times, and differences between blocks are a measure of that. Its ends are None below two
            observations of either.
    """

    subject: str
    background: str
    hyperparameter: str
    mutant: str
    value: float | str | None
    n_alone: int
    n: int
    duration_alone_s: float
    duration_s: float
    slowdown: Interval = field(metadata=written_as("slowdown", "low", "high"))


@dataclass(frozen=True)
class BackgroundSlowdown:
    """The slowdown of the background load during the trials.

    Args:
        n: Trials for which it is known.
        slowdown: Geometric mean of its exclusive rate divided by its rate during a trial, with a 95 % interval by
            Student's t.
        restarts: Total number of restarts after an early end; None where not known.
    """

    subject: str
    background: str
    n: int
    slowdown: Interval = field(metadata=written_as("slowdown", "low", "high"))
    restarts: int | None


def slowdowns(pairing: Pairing) -> Iterator[Slowdown]:
    """Return the slowdown of the original, then of every mutant in both scenarios."""
    exclusive_logs, colocated_logs = (_logs(model) for model in (pairing.exclusive, pairing.colocated))
    original = Definition(ORIGINAL, "", None, None)
    for exclusive, colocated in ((original, original), *pairing.common):
        logs_alone, logs = exclusive_logs.get(exclusive.mutant), colocated_logs.get(colocated.mutant)
        if logs_alone is None or logs is None:
            continue
        low, high = _welch(logs, logs_alone)
        yield Slowdown(
            subject=pairing.subject,
            background=pairing.background,
            hyperparameter=colocated.hyperparameter,
            mutant=colocated.mutant,
            value=colocated.value,
            n_alone=len(logs_alone),
            n=len(logs),
            duration_alone_s=float(np.exp(logs_alone.mean())),
            duration_s=float(np.exp(logs.mean())),
            slowdown=Interval(float(np.exp(logs.mean() - logs_alone.mean())), low, high),
        )


def _logs(model: ScenarioModel) -> dict[str, Floats]:
    """By arm, the logarithms of its durations in seconds that are known and not 0."""
    rows = model.scenario.rows
    known = rows[rows["duration_s"].gt(0) & rows["duration_s"].lt(np.inf)]
    return {str(name): np.log(part.to_numpy(dtype=np.float64)) for name, part in known.groupby("mutant")["duration_s"]}


def _welch(logs: Floats, other_logs: Floats) -> tuple[float | None, float | None]:
    """Return ends of the interval of the ratio of two geometric means, from logarithms."""
    if min(len(logs), len(other_logs)) < 2:
        return None, None
    parts = [(float(each.var(ddof=1)) / len(each), len(each) - 1) for each in (logs, other_logs)]
    square = sum(part for part, _ in parts)
    middle = float(logs.mean() - other_logs.mean())
    if not square > 0:
        return math.exp(middle), math.exp(middle)
    df = square**2 / sum(part**2 / part_df for part, part_df in parts)
    half = float(special.stdtrit(df, (1 + CONFIDENCE) / 2)) * math.sqrt(square)
    return math.exp(middle - half), math.exp(middle + half)


def background_slowdown(pairing: Pairing) -> Iterator[BackgroundSlowdown]:
    """Return the slowdown of the background load; nothing where a rate is not known."""
    rows = pairing.colocated.scenario.rows
    known = _numbers(rows, "background_slowdown")
    logs = np.log(known[known > 0])
    if len(logs):
        restarts = _numbers(rows, "background_restarts")
        low, high = _student(logs)
        yield BackgroundSlowdown(
            subject=pairing.subject,
            background=pairing.background,
            n=len(logs),
            slowdown=Interval(math.exp(logs.mean()), low, high),
            restarts=int(restarts.sum()) if len(restarts) else None,
        )


def _student(logs: Floats) -> tuple[float | None, float | None]:
    """Return ends of the interval of a geometric mean, from logarithms."""
    if len(logs) < 2:
        return None, None
    middle, error = float(logs.mean()), float(logs.std(ddof=1)) / math.sqrt(len(logs))
    half = float(special.stdtrit(len(logs) - 1, (1 + CONFIDENCE) / 2)) * error
    return math.exp(middle - half), math.exp(middle + half)


def _numbers(rows: pd.DataFrame, column: str) -> Floats:
    """Return the finite numbers of an optional column of the rows."""
    if column not in rows:
        return np.array([])
    numbers: Floats = pd.to_numeric(rows[column], errors="coerce").to_numpy(dtype=np.float64)
    return np.asarray(numbers[np.isfinite(numbers)])
