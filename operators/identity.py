"""Operator that changes nothing: an A/A control, which shows the noise between trials of the same program."""

from __future__ import annotations

import random

from mutegreen.model import Value
from mutegreen.mutation.operator import Example, Operator


class Identity(Operator):
    """Return the default. The operator belongs to no kind and is used only by name."""

    name = "identity"
    summary = "the default itself: an A/A control, in which any difference is noise"
    kinds = frozenset()
    examples = (
        Example(14, (14,)),
        Example("adam", ("adam",)),
    )
    changes = False

    def values(self, default: Value, count: int, rng: random.Random) -> list[Value]:
        """Return the default, once."""
        return [default][:count]
