"""Operator for numbers of epochs or steps."""

from __future__ import annotations

from typing_extensions import override

from mutegreen.model import Kind, Value
from mutegreen.mutation.numeric_values import whole
from mutegreen.mutation.operator import ChoiceOperator, Example


class Epochs(ChoiceOperator):
    """Apply the rule of the study arXiv 2603.06195, with one epoch as the least change: 25 % of 3 is below 1."""

    name = "epochs"
    summary = "a whole number up to 25 %, and at least 1, below or above the default"
    kinds = frozenset({Kind.EPOCHS, Kind.TRAIN_STEPS})
    examples = (
        Example(14, (17, 15, 16, 13, 11)),
        Example(4, (5, 3)),
        Example(3, (4, 2)),
        Example(1, (2,)),
    )

    @override
    def choices(self, default: Value) -> range:
        epochs = whole(default)
        reach = max(epochs // 4, 1)
        return range(max(epochs - reach, 1), epochs + reach + 1)
