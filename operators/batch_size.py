"""Operator for batch sizes: smaller or larger powers of two."""

from __future__ import annotations

from typing_extensions import override

from mutegreen.model import Kind, Value
from mutegreen.mutation.numeric_values import whole
from mutegreen.mutation.operator import ChoiceOperator, Example


class BatchSize(ChoiceOperator):
    """Use powers of two even if the default is none: most batch sizes are, and devices are fastest with them."""

    name = "batch_size"
    summary = "a power of two from an eighth of the default to eight times it"
    kinds = frozenset({Kind.BATCH_SIZE})
    examples = (
        Example(64, (512, 128, 256, 32, 8)),
        Example(50, (64, 128, 32, 16, 256)),
        Example(1, (8, 4, 2)),
    )

    @override
    def choices(self, default: Value) -> list[Value]:
        size = whole(default)
        powers = (2**exponent for exponent in range(size.bit_length() + 3))
        return [power for power in powers if size <= 8 * power and power <= 8 * size]
