"""Energy and time of each phase: epochs, and windows that a program marked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

import pandas as pd

from mutegreen.model import ENERGY_METRICS
from mutegreen.stats.interval import known

_SUMMED = (*ENERGY_METRICS, "duration_s")


@dataclass(frozen=True)
class PhaseSummary:
    """One phase of one mutant, over its trials.

    Attributes:
        n: Trials with the phase.
        occurrences: Mean number of occurrences in a trial.
        mean: Joules (`duration_s`: seconds) of one occurrence: the mean over trials of the mean of each trial; None if
            not measured in some trial.
        sd: Standard deviation between trials of the mean of each trial; None below two trials.
    """

    mutant: str
    phase: str
    n: int
    occurrences: float
    mean: dict[str, float | None]
    sd: dict[str, float | None]

    def as_json(self) -> dict[str, object]:
        """Return the record that `mutegreen stats --json` writes."""
        return asdict(self)


def summarise(records: Iterable[Mapping[str, object]]) -> list[PhaseSummary]:
    """Return the summaries of phases, in the order of their first records.

    Args:
        records: One for each trial and phase, with mutant, phase, occurrences, and over all occurrences
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
