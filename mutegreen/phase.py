"""`from mutegreen import window`: a training script marks its phases, and each gets its joules."""

from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

VARIABLE = "MUTEGREEN_WINDOWS"
"""Names the file into which windows are noted; set by the harness around a trial, and by nobody else."""

_numbers = itertools.count()


@contextmanager
def window(name: str) -> Iterator[None]:
    """Mark what runs inside as a phase of the training, so that its energy is told apart.

        with window("train"):
            ...

    Windows may nest, overlap and repeat. They note moments of a clock and measure nothing themselves; without
    MuteGreen's harness around the training they do nothing. On a GPU, where work is queued, synchronise before
    the window ends if it must hold just its own work.

    Args:
        name: Name of the phase in tables.
    """
    file = os.environ.get(VARIABLE)
    if file is None:
        yield
        return
    number = next(_numbers)
    _note(file, number, name)
    try:
        yield
    finally:
        _note(file, number, name)


def _note(file: str, number: int, name: str) -> None:
    # The clock is the system's own and one for all processes. One write of one line: processes do not mix.
    line = json.dumps([os.getpid(), number, name, time.monotonic()]) + "\n"
    with suppress(OSError), open(file, "a", encoding="utf-8") as noted:
        noted.write(line)
