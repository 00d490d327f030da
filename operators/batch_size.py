"""Trains on smaller or larger batches."""

from __future__ import annotations

from mutegreen.model import Kind, Value
from mutegreen.mutation.numeric import whole
from mutegreen.mutation.operator import ChoiceOperator, Example


class BatchSize(ChoiceOperator):
    """Powers of two even where the default is none: batches are mostly chosen so, and devices like them."""

    name = "batch_size"
    summary = "a power of two from an eighth of the default to eight times it"
    kinds = frozenset({Kind.BATCH_SIZE})
    examples = (
        Example(64, (512, 128, 256, 32, 8)),
        Example(50, (64, 128, 32, 16, 256)),
        Example(1, (8, 4, 2)),
    )

    def choices(self, default: Value) -> list[Value]:
        """See `ChoiceOperator`."""
        size = whole(default)
        powers = (2**exponent for exponent in range(size.bit_length() + 3))
        return [power for power in powers if size <= 8 * power and power <= 8 * size]
