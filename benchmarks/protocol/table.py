"""Shares with their Monte Carlo error, and tables in markdown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike


def percent(hits: ArrayLike, digits: int = 1) -> str:
    """Return the share of hits, in percent."""
    hits = np.asarray(hits, dtype=float)
    return f"{100 * hits.mean():.{digits}f}" if hits.size else "-"


def with_error(hits: ArrayLike, digits: int = 1) -> str:
    """Return the share of hits in percent with its standard error; the first axis is that of the independent audits."""
    hits = np.asarray(hits, dtype=float)
    each = hits.reshape(len(hits), -1).mean(axis=1)
    return f"{100 * each.mean():.{digits}f} ± {100 * each.std() / np.sqrt(len(each)):.{digits}f}"


def markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; all columns but the first are numbers."""
    alignment = ("left", *["right"] * (len(heads) - 1))
    frame = pd.DataFrame(rows, columns=list(heads))
    # The cells are texts already: read as numbers, `5.0` would become `5`.
    return str(frame.to_markdown(index=False, colalign=alignment, disable_numparse=True))
