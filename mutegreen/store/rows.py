"""Reads rows of measurements, one for each trial that ended `ok`, and converts them to one form."""

from __future__ import annotations

import codecs
import csv
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mutegreen.errors import RowsError
from mutegreen.model import METRICS, ROW_COLUMNS, Outcome
from mutegreen.store import extra_metrics
from mutegreen.store.row_checks import EXPORTED, QUALITIES, RowSource, check_rows, no_rows

LABELS = ("subject", "background", "mutant", "hyperparameter")
VALUES = ("value", "default")
OPTIONAL_LABELS = (*QUALITIES, "audit", "changes", "data", "goal")
_DECIMAL_COMMA = "use decimal points, not decimal commas: 12.5, not 12,5"
_PLAIN_NUMBERS = "write plain numbers such as 1234.5, and leave the cell empty if nothing was measured"


def read_csv(path: Path, performance: str | None = None) -> pd.DataFrame:
    """Read a CSV file of rows: UTF-8, commas, the columns of `ROW_COLUMNS` in any order, and any others.

    Args:
        path: The file.
        performance: As for `rows_frame`.

    Returns:
        The rows in the form of `rows_frame`.

    Raises:
        RowsError: The file does not exist, is not a CSV file, or its rows have a fault.
        UsageError: It has no such extra metric.
    """
    data = _bytes_of(path)
    header = _header_of(path.name, data)
    frame = pd.read_csv(
        io.BytesIO(data),
        header=0,
        names=header,
        dtype=dict.fromkeys((*LABELS, *VALUES, *OPTIONAL_LABELS, "outcome"), "str"),
        keep_default_na=False,
        na_values=[""],
        low_memory=False,
    )
    return _normal(frame, RowSource(path.name, lambda row: f"line {_line_of(data, row)}"), performance)


def rows_frame(
    records: Iterable[Mapping[Any, object]], name: str = "rows", performance: str | None = None
) -> pd.DataFrame:
    """Convert records, for example of the store, to the form that the statistics read.

    Args:
        records: The columns and cells of each trial.
        name: The name of the source in messages.
        performance: Name of an extra metric that replaces the performance.

    Returns:
        One row for each trial whose column `outcome`, if there is one, is `ok` or empty. Labels are text, empty if
        there is none; so is `changes`, a JSON object. Metrics are floats, NaN if not measured. `value` and `default`
        are objects: floats for numbers, text for anything else (an optimizer's name, `True`), None if empty.
        `attrs["notes"]` is a list of sentences about dropped rows. `attrs["extra_metric"]` is the name of the extra
        metric that replaced the performance, None if there is none.

    Raises:
        RowsError: Columns or rows are missing, a cell is invalid, a trial is there twice, or there is no original.
        UsageError: There is no such extra metric.
    """
    frame = pd.DataFrame.from_records([dict(record) for record in records])
    if frame.empty:
        raise no_rows(name)
    _require_columns(name, list(frame.columns))
    return _normal(frame, RowSource(name, lambda row: f"row {row + 1}"), performance)


def _bytes_of(path: Path) -> bytes:
    """Return the file in UTF-8 without a byte-order mark; bytes, because text may take four times the memory."""
    try:
        data = path.read_bytes().removeprefix(codecs.BOM_UTF8)
        data.decode()
    except OSError as error:
        raise RowsError(f"{path} cannot be read: {error.strerror}", "give the path of a CSV file") from error
    except UnicodeDecodeError as error:
        raise RowsError(f"{path} is not a CSV file in UTF-8", EXPORTED) from error
    if b"\0" in data:
        raise RowsError(f"{path} is not a CSV file", EXPORTED)
    return data


