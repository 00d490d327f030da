"""Stores the cumulative energy of one domain over one window, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from mutegreen.model import Flag

MAX_POINTS = 4096
"""Points that are kept for a domain and window: at 10 Hz, 6.8 minutes with every sample, then every second sample, then
every fourth, and so on. The number is even, so halving keeps the spacing regular."""


class EnergyPoint(NamedTuple):
    """Cumulative energy at a moment: seconds and joules."""

    t_s: float
    energy_j: float


class Track:
    """Cumulative energy since a window's first reading.

    When the points are too many, every second one is dropped. Energies are cumulative, so this loses detail but no
    energy: the remaining points give the mean power over longer steps.

    Args:
        first: The reading at which the window begins.
        max_points: How many points to keep, an even number.
    """

    def __init__(self, first: EnergyPoint, max_points: int = MAX_POINTS) -> None:
        self.first = first
        self.last = first
        self.flags: set[Flag] = set()
        self.unknown: str | None = None
        self._max_points = max_points
        self._points = [first]
        self._count = 1
        self._stride = 1

    def add(self, point: EnergyPoint, flags: Iterable[Flag] = (), unknown: str | None = None) -> None:
        """Add the next reading.

        Args:
            point: Its time and energy.
            flags: What happened since the previous reading.
            unknown: Why the joules since the previous reading are not known; None if they are.
        """
        self.last = point
        self.flags.update(flags)
        self.unknown = self.unknown or unknown
        if self._count % self._stride == 0:
            self._keep(point)
        self._count += 1

    def _keep(self, point: EnergyPoint) -> None:
        self._points.append(point)
        if len(self._points) >= self._max_points:
            del self._points[1::2]
            self._stride *= 2

    @property
    def energy_j(self) -> float:
        """Joules from the first to the last reading."""
        return self.last.energy_j - self.first.energy_j

    @property
    def duration_s(self) -> float:
        """Seconds from the first to the last reading."""
        return self.last.t_s - self.first.t_s

    def timeline(self) -> list[tuple[float, float]]:
        """Return steps of mean power: (end of the step in seconds since the first reading, watts).

        The first step begins at 0, and each further step where the previous one ends. So the energies of the steps
        add up to `energy_j`.
        """
        return [
            (after.t_s - self.first.t_s, (after.energy_j - before.energy_j) / (after.t_s - before.t_s))
            for before, after in pairwise([*self._points, self.last])
            if after.t_s > before.t_s
        ]
