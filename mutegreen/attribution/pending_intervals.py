"""Hold back intervals that have ended until their use is known, because GPU drivers report late.

Use is booked on the intervals that it overlaps and in which its client is present, in proportion to the overlap:

    intervals             |  a b  |  a b  |   b   |  a b  |
    late report on a            <---- 0.9 s of GPU time ---->
    booked                      |---|       (none)  |---|

An interval is taken `LATE_S` after its end. Use that is reported later is lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from mutegreen.attribution.sharing import SharedInterval, join
from mutegreen.attribution.usage import BusyTime

LATE_S = 1.5
"""How long an interval waits, seconds: GPU drivers report at intervals from a sixth of a second to one second."""

SHORT_S = 1.0
"""A shorter interval may lie between two reports, so it is joined with an adjacent one of the same clients, if any."""


@dataclass
class _PendingInterval:
    begin_s: float
    end_s: float
    interval: SharedInterval
    use: dict[str, dict[str, float]] = field(default_factory=dict)

    def overlap_s(self, busy: BusyTime) -> float:
        """Return how long the two overlap, seconds."""
        return max(0.0, min(self.end_s, busy.end_s) - max(self.begin_s, busy.begin_s))

    def add(self, client: str, resource: str, busy_s: float) -> None:
        used = self.use.setdefault(client, {})
        used[resource] = used.get(resource, 0.0) + busy_s


class PendingIntervals:
    """Consecutive intervals, and the use that is booked on them by its time."""

    def __init__(self) -> None:
        self._intervals: deque[_PendingInterval] = deque()

    def add(self, end_s: float, interval: SharedInterval) -> None:
        """Add the next interval.

        Args:
            end_s: Its end, on the ledger's clock.
            interval: The interval.
        """
        self._intervals.append(_PendingInterval(end_s - interval.duration_s, end_s, interval))

    def book(self, busy: Iterable[BusyTime]) -> None:
        """Book use on the intervals of its time; use of intervals that were already taken is lost."""
        for each in busy:
            self._book(each)

    def _book(self, busy: BusyTime) -> None:
        """Book the use as if it had been steady while the client was present."""
        overlaps = [(pending, pending.overlap_s(busy)) for pending in self._intervals]
        absent_s = sum(overlap_s for pending, overlap_s in overlaps if busy.client not in pending.interval.clients)
        booked_s = sum(overlap_s for pending, overlap_s in overlaps if busy.client in pending.interval.clients)
        # Rounding may make the difference smaller than the overlap, and even 0.
        present_s = max(booked_s, busy.end_s - busy.begin_s - absent_s)
        for pending, overlap_s in overlaps:
            if overlap_s > 0 and busy.client in pending.interval.clients:
                pending.add(busy.client, busy.resource, busy.busy_s * overlap_s / present_s)

    def take(self, until_s: float) -> list[SharedInterval]:
        """Remove and return the intervals that ended by a moment, with their use, in order."""
        taken: list[SharedInterval] = []
        while self._intervals and self._intervals[0].end_s <= until_s:
            pending = self._intervals.popleft()
            taken.append(replace(pending.interval, use=pending.use))
        return _joined(taken)


def _joined(intervals: Iterable[SharedInterval]) -> list[SharedInterval]:
    joined: list[SharedInterval] = []
    for interval in intervals:
        if joined and _can_join(joined[-1], interval):
            joined[-1] = join(joined[-1], interval)
        else:
            joined.append(interval)
    return joined


def _can_join(first: SharedInterval, second: SharedInterval) -> bool:
    return min(first.duration_s, second.duration_s) < SHORT_S and first.clients == second.clients
