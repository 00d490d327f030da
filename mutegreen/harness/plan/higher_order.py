"""Mutants that change several hyperparameters at once, at values that are also trained alone.

Higher-order mutants are those of mutation testing (Jia & Harman, "Higher Order Mutation Testing", 2009). The values
make a factorial design: with the original and the mutants of lower order, one mutant of a pair gives the four corners
from which the pair's interaction is told (Fisher, "The Design of Experiments", 1935).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import combinations

from mutegreen.errors import UsageError
from mutegreen.model import Change, Mutant


def higher_order(first_order: Sequence[Mutant], order: int, seed: int) -> Iterator[Mutant]:
    """One mutant of every combination of two hyperparameters, of three, and so on.

    Each hyperparameter takes one value in all of them, drawn from its mutants, so that whatever a mutant changes is
    also changed with one change less. Asking for a higher order only adds mutants.

    Args:
        first_order: The mutants of one change each.
        order: Most changes of a mutant.
        seed: Seed of the values.

    Raises:
        UsageError: Fewer hyperparameters are mutated than are to be changed at once.
    """
    by_hyperparameter: dict[str, list[Change]] = {}
    for mutant in first_order:
        (change,) = mutant.changes
        by_hyperparameter.setdefault(change.hyperparameter, []).append(change)
    if order > max(1, len(by_hyperparameter)):
        mutated = ", ".join(by_hyperparameter) or "none"
        raise UsageError(
            f"--order {order} changes {order} hyperparameters at once; mutated here: {mutated}",
            "lower the order, or let more hyperparameters be mutated",
        )
    drawn = [random.Random(f"{seed}/order/{name}").choice(changes) for name, changes in by_hyperparameter.items()]
    for size in range(2, order + 1):
        yield from (Mutant.of(*changes) for changes in combinations(drawn, size))
