"""Operator for thresholds, such as the goodness of the forward-forward algorithm."""

from __future__ import annotations

import math

from typing_extensions import override

from mutegreen.model import Kind, Value
from mutegreen.mutation.numeric_values import LARGEST_WHOLE, number
from mutegreen.mutation.operator import ChoiceOperator, Example


class Threshold(ChoiceOperator):
    """Apply the rule of the study arXiv 2603.06195, without the 0 that its rounding allows."""

    name = "threshold"
    summary = "a whole number from 1 to five times the default"
    kinds = frozenset({Kind.THRESHOLD})
    examples = (
        Example(2, (7, 8, 3, 6)),
        Example(2.0, (7.0, 8.0, 3.0, 6.0)),
        Example(0.5, (2.0, 1.0)),
        Example(0.1, ()),
    )

    @override
    def choices(self, default: Value) -> range:
        needs = "a number above 0 and below 2**53"
        threshold = number(default, needs, lambda value: 0 < value < LARGEST_WHOLE)
        return range(1, math.floor(5 * threshold) + 1)
