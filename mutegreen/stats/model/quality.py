"""The worst known quality of the energy values that a result is calculated from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from mutegreen.model import ORIGINAL, Quality

_QUALITIES = tuple(Quality)
_RANK = {quality.value: rank for rank, quality in enumerate(_QUALITIES)}


def worst_quality(rows: pd.DataFrame, metric: str) -> Quality | None:
    """Return the worst known quality of a metric over all rows in which it was measured; None if none is known."""
    return _quality(_ranks(_known(rows, metric).drop_duplicates()).max())


def worst_qualities(rows: pd.DataFrame, metric: str) -> dict[str, Quality | None]:
    """Return by mutant the worst known quality of a metric over its rows and the original's."""
    pairs = pd.DataFrame({"mutant": rows["mutant"], "quality": _known(rows, metric)}).drop_duplicates()
    worst = _ranks(pairs["quality"]).groupby(pairs["mutant"]).max()
    ranks = np.fmax(worst.to_numpy(), worst.loc[ORIGINAL])
    return {str(mutant): _quality(rank) for mutant, rank in zip(worst.index, ranks, strict=True)}


def _known(rows: pd.DataFrame, metric: str) -> pd.Series[Any]:
    column = f"quality_{metric}"
    return rows[column].where(rows[metric].notna()) if column in rows else pd.Series(np.nan, rows.index)


def _ranks(qualities: pd.Series[Any]) -> pd.Series[float]:
    return qualities.map(_RANK).astype("float64")


def _quality(rank: float) -> Quality | None:
    return None if np.isnan(rank) else _QUALITIES[int(rank)]
