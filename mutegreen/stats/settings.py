"""Settings of the default protocol: significance level, margin, tolerance, adjustment."""

from __future__ import annotations

from dataclasses import dataclass

from mutegreen.stats.adjustment import Adjustment

ALPHA = 0.05
"""Largest p value that counts as significant."""
CONFIDENCE = 0.95
"""Confidence of every interval separately."""
MIN_REPETITIONS = 2
"""Observations of an arm below which it has no variance, and so no verdict."""
MARGIN = 0.02
"""Default margin: largest relative change of energy or time that does not matter."""
DEFAULT_TOLERANCE = 0.01
"""Default tolerance, as a share of the original's performance: MLPerf's quality target is 99 % of the reference's
(Reddi et al., "MLPerf Inference Benchmark", 2020)."""
POWER = 0.8
"""Target power for the required number of repetitions and the minimum detectable effect."""


@dataclass(frozen=True)
class Settings:
    """Options of the user.

    Args:
        alpha: Level of significance; with Holm, of all comparisons of a scenario together.
        margin: Largest relative change of energy or time that does not matter.
        tolerance: Largest change of performance that does not matter, in its own unit; None: that of the subject, or
            `DEFAULT_TOLERANCE` of the original's performance.
        adjustment: Method of adjustment of p values.
    """

    alpha: float = ALPHA
    margin: float = MARGIN
    tolerance: float | None = None
    adjustment: Adjustment = Adjustment.HOLM
