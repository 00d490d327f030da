"""Simulate the rows of audits, for tests of statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mutegreen.model import IDENTITY, METRICS, ORIGINAL
from mutegreen.store.rows import rows_frame

Observations = Mapping[str, Sequence[float | None]]


def rows_of(arms: Mapping[str, Observations], *, blocked: bool = True, **labels: object) -> pd.DataFrame:
    """Return rows of arms with values by metric, one for each repetition; a repetition is a block.

    Args:
        arms: `original`, `identity`, or mutants such as `epochs=3`; a trial without any value is omitted.
        blocked: Whether rows name their blocks.
        labels: Further columns, the same for all rows.
    """
    return rows_frame(
        [row for mutant, observations in arms.items() for row in trainings(mutant, observations, blocked, **labels)]
    )


def trainings(mutant: str, observations: Observations, blocked: bool = True, **labels: object) -> list[dict[str, Any]]:
    """Return the records of the trials of one arm."""
    name, _, value = mutant.partition("=")
    mutated: dict[str, object] = {"hyperparameter": name, "value": value or None, "default": "2" if value else None}
    changed = dict.fromkeys(mutated) if mutant == ORIGINAL else mutated
    label = {"subject": "simulated", "background": "", "mutant": mutant} | changed | labels
    cells = {metric: observations.get(metric) for metric in METRICS}
    count = max(len(column) for column in cells.values() if column is not None)
    return [
        label
        | {metric: None if column is None else column[number] for metric, column in cells.items()}
        | ({"block": number} if blocked else {})
        | {"repetition": number}
        for number in range(count)
        if any(column is not None and column[number] is not None for column in cells.values())
    ]


def noisy(
    arms: Mapping[str, tuple[float, float]],
    repetitions: int = 5,
    *,
    noise: float = 0.005,
    drift: float = 0.0,
    seed: int = 0,
) -> dict[str, dict[str, list[float]]]:
    """Return values of arms with known effects, for `rows_of`.

    Args:
        arms: By name, relative change of energy and time, and change of performance from 0.9.
        repetitions: Trials of each arm.
        noise: Coefficient of variation of energy and time; a tenth of it for performance.
        drift: Relative rise of energy and time from the first block to the last.
        seed: Seed of the noise.
    """
    generator = np.random.default_rng(seed)
    rise = 1 + np.linspace(0, drift, repetitions)
    values_by_arm = {}
    for name, (energy, performance) in arms.items():
        chance = np.exp(noise * generator.standard_normal((4, repetitions)))
        levels = np.array([[500.0], [60.0], [1500.0], [18.0]])
        cells = dict(zip(METRICS, (levels * (1 + energy) * rise * chance).tolist(), strict=False))
        values_by_arm[name] = cells | {
            "performance": (0.9 + performance + noise / 10 * generator.standard_normal(repetitions)).tolist()
        }
    return values_by_arm


def nothing(mutants: int) -> dict[str, tuple[float, float]]:
    """Return an original and mutants without any effect."""
    return {ORIGINAL: (0.0, 0.0)} | {f"epochs={3 + number}": (0.0, 0.0) for number in range(mutants)}


__all__ = ["IDENTITY", "ORIGINAL", "noisy", "nothing", "rows_of", "trainings"]
