"""Computes on fewer or more cores."""

from __future__ import annotations

import os

from mutegreen.model import Kind, Value
from mutegreen.mutation.numeric import whole
from mutegreen.mutation.operator import ChoiceOperator, Example


class Threads(ChoiceOperator):
    """Cores beyond those that this process may use would only wait for each other, so they are not in the range."""

    name = "threads"
    summary = "a whole number from 1 to the number of usable cores"
    kinds = frozenset({Kind.THREADS})
    examples = (
        Example(4, (3, 2, 1)),
        Example(16, (4, 3, 2, 1)),
    )

    def choices(self, default: Value) -> range:
        """See `ChoiceOperator`."""
        whole(default)
        return range(1, usable_cores() + 1)


def usable_cores() -> int:
    """Cores that this process may run on; all of the machine's where the system does not say."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
