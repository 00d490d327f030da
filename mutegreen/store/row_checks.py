"""Checks rows of measurements before statistics are computed from them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from mutegreen.errors import RowsError
from mutegreen.model import ENERGY_METRICS, METRICS, ORIGINAL, Goal, Quality

EXPORTED = "`mutegreen export AUDIT --format csv` writes such a file; `mutegreen help rows` describes the columns"
QUALITIES = tuple(f"quality_{metric}" for metric in ENERGY_METRICS)
_GROUP = ["subject", "background"]
_NEVER_NEGATIVE = tuple(metric for metric in METRICS if metric != "performance")


@dataclass(frozen=True)
class RowSource:
    """The source of rows, for messages.

    Attributes:
        name: Its name.
        place: Returns the place of the n-th row, from 0: `line 7`.
    """

    name: str
    place: Callable[[int], str]

    def fault(self, row: Any, message: str, hint: str) -> RowsError:
        """Return the error for a fault of one row."""
        return RowsError(f"{self.name}, {self.place(row)}: {message}", hint)


def no_rows(name: str) -> RowsError:
    """Return the error for a source without rows."""
    return RowsError(f"{name} has no rows", "a row is the record of one trial that ended ok")


def check_rows(rows: pd.DataFrame, source: RowSource) -> None:
    """Check cells, the definitions of mutants, and that no trial is there twice.

    Args:
        rows: The rows in normal form, indexed by their number in the source.
        source: Their source, for messages.

    Raises:
        RowsError: There is a fault; the first one is reported.
    """
    _check_labels(rows, source)
    _check_numbers(rows, source)
    _check_originals(rows, source)
    _check_goals(rows, source)
    _check_changes(rows, source)
    _check_definitions(rows, source)
    _check_duplicates(rows, source)
    _check_data(rows, source)


def _check_labels(rows: pd.DataFrame, source: RowSource) -> None:
    for column in ("subject", "mutant"):
        _refuse(rows, rows[column].eq(""), column, source, "every row must name its subject and mutant")
    nameless = rows["hyperparameter"].eq("") & rows["mutant"].ne(ORIGINAL)
    _refuse(
        rows,
        nameless,
        "hyperparameter",
        source,
        f"every row except `{ORIGINAL}` must name what changed",
    )
    known = [quality.value for quality in Quality]
    for column in QUALITIES:
        if column in rows:
            invalid = ~rows[column].isin(["", *known])
            _refuse(rows, invalid, column, source, f"use one of {', '.join(known)}, or leave it empty")


def _check_numbers(rows: pd.DataFrame, source: RowSource) -> None:
    repetition = rows["repetition"]
    fault = repetition.mod(1).ne(0) | repetition.lt(0)
    _refuse(rows, fault, "repetition", source, "repetitions have the numbers 0, 1, 2 and so on")
    for metric in _NEVER_NEGATIVE:
        _refuse(rows, rows[metric].lt(0), metric, source, "energy and time cannot be negative")


def _refuse(rows: pd.DataFrame, fault: pd.Series[bool], column: str, source: RowSource, rule: str) -> None:
    if not fault.any():
        return
    at: Any = fault.idxmax()
    cell: Any = rows[column].loc[at]
    shown = "empty" if cell == "" or cell != cell else str(cell)  # noqa: PLR0124 - NaN
    raise source.fault(at, f"{column} is {shown}", rule)


def _check_originals(rows: pd.DataFrame, source: RowSource) -> None:
    if rows["mutant"].ne(ORIGINAL).all():
        hint = f"rows of the original have `{ORIGINAL}` in the column mutant"
        raise RowsError(f"{source.name} has no row of the original, with which the mutants are compared", hint)


def _check_goals(rows: pd.DataFrame, source: RowSource) -> None:
    """Refuse a goal that is none, and a subject with two goals: with the wrong one a loss is judged as a gain."""
    if "goal" not in rows:
        return
    known = [goal.value for goal in Goal]
    _refuse(rows, ~rows["goal"].isin(["", *known]), "goal", source, f"use {' or '.join(known)}, or leave it empty")
    given = rows.loc[rows["goal"] != "", ["subject", "goal"]].drop_duplicates()
    again = given.duplicated("subject")
    if again.any():
        at: Any = again.idxmax()
        subject, goal = given.loc[at]
        before = given.loc[given["subject"].eq(subject), "goal"].iloc[0]
        message = f"goal of {subject} is {goal}, and {before} in earlier rows"
        raise source.fault(at, message, "give all rows of a subject the same goal, or analyse them separately")


def _check_changes(rows: pd.DataFrame, source: RowSource) -> None:
    if "changes" in rows:
        invalid = [text for text in rows["changes"].unique() if text and not _are_changes(text)]
        rule = 'it must be empty, or a JSON object with the new values, such as {"epochs": 6}'
        _refuse(rows, rows["changes"].isin(invalid), "changes", source, rule)


def _are_changes(text: str) -> bool:
    try:
        changes = json.loads(text)
    except ValueError:
        return False
    return isinstance(changes, dict) and all(map(_is_value, changes.values()))


def _is_value(item: object) -> bool:
    return isinstance(item, (bool, int, str)) or (isinstance(item, float) and math.isfinite(item))


def _check_definitions(rows: pd.DataFrame, source: RowSource) -> None:
    """Refuse a mutant with two values, and a hyperparameter with two defaults, which means two different originals."""
    defined = [column for column in ("hyperparameter", "value", "default", "changes") if column in rows]
    mutants = rows.loc[rows["mutant"] != ORIGINAL, [*_GROUP, "mutant", *defined]].drop_duplicates()
    for noun, fixed in (("mutant", defined), ("hyperparameter", ["default"])):
        variants = mutants.drop_duplicates([*_GROUP, noun, *fixed])
        again = variants.duplicated([*_GROUP, noun])
        if again.any():
            at: Any = again.idxmax()
            row = variants.loc[at]
            message = f"{noun} {row[noun]} of {row['subject']} has another {' or '.join(fixed)} than in an earlier row"
            raise source.fault(at, message, "analyse rows of different originals separately")


def _check_duplicates(rows: pd.DataFrame, source: RowSource) -> None:
    """Refuse a trial that is there twice: counting it twice would overstate the significance of differences."""
    audit = ["audit"] if "audit" in rows else []
    again = rows.duplicated([*_GROUP, "mutant", "repetition", *audit])
    if again.any():
        at: Any = again.idxmax()
        row = rows.loc[at]
        message = f"repetition {row['repetition']:g} of {row['mutant']} of {row['subject']} occurs twice"
        hint = "remove the copy; rows of several audits need a column `audit` that holds the id of the audit"
        raise source.fault(at, message, hint)


def _check_data(rows: pd.DataFrame, source: RowSource) -> None:
    """Refuse a subject that was trained on two data sets: its performance on one cannot be compared with the other."""
    if "data" not in rows:
        return
    data = rows.loc[rows["data"] != "", ["subject", "data"]].drop_duplicates()
    again = data.duplicated("subject")
    if again.any():
        at: Any = again.idxmax()
        message = f"{data.loc[at, 'subject']} was trained on {data.loc[at, 'data']}, and before on other data"
        raise source.fault(at, message, "analyse rows of different data separately")
