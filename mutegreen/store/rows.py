"""Rows of measurements, one a training that ended well: read, and brought to one form."""

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
OPTIONAL_LABELS = (*QUALITIES, "audit", "changes", "data")
_DECIMAL_COMMA = "Write decimal points instead of decimal commas: 12.5, not 12,5."
_PLAIN_NUMBERS = "Write numbers plainly, such as 1234.5, and leave the cell empty where nothing was measured."


def read_csv(path: Path, performance: str | None = None) -> pd.DataFrame:
    """Reads a CSV file of rows: UTF-8, commas, the columns of `ROW_COLUMNS` in any order and any further ones.

    Args:
        path: The file.
        performance: As for `rows_frame`.

    Returns:
        The rows in the form of `rows_frame`.

    Raises:
        RowsError: The file is not there, is no CSV file, or its rows cannot be used.
        UsageError: It has no such figure.
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
    """Rows from anywhere else, such as the store, in the form that the statistics read.

    Labels are text, empty where there is none; so is `changes`, a JSON object. Metrics are floats, NaN where not
    measured. `value` and `default` hold objects: floats for numbers, text for anything else (an optimizer's name,
    `True`), None for nothing. Where there is a column `outcome`, only rows `ok` are kept (none given counts as ok),
    and `frame.attrs["notes"]`, a list of sentences, says what was left out. `frame.attrs["figure"]` is the name of the
    figure taken for the performance, None where it is the performance itself.

    Args:
        records: For each training, its columns and cells.
        name: What messages call the source.
        performance: Name of a further figure of performance to be taken for the performance.

    Raises:
        RowsError: Columns missing, no rows, cells that cannot be, a training twice, no original.
        UsageError: There is no such figure.
    """
    frame = pd.DataFrame.from_records([dict(record) for record in records])
    if frame.empty:
        raise no_rows(name)
    _require_columns(name, list(frame.columns))
    return _normal(frame, RowSource(name, lambda row: f"row {row + 1}"), performance)


def _bytes_of(path: Path) -> bytes:
    """The whole file in UTF-8, without a byte-order mark; not as text, which may take four times the memory."""
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
    """The names of the columns, after a check that every record has one field for each."""
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
    hint = _DECIMAL_COMMA if fields > columns else "The file may have been cut off here."
    return RowsError(f"{place} has {fields} fields, and the header {columns}", hint)


def _line_of(data: bytes, row: int) -> int:
    """The line on which the n-th record (from 0) after the header ends; records may span lines."""
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
        figures = _numbers(rows[extra_metrics.column_of(performance, rows.columns, source.name)], source)
        rows, notes = extra_metrics.in_place(rows, performance, figures), [*notes, extra_metrics.note_on(performance)]
    for column in (*LABELS, *OPTIONAL_LABELS):
        if column in rows:
            rows[column] = rows[column].fillna("").astype("str")
    for column in VALUES:
        rows[column] = _values(rows[column])
    for column in ("repetition", *METRICS):
        rows[column] = _numbers(rows[column], source)
    check_rows(rows, source)
    rows = rows.astype({"repetition": "int64"}).reset_index(drop=True)
    rows.attrs |= {"notes": notes, "figure": performance}
    return rows


def _only_ok(frame: pd.DataFrame, name: str) -> tuple[pd.DataFrame, list[str]]:
    """The rows of trainings that ended ok, and what was left out."""
    if "outcome" not in frame:
        return frame, []
    outcome = frame["outcome"].fillna(Outcome.OK.value).astype("str")
    ok = outcome == Outcome.OK.value
    others = ", ".join(f"{count} {other}" for other, count in outcome[~ok].value_counts().items())
    if not ok.any():
        raise RowsError(f"{name}: no trial ended ok ({others})", "look at the output of the trials")
    return frame[ok].copy(), [f"Trainings left out because they did not end ok: {others}."] if others else []


def _values(column: pd.Series[Any]) -> pd.Series[Any]:
    # Of text, equal cells need to be read only once; elsewhere True equals 1.
    places, cells = pd.factorize(column) if column.dtype == "str" else (range(len(column)), column)
    # The last one is for empty cells, whose place is -1.
    found = np.array([*map(_value, cells), None], dtype=object)
    return pd.Series(found[places], column.index, dtype=object)


def _value(cell: Any) -> float | str | None:
    """A hyperparameter's value: a float where it is a finite number, else text; None for an empty cell."""
    if _is_empty(cell):
        return None
    number = _number(cell)
    return str(cell) if number is None or not math.isfinite(number) else number


def _number(cell: Any) -> float | None:
    """A cell as a number, NaN for an empty one; None for anything else."""
    if _is_empty(cell):
        return math.nan
    # Python's float takes "1_000", which no other reader of CSV does.
    if isinstance(cell, bool) or not isinstance(cell, (Real, str)) or "_" in str(cell):
        return None
    try:
        return float(cell)
    except ValueError:
        return None


def _is_empty(cell: Any) -> bool:
    return cell is None or cell is pd.NA or cell == "" or cell != cell


def _numbers(column: pd.Series[Any], source: RowSource) -> pd.Series[float]:
    """The column as floats.

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
