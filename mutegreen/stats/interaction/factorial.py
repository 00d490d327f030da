"""Two hyperparameters changed alone and together: the columns of a linear model with their interaction.

The mutants of both, the mutants of either at the same values, and the original are the corners of a factorial design
(Fisher, "The Design of Experiments", 1935). Every value has an effect of its own, because few hyperparameters move
anything in a straight line, and a bent single effect must not pass for an interaction. Mutants at other values are
left out: they say nothing of the corners, and where corners are trained equally often, least squares estimate the
noise of the interaction without bias even if every corner has a noise of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from mutegreen.model import ORIGINAL
from mutegreen.stats.model.block_model import Floats

Level = float | str
Changes = Mapping[str, Level]

LOG_SPREAD = 2.0
"""Positive values of which the largest is more than this many times the smallest stand on a logarithmic scale."""


def changes_of(text: str) -> dict[str, Level]:
    """New values by hyperparameter, from a cell of the column `changes`; none for an empty cell."""
    return {name: _level(value) for name, value in json.loads(text or "{}").items()}


def _level(value: bool | float | str) -> Level:
    return str(value) if isinstance(value, (bool, str)) else float(value)


@dataclass(frozen=True)
class Axis:
    """One hyperparameter of the pair: its default, and its values in the mutants of both."""

    name: str
    default: Level
    values: tuple[Level, ...]

    def singles(self, levels: Sequence[Level]) -> list[Floats]:
        """For each value, 1 where a training has it and else 0; shape (n,)."""
        return [np.array([level == value for level in levels], dtype=np.float64) for value in self.values]

    def parts(self, levels: Sequence[Level]) -> list[tuple[str, Floats]]:
        """What the axis contributes to the interaction, 0 at the default: a scale of numbers, or each value alone."""
        numbers = [level for level in (self.default, *self.values) if isinstance(level, float)]
        if not isinstance(self.default, float) or len(numbers) <= len(self.values):
            return [(f"[{self.name}={v}]", own) for v, own in zip(self.values, self.singles(levels), strict=True)]
        given = np.array(levels, dtype=np.float64)
        if min(numbers) > 0 and max(numbers) > LOG_SPREAD * min(numbers):
            return [(f"log2({self.name} / {self.default:g})", np.log2(given / self.default))]
        return [(f"({self.name} - {self.default:g})", given - self.default)]


@dataclass(frozen=True)
class Term:
    """A product of parts of both axes, 0 for all trainings but those of mutants of both.

    Args:
        text: How it is worked out.
        column: Shape (n,), divided by `peak`.
        peak: Its value for the mutant for which it is farthest from 0.
        mutant: That mutant's id.
    """

    text: str
    column: Floats
    peak: float
    mutant: str


@dataclass(frozen=True)
class Factorial:
    """The n trainings of the corners, and the columns of their model.

    Args:
        rows: The trainings.
        effects: Shape (n, columns): the mean, the blocks, the single effects.
        terms: The interaction: one term for two scales, else one for each value.
    """

    rows: pd.DataFrame
    effects: Floats
    terms: tuple[Term, ...]


def factorial(rows: pd.DataFrame, changes: Mapping[str, Changes], pair: tuple[str, str]) -> Factorial:
    """The factorial design of two hyperparameters.

    Args:
        rows: One subject beside one background, with a column `changes`; `block`, and `audit`, if they are known.
        changes: What the cells of that column say.
        pair: The names; some mutant changes just these two.

    Raises:
        LookupError: Some hyperparameter is never changed alone; the text says which.
    """
    both = [each for each in changes.values() if each.keys() == set(pair)]
    corners = {text: each for text, each in changes.items() if _is_corner(each, both)}
    used = rows[rows["changes"].isin(list(corners)) | rows["mutant"].eq(ORIGINAL)]
    axes = [Axis(name, _default(used, name), tuple(dict.fromkeys(each[name] for each in both))) for name in pair]
    levels = [[corners.get(text, {}).get(axis.name, axis.default) for text in used["changes"]] for axis in axes]
    singles = [column for axis, own in zip(axes, levels, strict=True) for column in axis.singles(own)]
    parts = [axis.parts(own) for axis, own in zip(axes, levels, strict=True)]
    return Factorial(
        rows=used,
        effects=np.column_stack([np.ones(len(used)), *_blocks(used), *singles]),
        terms=tuple(_terms(parts, list(used["mutant"]))),
    )


def _is_corner(changes: Changes, both: Sequence[Changes]) -> bool:
    return bool(changes) and any(changes.items() <= each.items() for each in both)


def _default(rows: pd.DataFrame, name: str) -> Level:
    alone = rows.loc[rows["hyperparameter"] == name, "default"]
    if alone.empty:
        raise LookupError(f"no training changes {name} alone to a value that it has together with the other")
    default: Level = alone.iloc[0]
    return default


def _blocks(rows: pd.DataFrame) -> list[Floats]:
    """A column for each block but the first; none where the blocks of some trainings are not known."""
    if "block" not in rows or rows["block"].isna().any():
        return []
    keys = ["audit", "block"] if "audit" in rows else ["block"]
    numbers = rows.groupby(keys, sort=False).ngroup().to_numpy()
    return [(numbers == number).astype(np.float64) for number in range(1, numbers.max() + 1)]


def _terms(parts: Sequence[Sequence[tuple[str, Floats]]], mutants: Sequence[str]) -> Iterator[Term]:
    for (first, one), (second, other) in product(*parts):
        column = one * other
        at = int(np.abs(column).argmax())
        if column[at] != 0:
            yield Term(f"{first} * {second}", column / column[at], float(column[at]), mutants[at])
