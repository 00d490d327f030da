"""A clock that a test moves, and quantities over time whose integrals are exact."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise


class FakeClock:
    """A clock that stands still unless a test moves it; call it for its seconds.

    Args:
        now_s: Its first moment, seconds.

    Attributes:
        now_s: Its moment, seconds.
        watchers: Called after each step, so that simulated devices can follow.
    """

    def __init__(self, now_s: float = 1000.0) -> None:
        self.now_s = now_s
        self.watchers: list[Callable[[], None]] = []

    def __call__(self) -> float:
        """The moment, seconds."""
        return self.now_s

    def advance(self, seconds: float) -> None:
        """Moves the clock, then tells the watchers."""
        self.now_s += seconds
        for watcher in self.watchers:
            watcher()


class RealClock:
    """The clock of a real device: `time.monotonic`, and `advance` waits.

    Args:
        speed: A step of so many seconds waits for one second, so that a suite of a minute takes seconds.
    """

    def __init__(self, speed: float = 20.0) -> None:
        self.speed = speed

    def __call__(self) -> float:
        """The moment, seconds."""
        return time.monotonic()

    def advance(self, seconds: float) -> None:
        """Waits for the step, shortened by `speed`."""
        time.sleep(seconds / self.speed)


class Schedule:
    """A quantity that is constant in steps, such as watts; its integral is exact.

    Args:
        steps: (Seconds from the start at which the step begins, value); the first begins at 0.
    """

    def __init__(self, *steps: tuple[float, float]) -> None:
        self.steps = steps

    def integral(self, begin_s: float, end_s: float) -> float:
        """The integral between two moments in seconds from the start: joules, if the quantity is watts."""
        edges = [*self.steps, (float("inf"), 0.0)]
        spans = [(max(a, begin_s), min(b, end_s), value) for (a, value), (b, _) in pairwise(edges)]
        return sum(value * (b - a) for a, b, value in spans if b > a)
