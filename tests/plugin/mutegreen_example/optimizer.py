"""Operator for the optimizer of a training."""

from collections.abc import Sequence

from mutegreen.plugins import ChoiceOperator, Example, Kind, Value

OPTIMIZERS = ("sgd", "momentum", "sign")


class Optimizer(ChoiceOperator):
    """Select another one of the optimizers of `line_fit`."""

    name = "optimizer"
    summary = "another of sgd, momentum and sign"
    kinds = frozenset({Kind.OPTIMIZER})
    examples = (Example("sgd", ("momentum", "sign")),)

    def choices(self, default: Value) -> Sequence[Value]:
        """Return all optimizers, including the default."""
        if default not in OPTIMIZERS:
            raise ValueError(f"needs one of {', '.join(OPTIMIZERS)}, and the default is {default!r}")
        return OPTIMIZERS
