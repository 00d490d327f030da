"""What a user may decide about the careful protocol."""

from __future__ import annotations

from dataclasses import dataclass

from mutegreen.stats.adjustment import Adjustment

ALPHA = 0.05
"""Largest p value that counts as significant."""
CONFIDENCE = 0.95
"""Of every interval by itself."""
MIN_REPETITIONS = 2
"""Trainings on either side below which a variance, and so a verdict, does not exist."""
MARGIN = 0.02
"""Relative change of energy or time that does not matter, if the user says nothing else."""
DEFAULT_TOLERANCE = 0.01
"""Share of the original's performance that may be lost where nobody said how much: MLPerf's quality target is 99 % of
the reference's (Reddi et al., "MLPerf Inference Benchmark", 2020)."""
POWER = 0.8
"""Chance of seeing an effect that is there, for which repetitions are reckoned."""


@dataclass(frozen=True)
class Settings:
    """Choices of a user.

    Args:
        alpha: Chance of a false alarm that is accepted: over all comparisons of a section together with Holm.
        margin: Relative change of energy or time that does not matter.
        tolerance: Change of performance that does not matter, in its own unit; None: `DEFAULT_TOLERANCE` of the
            original's performance, unless the subject says.
        adjustment: How p values are adjusted.
    """

    alpha: float = ALPHA
    margin: float = MARGIN
    tolerance: float | None = None
    adjustment: Adjustment = Adjustment.HOLM
