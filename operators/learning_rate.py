"""Operator for learning rates."""

from __future__ import annotations

import math
import random

from typing_extensions import override

from mutegreen.model import Kind
from mutegreen.mutation.factor import FactorOperator
from mutegreen.mutation.operator import Example


class LearningRate(FactorOperator):
    """Apply the rule of the study arXiv 2603.06195: the default times 10**u, with u uniform in -1..1."""

    name = "learning_rate"
    summary = "a tenth of the default to ten times it, uniformly on a logarithmic scale"
    kinds = frozenset({Kind.LEARNING_RATE})
    examples = (
        Example(0.1, (0.488, 0.328, 0.0694, 0.0329, 0.105)),
        Example(1, (4.88, 3.28, 0.694, 0.329, 1.05)),
        Example(1e-08, (4.88e-08, 3.28e-08, 6.94e-09, 3.29e-09, 1.05e-08)),
    )
    smallest = 1 / 10
    largest = 10.0

    @override
    def factor(self, rng: random.Random) -> float:
        return math.pow(10, rng.uniform(-1, 1))
