"""Make higher-order mutants: several hyperparameters changed at once, to values that are also trained singly.

Higher-order mutants are those of mutation testing (Jia & Harman, "Higher Order Mutation Testing", 2009). The values
make a factorial design: with the original and the mutants of lower order, one mutant of a pair gives the four corners
from which the pair's interaction is estimated (Fisher, "The Design of Experiments", 1935).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import combinations

from mutegreen.errors import UsageError
from mutegreen.model import Change, Mutant


def higher_order(first_order: Sequence[Mutant], order: int, seed: int) -> Iterator[Mutant]:
    """Yield one mutant of every combination of two hyperparameters, of three, and so on.

    Each hyperparameter has one value in all of them, drawn from the values of its first-order mutants. So for each
    mutant, every mutant with one change fewer exists, too. A higher order only adds mutants.

    Args:
        first_order: The mutants of one change each.
        order: Largest number of changes of a mutant.
        seed: Seed of the values.

    Raises:
        UsageError: `order` is larger than the number of mutated hyperparameters.
    """
    by_hyperparameter: dict[str, list[Change]] = {}
    for mutant in first_order:
        (change,) = mutant.changes
        by_hyperparameter.setdefault(change.hyperparameter, []).append(change)
    if order > max(1, len(by_hyperparameter)):
        mutated = ", ".join(by_hyperparameter) or "none"
        raise UsageError(
            f"--order {order} needs {order} mutated hyperparameters; mutated here: {mutated}",
            "lower the order, or mutate more hyperparameters",
        )
    drawn = [random.Random(f"{seed}/order/{name}").choice(changes) for name, changes in by_hyperparameter.items()]
    for size in range(2, order + 1):
        yield from (Mutant.of(*changes) for changes in combinations(drawn, size))