def _lines(data: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")


def _header_of(name: str, data: bytes) -> list[str]:
    """Return the names of the columns, after a check that every record has one field for each."""
    reader = csv.reader(_lines(data))
    try:
        header = [column.strip() for column in next(reader, [])]
        _require_columns(name, header)
        records = 0
        for record in filter(None, reader):
            records += 1
            if len(record) != len(header):
                raise _ragged(f"{name}, line {reader.line_num}", len(record), len(header))
    except csv.Error as error:
        raise RowsError(f"{name}, line {reader.line_num} is not CSV: {error}", EXPORTED) from error
    if not records:
        raise no_rows(name)
    return header


def _ragged(place: str, fields: int, columns: int) -> RowsError:
    hint = _DECIMAL_COMMA if fields > columns else "the file may have been truncated here"
    return RowsError(f"{place} has {fields} fields, but the header has {columns}", hint)


def _line_of(data: bytes, row: int) -> int:
    """Return the line on which the n-th record (from 0) after the header ends; records may span lines."""
    reader = csv.reader(_lines(data))
    records = filter(None, reader)
    for _ in range(row + 2):
        next(records)
    return reader.line_num


def _require_columns(name: str, columns: Sequence[str]) -> None:
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise RowsError(f"{name} has the column {', '.join(twice)} twice", "give every column its own name")
    missing = [column for column in ROW_COLUMNS if column not in columns]
    if missing:
        whole = len(columns) == 1 and re.search(r"subject\W", columns[0])
        hint = "separate the fields by commas, not by semicolons or tabs" if whole else EXPORTED
        raise RowsError(f"{name} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}", hint)


def _normal(frame: pd.DataFrame, source: RowSource, performance: str | None) -> pd.DataFrame:
    rows, notes = _only_ok(frame, source.name)
    if performance is not None:
        values = _numbers(rows[extra_metrics.column_of(performance, rows.columns, source.name)], source)
        rows, notes = extra_metrics.in_place(rows, performance, values), [*notes, extra_metrics.note_on(performance)]
    for column in (*LABELS, *OPTIONAL_LABELS):
        if column in rows:
            rows[column] = rows[column].fillna("").astype("str")
    for column in VALUES:
        rows[column] = _values(rows[column])
    for column in ("repetition", *METRICS):
        rows[column] = _numbers(rows[column], source)
    check_rows(rows, source)
    rows = rows.astype({"repetition": "int64"}).reset_index(drop=True)
    rows.attrs |= {"notes": notes, "extra_metric": performance}
    return rows


def _only_ok(frame: pd.DataFrame, name: str) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows of trials that ended ok, and a note about the others."""
    if "outcome" not in frame:
        return frame, []
    outcome = frame["outcome"].fillna(Outcome.OK.value).astype("str")
    ok = outcome == Outcome.OK.value
    others = ", ".join(f"{count} {other}" for other, count in outcome[~ok].value_counts().items())
    if not ok.any():
        raise RowsError(f"{name}: no trial ended ok ({others})", "look at the output of the trials")
    return frame[ok].copy(), [f"Trials without the outcome ok were dropped: {others}."] if others else []


def _values(column: pd.Series[Any]) -> pd.Series[Any]:
    # Equal texts are converted only once. For other types that would be wrong, since True equals 1.
    codes, cells = pd.factorize(column) if column.dtype == "str" else (range(len(column)), column)
    # The last one is for empty cells, whose code is -1.
    values = np.array([*map(_value, cells), None], dtype=object)
    return pd.Series(values[codes], column.index, dtype=object)


def _value(cell: Any) -> float | str | None:
    """Return the value of a hyperparameter: a float for a finite number, else text; None for an empty cell."""
    if _is_empty(cell):
        return None
    number = _number(cell)
    return str(cell) if number is None or not math.isfinite(number) else number


def _number(cell: Any) -> float | None:
    """Return a cell as a number, NaN if it is empty; None for anything else."""
    if _is_empty(cell):
        return math.nan
    # Python's float accepts "1_000", which no other reader of CSV does.
    if isinstance(cell, bool) or not isinstance(cell, (Real, str)) or "_" in str(cell):
        return None
    try:
        return float(cell)
    except ValueError:
        return None


def _is_empty(cell: Any) -> bool:
    return cell is None or cell is pd.NA or cell == "" or cell != cell  # noqa: PLR0124 - NaN


def _numbers(column: pd.Series[Any], source: RowSource) -> pd.Series[float]:
    """Convert a column to floats.

    Raises:
        RowsError: A cell is not a number.
    """
    if pd.api.types.is_float_dtype(column) or pd.api.types.is_integer_dtype(column):
        return column.astype("float64")
    parsed = [_number(cell) for cell in column]
    faults = [at for at, number in enumerate(parsed) if number is None]
    if not faults:
        return pd.Series(parsed, column.index, dtype="float64")
    cell = str(column.iloc[faults[0]])
    more = f" ({len(faults) - 1} more in this column)" if len(faults) > 1 else ""
    hint = _DECIMAL_COMMA if re.fullmatch(r"\s*[+-]?[\d. ]*\d,\d+\s*", cell) else _PLAIN_NUMBERS
    raise source.fault(column.index[faults[0]], f"{column.name} is {cell!r}, not a number{more}", hint)
