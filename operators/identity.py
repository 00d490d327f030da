"""Changes nothing: the control that shows how different the same program looks from itself (an A/A test)."""

from __future__ import annotations

import random

from mutegreen.model import Value
from mutegreen.mutation.operator import Example, Operator


class Identity(Operator):
    """The one operator that returns the default; it belongs to no kind and is used only by name."""

    name = "identity"
    summary = "the default itself: an A/A control, in which any difference is noise"
    kinds = frozenset()
    examples = (
        Example(14, (14,)),
        Example("adam", ("adam",)),
    )
    changes = False

    def values(self, default: Value, count: int, rng: random.Random) -> list[Value]:
        """The default, once."""
        return [default][:count]
