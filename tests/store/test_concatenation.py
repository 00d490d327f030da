"""Rows of several files are concatenated: every cell is kept, and files that do not fit together are refused."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from mutegreen.errors import RowsError
from mutegreen.model import METRICS
from mutegreen.store.concatenation import concatenate
from mutegreen.store.rows import rows_frame


def rows(audit: str, *, default: int = 2, **more: Any) -> pd.DataFrame:
    """The original and a mutant, trained once each."""
    measured = dict.fromkeys(METRICS, 1.0)
    original: dict[str, Any] = {"subject": "m", "background": None, "mutant": "original", "hyperparameter": None}
    original |= {"value": None, "default": None, "repetition": 0, **measured, "audit": audit, **more}
    mutant = original | {"mutant": "epochs=3", "hyperparameter": "epochs", "value": 3, "default": default}
    return rows_frame([original, mutant], audit)


def test_one_file_is_given_back() -> None:
    part = rows("a")
    assert concatenate([part], ["a.csv"]) is part


def test_columns_that_only_one_has_are_empty_in_the_other() -> None:
    found = concatenate([rows("a", data="MNIST"), rows("b")], ["a.csv", "b.csv"])
    assert found["audit"].tolist() == ["a", "a", "b", "b"]
    assert found["data"].tolist() == ["MNIST", "MNIST", "", ""]


def test_notes_are_kept_once_each() -> None:
    parts = [rows("a"), rows("b")]
    for part in parts:
        part.attrs["notes"] = ["the same", f"of {part['audit'][0]}"]
    assert concatenate(parts, ["a.csv", "b.csv"]).attrs["notes"] == ["the same", "of a", "of b"]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (rows("a"), r"the files together, b.csv, row 1: repetition 0 of original of m occurs twice"),
        (rows("b", default=4), r"the files together, b.csv, row 2: mutant epochs=3 of m has another"),
        (
            rows("b", data="CIFAR"),
            r"b.csv, row 1: m was trained on CIFAR, and before on other data",
        ),
    ],
)
def test_files_that_cannot_be_concatenated_are_refused_with_their_place(other: pd.DataFrame, message: str) -> None:
    with pytest.raises(RowsError, match=message):
        concatenate([rows("a", data="MNIST"), other], ["a.csv", "b.csv"])
