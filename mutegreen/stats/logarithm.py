"""Relative changes from differences of logarithms."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def relative_change(log_ratio: ArrayLike) -> NDArray[np.float64]:
    """Return exp(x) - 1, the relative change, of each difference of logarithms.

    It is infinite beyond the largest float, as the limit of an interval with hardly a degree of freedom is; that is
    right, and no reason for a warning.

    Args:
        log_ratio: Differences of natural logarithms, of any shape.
    """
    with np.errstate(over="ignore"):
        return np.asarray(np.expm1(log_ratio), dtype=np.float64)
