"""Operator for numbers of threads."""

from __future__ import annotations

import os

from typing_extensions import override

from mutegreen.model import Kind, Value
from mutegreen.mutation.numeric_values import whole
from mutegreen.mutation.operator import ChoiceOperator, Example


class Threads(ChoiceOperator):
    """Use at most as many threads as this process may use cores: more threads would only wait for each other."""

    name = "threads"
    summary = "a whole number from 1 to the number of usable cores"
    kinds = frozenset({Kind.THREADS})
    examples = (
        Example(4, (3, 2, 1)),
        Example(16, (4, 3, 2, 1)),
    )

    @override
    def choices(self, default: Value) -> range:
        whole(default)
        return range(1, usable_cores() + 1)


def usable_cores() -> int:
    """Return the number of cores that this process may use; all of the machine's if the system does not report it."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
