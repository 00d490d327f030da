"""Defines the interface of an operator: a rule that computes new values of a hyperparameter from its default."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

from typing_extensions import override

from mutegreen.model import Kind, Value

DRAWS_PER_VALUE = 200
"""If this many draws give no new value, the operator assumes that there is none. With three significant digits a range
has hundreds of values: even if nine in ten of them are used, missing one has a probability below 1e-9."""


@dataclass(frozen=True)
class Example:
    """An example of an operator: documentation that a test checks.

    Args:
        before: The default.
        after: The values that the operator returns for it.
        seed: Seed of the random number generator.
    """

    before: Value
    after: tuple[Value, ...]
    seed: int = 0


class Operator(ABC):
    """A mutation operator. Most should be derived from `ChoiceOperator` or `DrawOperator`.

    A plug-in derives this class and names it in an entry point of the group `mutegreen.operators`. The contract suite
    is `mutegreen.testing.operators.OperatorContract`.

    **Promises.** `values` returns distinct values that differ from the default and stay the same when they are written
    as text and read again. They depend on the default and on `rng` only: the same seed gives the same values, and a
    larger `count` only appends values. For a default to which the rule does not apply, it raises a `ValueError` of one
    line that says what the operator needs and what the default is.

    **Life cycle.** One object, made without arguments when the catalog is read, serves all audits of the process.

    **Thread safety.** Values are drawn by one thread, before any training starts. An operator keeps no state between
    two calls, so several threads could call it, each with its own `rng`.

    **Ownership.** The list that `values` returns belongs to the caller. The operator keeps no reference to `rng`.

    Attributes:
        name: Its name on the command line and in `subject.toml`.
        summary: What it does, in one line.
        kinds: The kinds of hyperparameter for which it is the default operator; the subject may name another.
        examples: Defaults and the values for them; the tests run them.
        changes: False only for the control, whose only value is the default.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    kinds: ClassVar[frozenset[Kind]]
    examples: ClassVar[tuple[Example, ...]]
    changes: ClassVar[bool] = True

    @abstractmethod
    def values(self, default: Value, count: int, rng: random.Random) -> list[Value]:
        """Return up to `count` distinct values, none equal to the default; fewer if the range has no more.

        With `rng` in the same state, a larger count returns the values of a smaller one first.

        Args:
            default: The default value of the hyperparameter.
            count: How many values to return at most.
            rng: The only source of randomness.

        Raises:
            ValueError: The rule does not apply to this default; the text says why.
        """


class ChoiceOperator(Operator):
    """An operator with a finite range of equally probable values."""

    @abstractmethod
    def choices(self, default: Value) -> Sequence[Value]:
        """Return the range for this default, with or without the default itself; a `range` of any length is allowed.

        Raises:
            ValueError: The rule does not apply to this default.
        """

    @override
    def values(self, default: Value, count: int, rng: random.Random) -> list[Value]:
        """Return distinct values; whole numbers are converted to floats if the default is a float."""
        others = (value for value in _shuffled(self.choices(default), rng) if value != default)
        return [_like(default, value) for value in islice(others, count)]


class DrawOperator(Operator):
    """An operator with a continuous range of numbers: it draws until enough values are accepted."""

    @abstractmethod
    def draw(self, default: Value, rng: random.Random) -> float:
        """Draw a candidate. It may equal the default or an earlier value, or be out of range after rounding.

        Raises:
            ValueError: The rule does not apply to this default.
        """

    @abstractmethod
    def accepts(self, default: Value, value: float) -> bool:
        """Return whether a drawn value is in the range for this default."""

    @override
    def values(self, default: Value, count: int, rng: random.Random) -> list[Value]:
        values: list[Value] = []
        while len(values) < count:
            value = self._new_value(default, values, rng)
            if value is None:
                break
            values.append(value)
        return values

    def _new_value(self, default: Value, known: list[Value], rng: random.Random) -> float | None:
        for _ in range(DRAWS_PER_VALUE):
            value = self.draw(default, rng)
            if value != default and value not in known and self.accepts(default, value):
                return value
        return None


def _shuffled(choices: Sequence[Value], rng: random.Random) -> Iterator[Value]:
    """Yield all choices in random order, lazily: the Fisher-Yates shuffle, which stores only the moved indices."""
    moved: dict[int, int] = {}
    for first in range(len(choices)):
        drawn = rng.randrange(first, len(choices))
        yield choices[moved.get(drawn, drawn)]
        moved[drawn] = moved.get(first, first)


def _like(default: Value, value: Value) -> Value:
    return float(value) if isinstance(default, float) and isinstance(value, int) else value
