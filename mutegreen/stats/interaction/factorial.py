"""Factorial design of two hyperparameters: the columns of a linear model of arms with their interaction.

The mutants of both hyperparameters, the mutants of either one at the same values, and the original are the corners of a
factorial design (Fisher, "The Design of Experiments", 1935). Every value has an effect of its own: few
hyperparameters have a linear effect, and a curved single effect must not appear as an interaction. Mutants at other
values are excluded: they hold no information on the corners.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from mutegreen.model import ORIGINAL
from mutegreen.stats.model.block_model import Codes, Floats
from mutegreen.stats.model.scenario import Definition, Scenario

Level = float | str
Changes = Mapping[str, Level]

LOG_SPREAD = 2.0
"""Ratio of the largest to the smallest of positive values above which their scale is logarithmic."""


class NeverAloneError(LookupError):
    """No mutant changes a hyperparameter alone to a value that it has in a mutant of both.

    Args:
        hyperparameter: Its name.
    """

    def __init__(self, hyperparameter: str) -> None:
        super().__init__(hyperparameter)
        self.hyperparameter = hyperparameter


@dataclass(frozen=True)
class Arm:
    """An arm of a scenario with its changes; the original has none.

    Args:
        code: Its index among the arms.
        mutant: Its name.
        changes: New values by hyperparameter.
    """

    code: int
    mutant: str
    changes: Changes


def arms_by_changes(scenario: Scenario) -> list[Arm]:
    """Return the original and the mutants with changes, in the order of their first rows."""
    codes = {each.mutant: code for code, each in enumerate(scenario.definitions, start=1)} | {ORIGINAL: 0}
    rows = scenario.rows[["mutant", "changes"]].drop_duplicates("mutant")
    arms = (Arm(codes[name], name, _changes(text)) for name, text in rows.itertuples(index=False, name=None))
    return [arm for arm in arms if arm.changes or not arm.code]


def _changes(text: str) -> dict[str, Level]:
    """Return new values by hyperparameter, from a cell of the column `changes`; none for an empty cell."""
    return {name: _level(value) for name, value in json.loads(text or "{}").items()}


def _level(value: bool | float | str) -> Level:
    return str(value) if isinstance(value, (bool, str)) else float(value)


@dataclass(frozen=True)
class Axis:
    """One hyperparameter of the pair: its default value, and its values in the mutants of both."""

    name: str
    default: Level
    values: tuple[Level, ...]

    def singles(self, levels: Sequence[Level]) -> list[Floats]:
        """Return the indicator columns of the values, shape (K,) each: 1 where an arm has the value, else 0."""
        return [np.array([level == value for level in levels], dtype=np.float64) for value in self.values]

    def factors(self, levels: Sequence[Level]) -> list[tuple[str, Floats]]:
        """Return the factors of the interaction, 0 at the default value, with formulas: one scale, or one per value."""
        numbers = [level for level in (self.default, *self.values) if isinstance(level, float)]
        if not isinstance(self.default, float) or len(numbers) <= len(self.values):
            return [(f"[{self.name}={v}]", column) for v, column in zip(self.values, self.singles(levels), strict=True)]
        x = np.array(levels, dtype=np.float64)
        if min(numbers) > 0 and max(numbers) > LOG_SPREAD * min(numbers):
            return [(f"log2({self.name} / {self.default:g})", np.log2(x / self.default))]
        return [(f"({self.name} - {self.default:g})", x - self.default)]


@dataclass(frozen=True)
class Term:
    """A product of factors of both axes, 0 for all arms but those that change both.

    Args:
        text: Its formula.
        column: Shape (K,), divided by `peak`.
        peak: Its value farthest from 0.
        mutant: The mutant with that value.
    """

    text: str
    column: Floats
    peak: float
    mutant: str


@dataclass(frozen=True)
class Factorial:
    """The K arms at the corners, and the columns of their model.

    Args:
        arms: Shape (K,), their indices among the arms of the scenario.
        effects: Shape (K, columns): columns of the mean and of the single effects of all values.
        terms: The interaction: one term for two scales, else one for each pair of values.
        doubles: Number of mutants that change both.
    """

    arms: Codes
    effects: Floats
    terms: tuple[Term, ...]
    doubles: int


def pairs_of(arms: Sequence[Arm]) -> list[tuple[str, str]]:
    """Return the pairs of hyperparameters that some mutant changes together, and no others, in the order of arms."""
    pairs: dict[frozenset[str], tuple[str, str]] = {}
    for arm in arms:
        if len(arm.changes) == 2:
            first, second = arm.changes
            pairs.setdefault(frozenset(arm.changes), (first, second))
    return list(pairs.values())


def factorial(arms: Sequence[Arm], definitions: Sequence[Definition], pair: tuple[str, str]) -> Factorial:
    """Return the factorial design of two hyperparameters.

    Args:
        arms: The arms of one scenario, the original included.
        definitions: Of its mutants; they hold the default values.
        pair: The names; some mutant changes exactly these two.

    Raises:
        NeverAloneError: The single effect of one of them cannot be estimated.
    """
    both = [arm.changes for arm in arms if arm.changes.keys() == set(pair)]
    used = [arm for arm in arms if any(arm.changes.items() <= each.items() for each in both)]
    names = {arm.mutant for arm in used}
    defaults = {each.hyperparameter: each.default for each in definitions if each.mutant in names}
    axes = [_axis(name, defaults, both) for name in pair]
    levels = [[arm.changes.get(axis.name, axis.default) for arm in used] for axis in axes]
    singles = [column for axis, own in zip(axes, levels, strict=True) for column in axis.singles(own)]
    factors = [axis.factors(own) for axis, own in zip(axes, levels, strict=True)]
    return Factorial(
        arms=np.array([arm.code for arm in used], dtype=np.int64),
        effects=np.column_stack([np.ones(len(used)), *singles]),
        terms=tuple(_terms(factors, [arm.mutant for arm in used])),
        doubles=len(both),
    )


def _axis(name: str, defaults: Mapping[str, Level | None], both: Sequence[Changes]) -> Axis:
    default = defaults.get(name)
    if default is None:
        raise NeverAloneError(name)
    return Axis(name, default, tuple(dict.fromkeys(each[name] for each in both)))


def _terms(factors: Sequence[Sequence[tuple[str, Floats]]], mutants: Sequence[str]) -> Iterator[Term]:
    for (text, column), (other_text, other_column) in product(*factors):
        products = column * other_column
        at = int(np.abs(products).argmax())
        if products[at] != 0:
            yield Term(f"{text} * {other_text}", products / products[at], float(products[at]), mutants[at])
