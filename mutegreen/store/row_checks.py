"""What rows of measurements must fulfil before statistics may be worked out from them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from mutegreen.errors import RowsError
from mutegreen.model import ENERGY_METRICS, METRICS, ORIGINAL, Quality

EXPORTED = "`mutegreen export AUDIT --format csv` writes such a file."
QUALITIES = tuple(f"quality_{metric}" for metric in ENERGY_METRICS)
_GROUP = ["subject", "background"]
_NEVER_NEGATIVE = tuple(metric for metric in METRICS if metric != "performance")


@dataclass(frozen=True)
class RowSource:
    """Where rows come from: its name in messages, and the place of its n-th row (from 0)."""

    name: str
    place: Callable[[int], str]

    def fault(self, row: Any, message: str, hint: str) -> RowsError:
        """The error for a fault of one row."""
        return RowsError(f"{self.name}, {self.place(row)}: {message}", hint)


def no_rows(name: str) -> RowsError:
    """The error for a source without rows."""
    return RowsError(f"{name} has no rows", "a row is the record of one trial that ended ok")


def check_rows(rows: pd.DataFrame, source: RowSource) -> None:
    """Checks cells, the mutants' definitions and that no training is there twice.

    Args:
        rows: In normal form, indexed by their number in the source.
        source: For the messages.

    Raises:
        RowsError: The first fault found.
    """
    _check_labels(rows, source)
    _check_figures(rows, source)
    _check_originals(rows, source)
    _check_changes(rows, source)
    _check_definitions(rows, source)
    _check_trainings(rows, source)
    _check_data(rows, source)


def _check_labels(rows: pd.DataFrame, source: RowSource) -> None:
    for column in ("subject", "mutant"):
        _refuse(rows, rows[column].eq(""), column, source, "Every row names its subject and mutant.")
    nameless = rows["hyperparameter"].eq("") & rows["mutant"].ne(ORIGINAL)
    _refuse(rows, nameless, "hyperparameter", source, f"Every row but those of `{ORIGINAL}` names what changed.")
    known = [quality.value for quality in Quality]
    for column in QUALITIES:
        if column in rows:
            strange = ~rows[column].isin(["", *known])
            _refuse(rows, strange, column, source, f"It is one of {', '.join(known)}, or empty.")


def _check_figures(rows: pd.DataFrame, source: RowSource) -> None:
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
    shown = "empty" if cell == "" or cell != cell else str(cell)
    raise source.fault(at, f"{column} is {shown}", rule)


def _check_originals(rows: pd.DataFrame, source: RowSource) -> None:
    if rows["mutant"].ne(ORIGINAL).all():
        hint = f"rows of the original have `{ORIGINAL}` in the column mutant"
        raise RowsError(f"{source.name} has no row of the original, with which the mutants are compared", hint)


def _check_changes(rows: pd.DataFrame, source: RowSource) -> None:
    if "changes" in rows:
        strange = [text for text in rows["changes"].unique() if text and not _are_changes(text)]
        rule = 'it must be empty, or a JSON object with the new values, such as {"epochs": 6}'
        _refuse(rows, rows["changes"].isin(strange), "changes", source, rule)


def _are_changes(text: str) -> bool:
    try:
        found = json.loads(text)
    except ValueError:
        return False
    return isinstance(found, dict) and all(map(_is_value, found.values()))


def _is_value(found: object) -> bool:
    return isinstance(found, (bool, int, str)) or (isinstance(found, float) and math.isfinite(found))


def _check_definitions(rows: pd.DataFrame, source: RowSource) -> None:
    """Refuses a mutant with two values, and a hyperparameter with two defaults (so two different originals)."""
    defined = [column for column in ("hyperparameter", "value", "default", "changes") if column in rows]
    mutants = rows.loc[rows["mutant"] != ORIGINAL, [*_GROUP, "mutant", *defined]].drop_duplicates()
    for noun, told in (("mutant", defined), ("hyperparameter", ["default"])):
        variants = mutants.drop_duplicates([*_GROUP, noun, *told])
        again = variants.duplicated([*_GROUP, noun])
        if again.any():
            at: Any = again.idxmax()
            row = variants.loc[at]
            message = f"{noun} {row[noun]} of {row['subject']} has another {' or '.join(told)} than before"
            raise source.fault(at, message, "analyse rows of different originals separately")


def _check_trainings(rows: pd.DataFrame, source: RowSource) -> None:
    """Refuses a training that is there twice: counted twice, it makes differences look surer than they are."""
    audit = ["audit"] if "audit" in rows else []
    again = rows.duplicated([*_GROUP, "mutant", "repetition", *audit])
    if again.any():
        at: Any = again.idxmax()
        row = rows.loc[at]
        message = f"repetition {row['repetition']:g} of {row['mutant']} of {row['subject']} occurs twice"
        hint = "remove the copy; rows of several audits need a column `audit` that holds the id of the audit"
        raise source.fault(at, message, hint)


def _check_data(rows: pd.DataFrame, source: RowSource) -> None:
    """Refuses a subject trained on two sets of data: what it reaches on one says nothing of the other."""
    if "data" not in rows:
        return
    told = rows.loc[rows["data"] != "", ["subject", "data"]].drop_duplicates()
    again = told.duplicated("subject")
    if again.any():
        at: Any = again.idxmax()
        message = f"{told.loc[at, 'subject']} trained on {told.loc[at, 'data']}, and before on other data"
        raise source.fault(at, message, "analyse rows of different data separately")
