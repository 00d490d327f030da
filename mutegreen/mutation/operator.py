"""The interface of a mutation operator: a rule that turns a hyperparameter's default into other values."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

from mutegreen.model import Kind, Value

DRAWS_PER_VALUE = 200
"""Draws after which a further value is taken not to exist. Three significant digits leave hundreds of values in a
range: even with nine in ten of them used up, a miss is less likely than 1e-9."""


@dataclass(frozen=True)
class Example:
    """What an operator does to one default: documentation that a test runs.

    Args:
        before: The default.
        after: The values it is turned into.
        seed: Seed of the draw.
    """

    before: Value
    after: tuple[Value, ...]
    seed: int = 0


class Operator(ABC):
    """A mutation operator. Most are best derived from `ChoiceOperator` or `DrawOperator`.

    A plug-in is such a class, named by an entry point of the group `mutegreen.operators`. The contract suite is
    `mutegreen.testing.operators.OperatorContract`.

    **Promises.** `values` gives distinct values that differ from the default, survive being written as text and read
    again, and are chosen by `rng` alone: the same seed gives the same values, and asking for more only adds to them.
    A default that the rule cannot work on is refused with a `ValueError` of one line that says what is needed and what
    the default is.

    **Life cycle.** One object without arguments is made when the catalog is read, and serves all audits of the process.

    **Thread safety.** Values are drawn by one thread, before any training starts. An operator keeps no state between
    two calls, so calls from several threads with an `rng` each would not disturb each other either.

    **Ownership.** The list that `values` returns belongs to the caller; `rng` stays the caller's and is not kept.

    Attributes:
        name: Its name on the command line and in `subject.toml`.
        summary: What it does, in one line.
        kinds: The kinds of hyperparameter it is the operator of, unless the subject names another.
        examples: Before and after, run by the tests.
        changes: False only for the control whose one value is the default itself.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    kinds: ClassVar[frozenset[Kind]]
    examples: ClassVar[tuple[Example, ...]]
    changes: ClassVar[bool] = True

    @abstractmethod
    def values(self, default: Value, count: int, rng: random.Random) -> list[Value]:
        """Up to `count` distinct values, none equal to the default; fewer if the range holds no more.

        With `rng` in the same state, a larger count only adds values behind those of a smaller one.

        Raises:
            ValueError: The operator cannot work on this default; the text says why.
        """


class ChoiceOperator(Operator):
    """An operator with a countable range: every value is as likely as any other."""

    @abstractmethod
    def choices(self, default: Value) -> Sequence[Value]:
        """The range for this default, with or without the default itself; a `range` may be as long as it likes.

        Raises:
            ValueError: The operator cannot work on this default.
        """

    def values(self, default: Value, count: int, rng: random.Random) -> list[Value]:
        """See `Operator`; whole numbers become floats where the default is a float."""
        others = (value for value in _shuffled(self.choices(default), rng) if value != default)
        return [_like(default, value) for value in islice(others, count)]


class DrawOperator(Operator):
    """An operator with a continuous range of numbers: values are drawn until there are enough good ones."""

    @abstractmethod
    def draw(self, default: Value, rng: random.Random) -> float:
        """One candidate; it may equal the default or an earlier one, or lie just out of range once rounded.

        Raises:
            ValueError: The operator cannot work on this default.
        """

    @abstractmethod
    def accepts(self, default: Value, value: float) -> bool:
        """Whether a drawn value is in the range for this default."""

    def values(self, default: Value, count: int, rng: random.Random) -> list[Value]:
        """See `Operator`."""
        found: list[Value] = []
        while len(found) < count:
            value = self._another(default, found, rng)
            if value is None:
                break
            found.append(value)
        return found

    def _another(self, default: Value, found: list[Value], rng: random.Random) -> float | None:
        for _ in range(DRAWS_PER_VALUE):
            value = self.draw(default, rng)
            if value != default and value not in found and self.accepts(default, value):
                return value
        return None


def _shuffled(choices: Sequence[Value], rng: random.Random) -> Iterator[Value]:
    """All choices in random order, drawn as needed (Fisher and Yates, keeping only the places that moved)."""
    moved: dict[int, int] = {}
    for first in range(len(choices)):
        drawn = rng.randrange(first, len(choices))
        yield choices[moved.get(drawn, drawn)]
        moved[drawn] = moved.get(first, first)


def _like(default: Value, value: Value) -> Value:
    return float(value) if isinstance(default, float) and isinstance(value, int) else value
