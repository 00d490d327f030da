"""Operator for the momentum of an optimizer."""

from __future__ import annotations

import math
import random
from decimal import Decimal

from typing_extensions import override

from mutegreen.model import Kind, Value
from mutegreen.mutation.numeric_values import fraction, rounded, within
from mutegreen.mutation.operator import DrawOperator, Example


class Momentum(DrawOperator):
    """Change the distance to 1, because a momentum m averages over about 1 / (1 - m) steps.

    From 0.9 the values range from 0.01 to 0.99 (1 to 100 steps). A factor on m itself would exceed 0..1 or have hardly
    any effect.
    """

    name = "momentum"
    summary = (
        "its distance to 1 is a tenth to ten times that of the default, uniform on a logarithmic scale, within 0..1"
    )
    kinds = frozenset({Kind.MOMENTUM})
    examples = (
        Example(0.9, (0.512, 0.672, 0.9306, 0.9671, 0.895)),
        Example(0.999, (0.99512, 0.99672, 0.999306, 0.999671, 0.99895)),
        Example(0, (0.306, 0.671, 0.355, 0.596, 0.102)),
    )

    @override
    def draw(self, default: Value, rng: random.Random) -> float:
        distance = rounded((1 - fraction(default)) * math.pow(10, rng.uniform(-1, 1)))
        return float(1 - Decimal(repr(distance)))  # 1 - 0.07 in floats is 0.9299999999999999

    @override
    def accepts(self, default: Value, value: float) -> bool:
        distance = 1 - fraction(default)
        return within(value, 1 - 10 * distance, 1 - distance / 10) and 0 < value < 1
