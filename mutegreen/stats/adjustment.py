"""P values adjusted for the number of comparisons."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats


class Adjustment(StrEnum):
    """How p values are adjusted.

    HOLM: The chance of one false alarm or more among all comparisons stays below alpha (Holm 1979).
    BH: Of all alarms, the expected share of false ones stays below alpha (Benjamini & Hochberg 1995).
    """

    HOLM = "holm"
    BH = "bh"


def adjust(p: ArrayLike, adjustment: Adjustment = Adjustment.HOLM) -> NDArray[np.float64]:
    """Adjusted p values of one family of comparisons.

    Args:
        p: Any shape; NaN where there is none, and these do not count.
        adjustment: The method.
    """
    raw = np.asarray(p, dtype=np.float64)
    adjusted = np.full(raw.shape, np.nan)
    asked = ~np.isnan(raw)
    if asked.any():
        method = _holm if adjustment is Adjustment.HOLM else stats.false_discovery_control
        adjusted[asked] = method(raw[asked])
    return adjusted


def _holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    # statsmodels has it too, and collects garbage at each call: most of the time that small audits would take.
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return adjusted
