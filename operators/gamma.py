"""Operator for the decay factor of the learning rate."""

from __future__ import annotations

from mutegreen.model import Kind
from mutegreen.mutation.factor import FairFactorOperator
from mutegreen.mutation.operator import Example


class Gamma(FairFactorOperator):
    """As in the study, the range includes values above 1, with which the learning rate grows."""

    name = "gamma"
    summary = "the default divided by up to five or multiplied by up to three, with equal probability"
    kinds = frozenset({Kind.GAMMA})
    examples = (
        Example(0.7, (1.76, 0.344, 1.27, 1.12, 0.21)),
        Example(1, (2.52, 0.491, 1.81, 1.61, 0.3)),
    )
