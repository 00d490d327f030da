"""Cliff's delta: effect size of one sample against another, from -1 to 1, without unit."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

NEGLIGIBLE = 0.147
"""|delta| below which an effect counts as negligible (Romano et al., "Exploring methods for evaluating group
differences on the NSSE and other surveys", 2006)."""


def dominance(values: ArrayLike, original: ArrayLike) -> NDArray[np.float64]:
    """Return for each value the share of the original's values below it minus the share above it, from -1 to 1.

    The mean over a sample is its Cliff's delta. A search in the sorted original takes n log n steps.

    Args:
        values: Shape (n,); NaN gives NaN.
        original: Shape (m,), without NaN; for m = 0 all results are NaN.
    """
    above = np.asarray(values, dtype=np.float64)
    below = np.sort(np.asarray(original, dtype=np.float64))
    if not below.size:
        return np.full(above.shape, np.nan)
    twice_rank = np.searchsorted(below, above, "left") + np.searchsorted(below, above, "right")
    return np.where(np.isnan(above), np.nan, twice_rank / below.size - 1.0)


def cliffs_delta(mutant: ArrayLike, original: ArrayLike) -> float:
    """Return Cliff's delta (1993) of mutant over original: P(mutant > original) - P(mutant < original).

    Args:
        mutant: Shape (n,), at least one value, without NaN.
        original: Shape (m,), at least one value, without NaN.

    Returns:
        From -1 (every value of the mutant is below every value of the original) to 1.
    """
    # Sorted queries read neighbouring memory: twice as fast.
    return float(dominance(np.sort(np.asarray(mutant, dtype=np.float64)), original).mean())
