"""Two hyperparameters changed alone and together: the columns of a linear model of arms with their interaction.

The mutants of both, the mutants of either at the same values, and the original are the corners of a factorial design
(Fisher, "The Design of Experiments", 1935). Every value has an effect of its own, because few hyperparameters act along
a straight line, and a curved single effect must not pass for an interaction. Mutants at other values are left out: they
tell nothing of the corners.
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
"""Positive values of which the largest is more than this many times the smallest stand on a logarithmic scale."""


class NeverAloneError(LookupError):
    """A hyperparameter is never changed alone to a value that it has together with the other.

    Args:
        hyperparameter: Its name.
    """

    def __init__(self, hyperparameter: str) -> None:
        super().__init__(hyperparameter)
        self.hyperparameter = hyperparameter


@dataclass(frozen=True)
class Arm:
    """An arm of a scenario by what it changes: nothing for the original.

    Args:
        code: Its place among the arms.
        mutant: Its name.
        changes: New values by hyperparameter.
    """

    code: int
    mutant: str
    changes: Changes


def arms_by_changes(scenario: Scenario) -> list[Arm]:
    """The original and the mutants that change something, in the order in which they were first trained."""
    codes = {each.mutant: code for code, each in enumerate(scenario.definitions, start=1)} | {ORIGINAL: 0}
    rows = scenario.rows[["mutant", "changes"]].drop_duplicates("mutant")
    arms = (Arm(codes[name], name, _changes(text)) for name, text in rows.itertuples(index=False, name=None))
    return [arm for arm in arms if arm.changes or not arm.code]


def _changes(text: str) -> dict[str, Level]:
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
        """For each value, 1 where an arm has it and else 0; shape (K,)."""
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
    """A product of parts of both axes, 0 for all arms but those that change both.

    Args:
        text: How it is calculated.
        column: Shape (K,), divided by `peak`.
        peak: Its value for the mutant for which it is farthest from 0.
        mutant: The name of that mutant.
    """

    text: str
    column: Floats
    peak: float
    mutant: str


@dataclass(frozen=True)
class Factorial:
    """The K arms at the corners, and the columns of their model.

    Args:
        arms: Shape (K,), their places among the arms of the scenario.
        effects: Shape (K, columns): the mean, and the single effects of all values.
        terms: The interaction: one term for two scales, else one for each value.
        doubles: Mutants that change both.
    """

    arms: Codes
    effects: Floats
    terms: tuple[Term, ...]
    doubles: int


def pairs_of(arms: Sequence[Arm]) -> list[tuple[str, str]]:
    """The pairs of hyperparameters that some mutant changes both of, and nothing else, in the order of the arms."""
    pairs: dict[frozenset[str], tuple[str, str]] = {}
    for arm in arms:
        if len(arm.changes) == 2:
            first, second = arm.changes
            pairs.setdefault(frozenset(arm.changes), (first, second))
    return list(pairs.values())


def factorial(arms: Sequence[Arm], definitions: Sequence[Definition], pair: tuple[str, str]) -> Factorial:
    """The factorial design of two hyperparameters.

    Args:
        arms: Those of one scenario, the original among them.
        definitions: Of its mutants; they say what the default is.
        pair: The names; some mutant changes just these two.

    Raises:
        NeverAloneError: Nothing tells the effect of one of both alone.
    """
    both = [arm.changes for arm in arms if arm.changes.keys() == set(pair)]
    used = [arm for arm in arms if any(arm.changes.items() <= each.items() for each in both)]
    names = {arm.mutant for arm in used}
    defaults = {each.hyperparameter: each.default for each in definitions if each.mutant in names}
    axes = [_axis(name, defaults, both) for name in pair]
    levels = [[arm.changes.get(axis.name, axis.default) for arm in used] for axis in axes]
    singles = [column for axis, own in zip(axes, levels, strict=True) for column in axis.singles(own)]
    parts = [axis.parts(own) for axis, own in zip(axes, levels, strict=True)]
    return Factorial(
        arms=np.array([arm.code for arm in used], dtype=np.int64),
        effects=np.column_stack([np.ones(len(used)), *singles]),
        terms=tuple(_terms(parts, [arm.mutant for arm in used])),
        doubles=len(both),
    )


def _axis(name: str, defaults: Mapping[str, Level | None], both: Sequence[Changes]) -> Axis:
    default = defaults.get(name)
    if default is None:
        raise NeverAloneError(name)
    return Axis(name, default, tuple(dict.fromkeys(each[name] for each in both)))


def _terms(parts: Sequence[Sequence[tuple[str, Floats]]], mutants: Sequence[str]) -> Iterator[Term]:
    for (first, one), (second, other) in product(*parts):
        column = one * other
        at = int(np.abs(column).argmax())
        if column[at] != 0:
            yield Term(f"{first} * {second}", column / column[at], float(column[at]), mutants[at])
