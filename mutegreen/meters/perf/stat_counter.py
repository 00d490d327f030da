"""The joules of one event over the intervals that `perf stat` prints."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from mutegreen.meters.perf.stat_line import StatInterval

STANDSTILL_S = 0.2
"""A counter that ran this much less than the time that went by, seconds, was off in between."""

MAX_SOCKET_W = 100_000.0
"""More than any socket draws, watts: a counter that was set back shows as an enormous count."""


@dataclass
class _Point:
    stamp_s: float
    energy_j: float


class StatCounter:
    """An event of a socket: its joules at the ends of the latest intervals, and at any moment in between.

    Args:
        domain: The domain that it is.
        joules: Joules of one count.
        counters: How many counters are summed up in it.

    Attributes:
        lost: Why it can no longer be read; nothing while it can.
        seen: Whether there has been an interval.
        restricted: Whether it was counted for a part of all programs only.
    """

    def __init__(self, domain: str, joules: float, counters: int) -> None:
        self.domain = domain
        self.lost = ""
        self.restricted = self.seen = False
        self._joules, self._counters = joules, counters
        self._points = [_Point(0.0, 0.0)]
        self._running_s = self._zero_j = self._given_j = 0.0

    @property
    def last_s(self) -> float:
        """The end of the latest interval, seconds since `perf` began."""
        return self._points[-1].stamp_s

    def add(self, interval: StatInterval) -> None:
        """Take the next interval.

        Raises:
            ValueError: It ends before the one before it.
        """
        self.seen = True
        self.restricted |= bool(interval.modifier)
        self._running_s += interval.running_s
        if interval.count is None:
            self.lost = self.lost or f"perf says <{interval.fault}>"
        elif self._running_s < self._counters * (interval.stamp_s - STANDSTILL_S):
            self.lost = "it stood still for some time: was the CPU that it is counted on taken offline?"
        elif not self.lost:
            self._append(interval.stamp_s, interval.count * self._joules)

    def start_at(self, stamp_s: float) -> None:
        """Count from this moment on."""
        self._zero_j = self._at(stamp_s)

    def energy_j(self, stamp_s: float) -> float:
        """The joules until a moment that the intervals reach; asked for in the order of time."""
        # The moment at which perf began becomes known better, which must not make joules go back.
        self._given_j = max(self._given_j, self._at(stamp_s) - self._zero_j)
        return self._given_j

    def _append(self, stamp_s: float, energy_j: float) -> None:
        if stamp_s <= self.last_s:
            raise ValueError(f"perf went back from {self.last_s} s to {stamp_s} s")
        if energy_j > MAX_SOCKET_W * (stamp_s - self.last_s + 1.0):
            self.lost = f"perf gave an impossible {energy_j:g} J in {stamp_s - self.last_s:g} s"
        else:
            self._points.append(_Point(stamp_s, self._points[-1].energy_j + energy_j))

    def _at(self, stamp_s: float) -> float:
        place = max(1, bisect_left(self._points, stamp_s, key=lambda point: point.stamp_s))
        del self._points[: place - 1]
        before, after = self._points[:2]
        share = (stamp_s - before.stamp_s) / (after.stamp_s - before.stamp_s)
        return before.energy_j + share * (after.energy_j - before.energy_j)
