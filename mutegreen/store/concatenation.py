"""Concatenates the rows of several files."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from mutegreen.store.row_checks import RowSource, check_rows
from mutegreen.store.rows import OPTIONAL_LABELS


def concatenate(parts: Sequence[pd.DataFrame], names: Sequence[str]) -> pd.DataFrame:
    """Concatenate rows, and check the result as each part has been checked.

    Args:
        parts: At least one, each in the form of `rows_frame`.
        names: The name of each part in messages.

    Returns:
        The rows in the form of `rows_frame`.

    Raises:
        RowsError: The parts do not fit together: a trial is there twice, or a hyperparameter has two defaults.
    """
    if len(parts) == 1:
        return parts[0]
    rows = pd.concat(parts, ignore_index=True)
    for column in OPTIONAL_LABELS:
        if column in rows:
            rows[column] = rows[column].fillna("").astype("str")
    places = [f"{name}, row {row}" for name, part in zip(names, parts, strict=True) for row in range(1, len(part) + 1)]
    check_rows(rows, RowSource("the files together", places.__getitem__))
    notes = dict.fromkeys(note for part in parts for note in part.attrs.get("notes", ()))
    rows.attrs |= {"notes": list(notes), "extra_metric": parts[0].attrs.get("extra_metric")}
    return rows
