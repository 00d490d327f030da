"""Joules for each epoch, and for each window that a program marked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

import pandas as pd

from mutegreen.model import ENERGY_METRICS
from mutegreen.stats.interval import known

_SUMMED = (*ENERGY_METRICS, "duration_s")


@dataclass(frozen=True)
class PhaseSummary:
    """One phase of one mutant, over its trainings.

    Attributes:
        n: Trainings that had the phase.
        occurrences: How often it came in a training, on average.
        mean: Joules (for `duration_s` seconds) of one occurrence: the mean over the trainings of each training's
            mean. None: not measured in some training.
        sd: Standard deviation of that between trainings; None below two trainings.
    """

    mutant: str
    phase: str
    n: int
    occurrences: float
    mean: dict[str, float | None]
    sd: dict[str, float | None]

    def as_json(self) -> dict[str, object]:
        """As written by `mutegreen stats --json`."""
        return asdict(self)


def summarise(records: Iterable[Mapping[str, object]]) -> list[PhaseSummary]:
    """Summaries of phases, in the order in which mutants and phases first come.

    Args:
        records: One for each training and phase, with mutant, phase, occurrences, and over all occurrences
            duration_s (seconds) and the energy metrics (joules or None).
    """
    frame = pd.DataFrame(list(records))
    if frame.empty:
        return []
    each = frame[list(_SUMMED)].astype(float).div(frame["occurrences"].astype(float), axis=0)
    frame = frame[["mutant", "phase", "occurrences"]].join(each)
    phases = frame.groupby(["mutant", "phase"], sort=False)
    return [_summary(str(mutant), str(phase), rows) for (mutant, phase), rows in phases]


def _summary(mutant: str, phase: str, rows: pd.DataFrame) -> PhaseSummary:
    return PhaseSummary(
        mutant=mutant,
        phase=phase,
        n=len(rows),
        occurrences=float(rows["occurrences"].mean()),
        mean={metric: known(rows[metric].mean(skipna=False)) for metric in _SUMMED},
        sd={metric: known(rows[metric].std(skipna=False)) for metric in _SUMMED},
    )
