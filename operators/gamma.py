"""Lets the learning rate fall faster or more slowly."""

from __future__ import annotations

from mutegreen.model import Kind
from mutegreen.mutation.factor import FairFactorOperator
from mutegreen.mutation.operator import Example


class Gamma(FairFactorOperator):
    """As in the study, a value above 1, which lets the learning rate grow, is in the range."""

    name = "gamma"
    summary = "the default divided by up to five or multiplied by up to three, by a fair coin"
    kinds = frozenset({Kind.GAMMA})
    examples = (
        Example(0.7, (1.76, 0.344, 1.27, 1.12, 0.21)),
        Example(1, (2.52, 0.491, 1.81, 1.61, 0.3)),
    )
