"""Base classes of operators that multiply a default above 0 by a random factor."""

from __future__ import annotations

import random
from abc import abstractmethod
from typing import ClassVar

from typing_extensions import override

from mutegreen.model import Value
from mutegreen.mutation.numeric_values import positive, rounded, within
from mutegreen.mutation.operator import DrawOperator


class FactorOperator(DrawOperator):
    """Multiplies the default by a factor between `smallest` and `largest`."""

    smallest: ClassVar[float]
    largest: ClassVar[float]

    @abstractmethod
    def factor(self, rng: random.Random) -> float:
        """Draw a random factor."""

    @override
    def draw(self, default: Value, rng: random.Random) -> float:
        return rounded(positive(default) * self.factor(rng))

    @override
    def accepts(self, default: Value, value: float) -> bool:
        original = positive(default)
        return value != 0 and within(value, original * self.smallest, original * self.largest)


class FairFactorOperator(FactorOperator):
    """Divides by up to five, or multiplies by up to three, with equal probability.

    This is the rule for decay factors in the study "Can Adjusting Hyperparameters Lead to Green Deep Learning"
    (arXiv 2603.06195): with u uniform in 0..1, the default is divided by 1 + 4u or multiplied by 1 + 2u.
    """

    smallest = 1 / 5
    largest = 3.0

    @override
    def factor(self, rng: random.Random) -> float:
        shrinks = rng.random() < 0.5
        return 1 / (1 + 4 * rng.random()) if shrinks else 1 + 2 * rng.random()
