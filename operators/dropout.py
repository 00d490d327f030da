"""Operator for dropout rates."""

from __future__ import annotations

import random

from typing_extensions import override

from mutegreen.model import Kind, Value
from mutegreen.mutation.numeric_values import fraction, rounded, within
from mutegreen.mutation.operator import DrawOperator, Example

REACH = 0.25


class Dropout(DrawOperator):
    """Change the rate by a difference, not by a factor: a program without dropout (0) then has mutants too."""

    name = "dropout"
    summary = "up to 0.25 below or above the default, within 0..1"
    kinds = frozenset({Kind.DROPOUT})
    examples = (
        Example(0.5, (0.672, 0.629, 0.46, 0.379, 0.506)),
        Example(0, (0.211, 0.189, 0.105, 0.0647, 0.128)),
        Example(0.9, (0.946, 0.915, 0.797, 0.741, 0.829)),
    )

    @override
    def draw(self, default: Value, rng: random.Random) -> float:
        rate = fraction(default)
        return rounded(rng.uniform(max(0, rate - REACH), min(1, rate + REACH)))

    @override
    def accepts(self, default: Value, value: float) -> bool:
        rate = fraction(default)
        return within(value, rate - REACH, rate + REACH) and 0 < value < 1
