"""Operator for weight decay."""

from __future__ import annotations

from mutegreen.model import Kind
from mutegreen.mutation.factor import FairFactorOperator
from mutegreen.mutation.operator import Example


class WeightDecay(FairFactorOperator):
    """Multiply or divide the default by a random factor. A default of 0 is refused: no factor changes it."""

    name = "weight_decay"
    summary = "the default divided by up to five or multiplied by up to three, with equal probability"
    kinds = frozenset({Kind.WEIGHT_DECAY})
    examples = (
        Example(0.0001, (0.000252, 4.91e-05, 0.000181, 0.000161, 3e-05)),
        Example(0.0005, (0.00126, 0.000246, 0.000905, 0.000803, 0.00015)),
    )
