"""Rows that are written as CSV are read back as they were, whatever is in their cells."""

from __future__ import annotations

import csv
import io
import math
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from mutegreen.model import METRICS, ROW_COLUMNS
from mutegreen.store.rows import read_csv, rows_frame

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
labels = texts | st.sampled_from(["NA", "nan", "null", "a,b", 'a"b', "a\nb", "a\r\nb", " x ", "1", "é", "-", "None"])
names = labels.filter(bool)
energies = st.none() | st.floats(0, allow_nan=False) | st.sampled_from([0.0, 5e-324, 1e308, math.inf])
finite = st.floats(allow_nan=False, allow_infinity=False)
values = st.integers(-(10**15), 10**15) | finite | labels.filter(lambda text: not is_number(text))


def is_number(text: str) -> bool:
    """Whether a text as a value would be read as a number, or as an empty cell."""
    try:
        return not text or math.isfinite(float(text))
    except ValueError:
        return False


@st.composite
def tables(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rows of one subject: each mutant with its value, in some repetitions."""
    subject, background = draw(names), draw(st.none() | names)
    mutants = draw(st.lists(names.filter(lambda name: name != "original"), max_size=3, unique=True))
    rows = []
    for number, mutant in enumerate(["original", *mutants]):
        changed = {"hyperparameter": f"h{number}", "value": draw(values), "default": draw(values)}
        nothing = {"hyperparameter": None, "value": None, "default": None}
        rows += [
            {"subject": subject, "background": background, "mutant": mutant}
            | (nothing if mutant == "original" else changed)
            | {"repetition": repetition}
            | {metric: draw(energies) for metric in METRICS if metric != "performance"}
            | {"performance": draw(st.none() | finite), "remark": draw(st.none() | st.just("x") | names)}
            for repetition in range(draw(st.integers(1, 3)))
        ]
    return rows


def written(rows: list[dict[str, Any]], columns: list[str]) -> bytes:
    """CSV as the standard library writes it."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def read(data: bytes) -> pd.DataFrame:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.csv")
        path.write_bytes(data)
        return read_csv(path)


@settings(max_examples=30)
@given(rows=tables(), data=st.data())
def test_what_is_written_is_read_back(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    columns = data.draw(st.permutations([*ROW_COLUMNS, "remark"]))
    found = read(written(rows, list(columns)))
    assert len(found) == len(rows)
    for column in ("subject", "background", "mutant", "hyperparameter"):
        assert found[column].tolist() == [row[column] or "" for row in rows]
    for column in ("value", "default"):
        assert [repr(value) for value in found[column]] == [repr(as_read(row[column])) for row in rows]
    for metric in METRICS:
        expected = [math.nan if row[metric] is None else row[metric] for row in rows]
        assert repr(found[metric].tolist()) == repr([float(value) for value in expected])
    assert found["repetition"].tolist() == [row["repetition"] for row in rows]
    pd.testing.assert_frame_equal(found[list(ROW_COLUMNS)], rows_frame(rows)[list(ROW_COLUMNS)])


def as_read(value: Any) -> float | str | None:
    return float(value) if isinstance(value, (int, float)) else value
