"""Trains with another optimizer."""

from collections.abc import Sequence

from mutegreen.plugins import ChoiceOperator, Example, Kind, Value

OPTIMIZERS = ("sgd", "momentum", "sign")


class Optimizer(ChoiceOperator):
    """Any other of the optimizers that `line_fit` knows."""

    name = "optimizer"
    summary = "another of sgd, momentum and sign"
    kinds = frozenset({Kind.OPTIMIZER})
    examples = (Example("sgd", ("momentum", "sign")),)

    def choices(self, default: Value) -> Sequence[Value]:
        """The range, with the default in it."""
        if default not in OPTIMIZERS:
            raise ValueError(f"needs one of {', '.join(OPTIMIZERS)}, and the default is {default!r}")
        return OPTIMIZERS
