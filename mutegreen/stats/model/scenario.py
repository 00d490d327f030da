"""Trainings that may be compared: one subject beside one background."""

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
    """The trainings of one subject and its mutants beside one background (empty: alone)."""

    subject: str
    background: str
    rows: pd.DataFrame

    @cached_property
    def definitions(self) -> list[Definition]:
        """The mutants, by hyperparameter and value; those that change nothing come last."""
        columns = ["mutant", "hyperparameter", "value", "default"]
        mutants = self.rows.loc[self.rows["mutant"] != ORIGINAL, columns].drop_duplicates("mutant")
        found = [Definition(*row) for row in mutants.itertuples(index=False, name=None)]
        return sorted(found, key=_order)

    @property
    def hyperparameters(self) -> dict[str, float | str | None]:
        """The hyperparameters that were mutated, with the original's value."""
        return {each.hyperparameter: each.default for each in self.definitions}

    @cached_property
    def single(self) -> dict[str, float | str | None]:
        """The hyperparameters that mutants change alone, with the original's value; not the control, no pairs."""
        return {
            name: default for name, default in self.hyperparameters.items() if name != IDENTITY and JOINT not in name
        }

    def is_numeric(self, hyperparameter: str) -> bool:
        """Whether all values of a hyperparameter are numbers, the original's too."""
        changed = [each for each in self.definitions if each.hyperparameter == hyperparameter]
        return all(isinstance(value, float) for each in changed for value in (each.value, each.default))

    @cached_property
    def has_original(self) -> bool:
        """Whether the unchanged program was trained."""
        return bool(self.rows["mutant"].eq(ORIGINAL).any())

    @cached_property
    def metrics(self) -> list[str]:
        """The metrics measured in at least one training."""
        return [metric for metric in METRICS if self.rows[metric].notna().any()]

    def of_hyperparameter(self, hyperparameter: str) -> pd.DataFrame:
        """The rows of the original and of all mutants of one hyperparameter."""
        rows = self.rows
        return rows[(rows["mutant"] == ORIGINAL) | (rows["hyperparameter"] == hyperparameter)]


def scenarios_of(rows: pd.DataFrame) -> Iterator[Scenario]:
    """The groups in alphabetical order, trainings alone before those beside another program."""
    for (subject, background), part in rows.groupby(["subject", "background"], sort=True):
        yield Scenario(str(subject), str(background), part)


def data_of(rows: pd.DataFrame) -> dict[str, Data]:
    """By subject, what it was trained on, where the rows say it."""
    if "data" not in rows:
        return {}
    told = rows.loc[rows["data"] != "", ["subject", "data"]].drop_duplicates("subject")
    return {str(subject): Data.of(label) for subject, label in told.itertuples(index=False, name=None)}


def _order(definition: Definition) -> tuple[bool, str, bool, float, str]:
    value = definition.value
    number = value if isinstance(value, float) else 0.0
    is_text = not isinstance(value, float)
    text = f"{value} {definition.mutant}"
    return (definition.hyperparameter == IDENTITY, definition.hyperparameter, is_text, number, text)
