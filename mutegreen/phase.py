"""Mark phases in a training script: `from mutegreen import window`. The audit reports the energy of each phase."""

from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

VARIABLE = "MUTEGREEN_WINDOWS"
"""Environment variable with the path of the file of window marks; only the harness sets it, for a trial."""

_numbers = itertools.count()


@contextmanager
def window(name: str) -> Iterator[None]:
    """Mark the code in the context as a phase of the training, whose energy is reported separately.

        with window("train"):
            ...

    Windows may nest, overlap and repeat. They record the times of their begin and end, and measure nothing themselves;
    outside an audit they do nothing. A GPU queues its work: synchronise before the window ends if the window must
    contain exactly its own work.

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
    # Relies on: the monotonic clock is the same for all processes of a machine. One write of one short line in append
    # mode is atomic, so lines of several processes do not mix.
    line = json.dumps([os.getpid(), number, name, time.monotonic()]) + "\n"
    with suppress(OSError), open(file, "a", encoding="utf-8") as noted:
        noted.write(line)
