"""The worst known quality of the figures that a result rests on."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mutegreen.model import ORIGINAL, Quality

_QUALITIES = tuple(Quality)
_RANK = {quality.value: rank for rank, quality in enumerate(_QUALITIES)}


def worst_quality(rows: pd.DataFrame, metric: str) -> Quality | None:
    """The worst known quality of a metric over all rows in which it was measured; None if none is known."""
    return _quality(_ranks(rows, metric).max())


def worst_qualities(rows: pd.DataFrame, metric: str) -> dict[str, Quality | None]:
    """For each mutant, the worst known quality of a metric over its and the original's rows."""
    worst = _ranks(rows, metric).groupby(rows["mutant"]).max()
    ranks = np.fmax(worst.to_numpy(), worst.loc[ORIGINAL])
    return {str(mutant): _quality(rank) for mutant, rank in zip(worst.index, ranks, strict=True)}


def _ranks(rows: pd.DataFrame, metric: str) -> pd.Series[float]:
    column = f"quality_{metric}"
    if column not in rows:
        return pd.Series(np.nan, rows.index)
    return rows[column].map(_RANK).where(rows[metric].notna()).astype("float64")


def _quality(rank: float) -> Quality | None:
    return None if np.isnan(rank) else _QUALITIES[int(rank)]
