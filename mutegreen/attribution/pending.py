"""Intervals that are over but not yet shared out, because what is known of their use comes in late."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from mutegreen.attribution.sharing import SharedInterval, join
from mutegreen.attribution.usage import BusyTime

LATE_S = 1.5
"""How long an interval waits, seconds: the GPUs' drivers report every sixth of a second to every second."""

SHORT_S = 1.0
"""A shorter interval may lie between two reports: it is joined with one beside it of the same clients, if any."""


@dataclass
class _Piece:
    begin_s: float
    end_s: float
    interval: SharedInterval
    use: dict[str, dict[str, float]] = field(default_factory=dict)

    def both_s(self, busy: BusyTime) -> float:
        """For how long the two are at the same time."""
        return max(0.0, min(self.end_s, busy.end_s) - max(self.begin_s, busy.begin_s))

    def add(self, client: str, resource: str, busy_s: float) -> None:
        used = self.use.setdefault(client, {})
        used[resource] = used.get(resource, 0.0) + busy_s


class Pending:
    """Intervals one after another, and the use booked on them by its time."""

    def __init__(self) -> None:
        self._pieces: deque[_Piece] = deque()

    def add(self, end_s: float, interval: SharedInterval) -> None:
        """Take the next interval, which ended at that moment."""
        self._pieces.append(_Piece(end_s - interval.duration_s, end_s, interval))

    def book(self, busy: Iterable[BusyTime]) -> None:
        """Book use on the intervals of its time; what is of a time that was shared out already is lost."""
        for each in busy:
            self._book(each)

    def _book(self, busy: BusyTime) -> None:
        """As if it had been steady for as long as the client was there."""
        overlaps = [(piece, piece.both_s(busy)) for piece in self._pieces]
        absent_s = sum(both_s for piece, both_s in overlaps if busy.client not in piece.interval.clients)
        seen_s = sum(both_s for piece, both_s in overlaps if busy.client in piece.interval.clients)
        # Rounding may leave less than was seen, and even nothing.
        present_s = max(seen_s, busy.end_s - busy.begin_s - absent_s)
        for piece, both_s in overlaps:
            if both_s > 0 and busy.client in piece.interval.clients:
                piece.add(busy.client, busy.resource, busy.busy_s * both_s / present_s)

    def take(self, until_s: float) -> list[SharedInterval]:
        """Return the intervals that ended by then, with their use, in order; they are waited for no longer."""
        taken: list[SharedInterval] = []
        while self._pieces and self._pieces[0].end_s <= until_s:
            piece = self._pieces.popleft()
            taken.append(replace(piece.interval, use=piece.use))
        return _joined(taken)


def _joined(intervals: Iterable[SharedInterval]) -> list[SharedInterval]:
    joined: list[SharedInterval] = []
    for interval in intervals:
        if joined and _belong_together(joined[-1], interval):
            joined[-1] = join(joined[-1], interval)
        else:
            joined.append(interval)
    return joined


def _belong_together(first: SharedInterval, second: SharedInterval) -> bool:
    return min(first.duration_s, second.duration_s) < SHORT_S and first.clients == second.clients
