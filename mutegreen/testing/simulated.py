"""A clock that a test advances, and quantities over time with exact integrals."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise


class FakeClock:
    """A clock that changes only when a test advances it; a call returns its seconds.

    Args:
        now_s: Its first time, seconds.

    Attributes:
        now_s: Its time, seconds.
        watchers: Functions to call after each step, for simulated devices.
    """

    def __init__(self, now_s: float = 1000.0) -> None:
        self.now_s = now_s
        self.watchers: list[Callable[[], None]] = []

    def __call__(self) -> float:
        """Return the time, seconds."""
        return self.now_s

    def advance(self, seconds: float) -> None:
        """Advance the clock, then call the watchers."""
        self.now_s += seconds
        for watcher in self.watchers:
            watcher()


class RealClock:
    """The clock of a real device: `time.monotonic`; `advance` waits.

    Args:
        speed: `advance` waits for one second for this many seconds, so a suite of a minute takes seconds.
    """

    def __init__(self, speed: float = 20.0) -> None:
        self.speed = speed

    def __call__(self) -> float:
        """Return the time, seconds."""
        return time.monotonic()

    def advance(self, seconds: float) -> None:
        """Wait for the step divided by `speed`."""
        time.sleep(seconds / self.speed)


class Schedule:
    """A piecewise constant quantity, such as power, with an exact integral.

    Args:
        steps: (Beginning of the step in seconds from the start, value); the first step begins at 0.
    """

    def __init__(self, *steps: tuple[float, float]) -> None:
        self.steps = steps

    def integral(self, begin_s: float, end_s: float) -> float:
        """Return the integral between two times in seconds from the start: joules, if the quantity is in watts."""
        edges = [*self.steps, (float("inf"), 0.0)]
        spans = [(max(a, begin_s), min(b, end_s), value) for (a, value), (b, _) in pairwise(edges)]
        return sum(value * (b - a) for a, b, value in spans if b > a)
