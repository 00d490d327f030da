"""Adjusted p values: Holm's family-wise error rate, or Benjamini and Hochberg's false discovery rate.

With the m p values of a family in ascending order p_(1) <= ... <= p_(m), the adjusted ones are

    Holm  max over j <= i of min(1, (m - j + 1) p_(j))
    BH    min over j >= i of min(1, (m / j) p_(j))

Sources: Holm, "A simple sequentially rejective multiple test procedure", 1979; Benjamini & Hochberg, "Controlling the
false discovery rate", 1995.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats


class Adjustment(StrEnum):
    """A method of adjustment.

    HOLM: The probability of one false alarm or more among all comparisons is at most alpha (family-wise error rate).
    BH: The expected share of false alarms among all alarms is at most alpha (false discovery rate).
    """

    HOLM = "holm"
    BH = "bh"


def adjust(p: ArrayLike, adjustment: Adjustment = Adjustment.HOLM) -> NDArray[np.float64]:
    """Return the adjusted p values of one family of comparisons.

    Args:
        p: Any shape; NaN where there is none: these are not part of the family.
        adjustment: The method.
    """
    raw = np.asarray(p, dtype=np.float64)
    adjusted = np.full(raw.shape, np.nan)
    known = ~np.isnan(raw)
    if known.any():
        method = _holm if adjustment is Adjustment.HOLM else stats.false_discovery_control
        adjusted[known] = method(raw[known])
    return adjusted


def _holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    # Not that of statsmodels, which collects garbage at each call: that would take most of the time of small audits.
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return adjusted
