"""The interface of a mutation operator: a rule that turns a hyperparameter's default into other values."""

from __future__ import annotations

import math
import random
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from mutegreen.model import Kind, Value

DRAWS_PER_VALUE = 200
"""Draws after which a further distinct value is taken not to exist (a fair coin misses one of 8 values in 200
draws with a probability below 1e-11)."""


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
    """A mutation operator. A plug-in is a subclass named by an entry point of the group `mutegreen.operators`.

    Attributes:
        name: Its name on the command line and in `subject.toml`.
        summary: What it does, in one line.
        kinds: The kinds of hyperparameter it is the operator of, unless the subject names another.
        examples: Before and after, run by the tests.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    kinds: ClassVar[frozenset[Kind]]
    examples: ClassVar[tuple[Example, ...]]

    @abstractmethod
    def draw(self, default: Value, rng: random.Random) -> Value:
        """One candidate, drawn at random; it may equal the default or an earlier one.

        Raises:
            ValueError: The operator cannot work on this default; the text says why.
        """

    @abstractmethod
    def accepts(self, default: Value, value: Value) -> bool:
        """Whether `value` is in the operator's range for this default."""

    def values(self, default: Value, count: int, rng: random.Random) -> list[Value]:
        """Up to `count` distinct values, none equal to the default; fewer if the range holds no more.

        Raises:
            ValueError: The operator cannot work on this default.
        """
        found: list[Value] = []
        for _ in range(count):
            value = self._another(default, found, rng)
            if value is None:
                break
            found.append(value)
        return found

    def _another(self, default: Value, found: list[Value], rng: random.Random) -> Value | None:
        for _ in range(DRAWS_PER_VALUE):
            value = self.draw(default, rng)
            if value != default and value not in found and self.accepts(default, value):
                return value
        return None


def number(default: Value, what: str = "a number") -> float:
    """The default as a finite number.

    Raises:
        ValueError: It is not one.
    """
    if isinstance(default, (bool, str)) or not math.isfinite(default):
        raise ValueError(f"needs {what}, and the default is {default!r}")
    return float(default)


def rounded(value: float) -> float:
    """To three significant digits: values that people can read, type and compare."""
    return float(f"{value:.3g}")
