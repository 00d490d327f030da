"""Rows of several files as those of one."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from mutegreen.store.row_checks import RowSource, check_rows
from mutegreen.store.rows import OPTIONAL_LABELS


def concatenate(parts: Sequence[pd.DataFrame], names: Sequence[str]) -> pd.DataFrame:
    """Rows taken together, in the form of `rows_frame`, after the checks that these have passed each by itself.

    Args:
        parts: Each in the form of `rows_frame`, at least one.
        names: What messages call each.

    Raises:
        RowsError: They do not go together: a training is there twice, or a hyperparameter has two defaults.
    """
    if len(parts) == 1:
        return parts[0]
    rows = pd.concat(parts, ignore_index=True)
    for column in OPTIONAL_LABELS:
        if column in rows:
            rows[column] = rows[column].fillna("").astype("str")
    places = [f"{name}, row {row}" for name, part in zip(names, parts, strict=True) for row in range(1, len(part) + 1)]
    check_rows(rows, RowSource("taken together", places.__getitem__))
    notes = dict.fromkeys(note for part in parts for note in part.attrs.get("notes", ()))
    rows.attrs |= {"notes": list(notes), "figure": parts[0].attrs.get("figure")}
    return rows
