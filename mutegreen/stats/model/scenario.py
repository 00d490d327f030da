"""Scenarios: the rows of one subject with one background load, or with none, which may be compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from mutegreen.model import IDENTITY, JOINT, METRICS, ORIGINAL, Data


@dataclass(frozen=True)
class Definition:
    """What a mutant changes: the hyperparameter, its new value and the original's."""

    mutant: str
    hyperparameter: str
    value: float | str | None
    default: float | str | None


@dataclass(frozen=True)
class Scenario:
    """The rows of one subject and its mutants with one background load (empty: none)."""

    subject: str
    background: str
    rows: pd.DataFrame

    @cached_property
    def definitions(self) -> list[Definition]:
        """The mutants, by hyperparameter and value; those that change nothing come last."""
        columns = ["mutant", "hyperparameter", "value", "default"]
        mutants = self.rows.loc[self.rows["mutant"] != ORIGINAL, columns].drop_duplicates("mutant")
        definitions = [Definition(*row) for row in mutants.itertuples(index=False, name=None)]
        return sorted(definitions, key=_order)

    @property
    def hyperparameters(self) -> dict[str, float | str | None]:
        """The hyperparameters that mutants change, with their default values."""
        return {each.hyperparameter: each.default for each in self.definitions}

    @cached_property
    def single(self) -> dict[str, float | str | None]:
        """The hyperparameters that first-order mutants change, with their default values; without the control."""
        return {
            name: default for name, default in self.hyperparameters.items() if name != IDENTITY and JOINT not in name
        }

    def is_numeric(self, hyperparameter: str) -> bool:
        """Return whether all values of a hyperparameter are numbers, the default value included."""
        changed = [each for each in self.definitions if each.hyperparameter == hyperparameter]
        return all(isinstance(value, float) for each in changed for value in (each.value, each.default))

    @cached_property
    def has_original(self) -> bool:
        """Whether there are rows of the original."""
        return bool(self.rows["mutant"].eq(ORIGINAL).any())

    @cached_property
    def metrics(self) -> list[str]:
        """The metrics measured in at least one row."""
        return [metric for metric in METRICS if self.rows[metric].notna().any()]

    def of_hyperparameter(self, hyperparameter: str) -> pd.DataFrame:
        """Return the rows of the original and of all mutants of one hyperparameter."""
        rows = self.rows
        return rows[(rows["mutant"] == ORIGINAL) | (rows["hyperparameter"] == hyperparameter)]


def scenarios_of(rows: pd.DataFrame) -> Iterator[Scenario]:
    """Return the scenarios in alphabetical order, those without background load first."""
    for (subject, background), part in rows.groupby(["subject", "background"], sort=True):
        yield Scenario(str(subject), str(background), part)


def data_of(rows: pd.DataFrame) -> dict[str, Data]:
    """Return by subject the data that it was trained on, where the rows name it."""
    if "data" not in rows:
        return {}
    declared = rows.loc[rows["data"] != "", ["subject", "data"]].drop_duplicates("subject")
    return {str(subject): Data.of(label) for subject, label in declared.itertuples(index=False, name=None)}


def _order(definition: Definition) -> tuple[bool, str, bool, float, str]:
    value = definition.value
    number = value if isinstance(value, float) else 0.0
    is_text = not isinstance(value, float)
    text = f"{value} {definition.mutant}"
    return (definition.hyperparameter == IDENTITY, definition.hyperparameter, is_text, number, text)
