"""Trains for fewer or more epochs."""

from __future__ import annotations

from mutegreen.model import Kind, Value
from mutegreen.mutation.numeric import whole
from mutegreen.mutation.operator import ChoiceOperator, Example


class Epochs(ChoiceOperator):
    """The rule of the study arXiv 2603.06195, and one epoch at least: three have no neighbours in its range."""

    name = "epochs"
    summary = "a whole number up to 25 %, and at least 1, below or above the default"
    kinds = frozenset({Kind.EPOCHS, Kind.TRAIN_STEPS})
    examples = (
        Example(14, (17, 15, 16, 13, 11)),
        Example(4, (5, 3)),
        Example(3, (4, 2)),
        Example(1, (2,)),
    )

    def choices(self, default: Value) -> range:
        """See `ChoiceOperator`."""
        epochs = whole(default)
        reach = max(epochs // 4, 1)
        return range(max(epochs - reach, 1), epochs + reach + 1)
