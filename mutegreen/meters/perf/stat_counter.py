"""Sums the energy of one event over the intervals that `perf stat` prints, and interpolates between them."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from mutegreen import units
from mutegreen.meters.perf.stat_line import StatInterval

STANDSTILL_S = 0.2
"""A counter whose running time is this much shorter than the elapsed time, seconds, was off in between."""

MAX_SOCKET_W = 100_000.0
"""More power than any socket draws, watts: a counter that was reset appears as an enormous count."""


@dataclass
class _Point:
    stamp_s: float
    energy_j: float


class StatCounter:
    """An event of a socket: its joules at the ends of the latest intervals, and at any moment between them.

    Between the interval ends (s0, E0) and (s1, E1) the power is taken as constant:

        E(s) = E0 + (E1 - E0) (s - s0) / (s1 - s0),    seconds and joules

    Args:
        domain: Its domain.
        joules: Joules per count.
        counters: Number of counters whose sum it is.

    Attributes:
        lost: Why it can no longer be read; empty while it can be.
        seen: Whether there has been an interval.
        restricted: Whether it counts a part of the programs only.
    """

    def __init__(self, domain: str, joules: float, counters: int) -> None:
        self.domain = domain
        self.lost = ""
        self.restricted = self.seen = False
        self._joules, self._counters = joules, counters
        self._points = [_Point(0.0, 0.0)]
        self._running_s = self._zero_j = self._energy_j = 0.0

    @property
    def last_s(self) -> float:
        """The end of the latest interval, seconds since `perf` began."""
        return self._points[-1].stamp_s

    def add(self, interval: StatInterval) -> None:
        """Add the next interval.

        Raises:
            ValueError: It ends before the previous one.
        """
        self.seen = True
        self.restricted |= bool(interval.modifier)
        self._running_s += interval.running_s
        if interval.count is None:
            self.lost = self.lost or f"perf says <{interval.fault}>"
        elif self._running_s < self._counters * (interval.stamp_s - STANDSTILL_S):
            self.lost = "it did not count for some time; its CPU may have been taken offline"
        elif not self.lost:
            self._append(interval.stamp_s, interval.count * self._joules)

    def start_at(self, stamp_s: float) -> None:
        """Set the moment at which the energy is 0 J, seconds since `perf` began."""
        self._zero_j = self._at(stamp_s)

    def energy_j(self, stamp_s: float) -> float:
        """Return the joules up to a moment, seconds since `perf` began, that the intervals cover.

        Call it in the order of time: earlier intervals are dropped.
        """
        # The estimate of when perf began improves with each line, which must not make the joules decrease.
        self._energy_j = max(self._energy_j, self._at(stamp_s) - self._zero_j)
        return self._energy_j

    def _append(self, stamp_s: float, energy_j: float) -> None:
        if stamp_s <= self.last_s:
            raise ValueError(f"perf went back from {self.last_s} s to {stamp_s} s")
        if energy_j > MAX_SOCKET_W * (stamp_s - self.last_s + 1.0):
            self.lost = (
                f"perf printed an impossible {units.energy(energy_j)} in {units.duration(stamp_s - self.last_s)}"
            )
        else:
            self._points.append(_Point(stamp_s, self._points[-1].energy_j + energy_j))

    def _at(self, stamp_s: float) -> float:
        index = max(1, bisect_left(self._points, stamp_s, key=lambda point: point.stamp_s))
        del self._points[: index - 1]
        before, after = self._points[:2]
        fraction = (stamp_s - before.stamp_s) / (after.stamp_s - before.stamp_s)
        return before.energy_j + fraction * (after.energy_j - before.energy_j)
