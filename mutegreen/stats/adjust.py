"""P values adjusted for the number of questions asked at once, by statsmodels."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Adjustment(StrEnum):
    """How p values are adjusted.

    HOLM: The chance of one false alarm or more among all questions stays below alpha (Holm 1979).
    BH: Of all alarms, the expected share of false ones stays below alpha (Benjamini & Hochberg 1995).
    """

    HOLM = "holm"
    BH = "bh"


_METHODS = {Adjustment.HOLM: "holm", Adjustment.BH: "fdr_bh"}


def adjust(p: ArrayLike, adjustment: Adjustment = Adjustment.HOLM) -> NDArray[np.float64]:
    """Adjusted p values of one family of questions.

    Args:
        p: Any shape; NaN where there is none, and these do not count as questions.
        adjustment: The method.
    """
    from statsmodels.stats.multitest import multipletests

    raw = np.asarray(p, dtype=np.float64)
    adjusted = np.full(raw.shape, np.nan)
    asked = ~np.isnan(raw)
    if asked.any():
        adjusted[asked] = multipletests(raw[asked], method=_METHODS[adjustment])[1]
    return adjusted
