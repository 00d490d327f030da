"""The course of one domain's energy over one window, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from mutegreen.model import Flag

MAX_POINTS = 4096
"""Points kept for a domain and window (even, so that halving keeps the spacing regular): 6.8 minutes at 10 Hz
in full detail, then every second sample, then every fourth."""


class EnergyPoint(NamedTuple):
    """Cumulative energy at a moment: seconds and joules."""

    t_s: float
    energy_j: float


class Track:
    """Cumulative energy from a window's first reading on.

    Points are thinned out by dropping every second one. Between cumulative readings that loses detail but no
    energy: what is left is the mean power over longer steps.
    """

    def __init__(self, first: EnergyPoint, max_points: int = MAX_POINTS) -> None:
        self.first = first
        self.last = first
        self.flags: set[Flag] = set()
        self.unknown: str | None = None
        self._max_points = max_points
        self._points = [first]
        self._seen = 1
        self._stride = 1

    def add(self, point: EnergyPoint, flags: Iterable[Flag] = (), unknown: str | None = None) -> None:
        """Take the next reading, what happened since the one before, and why joules of that time are not known."""
        self.last = point
        self.flags.update(flags)
        self.unknown = self.unknown or unknown
        if self._seen % self._stride == 0:
            self._keep(point)
        self._seen += 1

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
        """Steps of mean power: (end of the step in seconds after the first reading, watts).

        The first step begins at 0 and each next one where the one before ends, so the steps add up to `energy_j`.
        """
        return [
            (after.t_s - self.first.t_s, (after.energy_j - before.energy_j) / (after.t_s - before.t_s))
            for before, after in pairwise([*self._points, self.last])
            if after.t_s > before.t_s
        ]
