"""Count the epochs of a background load in a window, and their rate, from the times at which epochs ended."""

from __future__ import annotations

import bisect
import threading
from dataclasses import dataclass, field


@dataclass(frozen=True)
class _Epoch:
    begin_s: float
    end_s: float
    first: bool
    """Whether it began with the program itself, so that it includes imports and loading."""

    def part(self, begin_s: float, end_s: float) -> float:
        """Return which part of it lies in a window, 0 to 1, if its progress is even."""
        inside_s = min(end_s, self.end_s) - max(begin_s, self.begin_s)
        length_s = self.end_s - self.begin_s
        return max(0.0, inside_s) / length_s if length_s > 0 else float(begin_s <= self.end_s < end_s)


# Guarantees:
#   - One thread may report starts and epochs while another asks for counts and rates: all state is under the lock.
#   - Counts of adjacent windows add up to the count of both together; only the part of an epoch in progress is an
#     estimate.
# Relies on:
#   - All times are on one clock, and reported in their order.
@dataclass
class EpochRate:
    """The epochs of a program that is started again and again."""

    _epochs: list[_Epoch] = field(default_factory=list)
    _begin_s: float | None = None
    _first: bool = True
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, at_s: float) -> None:
        """Note that the program was started, for the first time or again; an epoch in progress is lost."""
        with self._lock:
            self._begin_s, self._first = at_s, True

    def finish_epoch(self, at_s: float) -> None:
        """Note that the program has ended an epoch."""
        with self._lock:
            if self._begin_s is not None:
                self._epochs.append(_Epoch(self._begin_s, at_s, self._first))
            self._begin_s, self._first = at_s, False

    def epochs(self, begin_s: float, end_s: float) -> float | None:
        """Return the number of epochs in a window, with parts of epochs by time; None: no epoch has ever ended.

        An epoch in progress is expected to last as long as the last complete one of its kind (first or later), and
        counts as less than a whole one.
        """
        with self._lock:
            if not self._epochs:
                return None
            in_progress = self._in_progress(end_s)
            return sum(e.part(begin_s, end_s) for e in [*self._epochs, *in_progress])

    def per_s(self, begin_s: float, end_s: float) -> float | None:
        """Return epochs per second over the complete epochs that overlap a window, without the first of each start.

        Returns:
            The rate; None: there are no such epochs.
        """
        with self._lock:
            steady = [e for e in self._epochs if not e.first and e.end_s > begin_s and e.begin_s < end_s]
            spent_s = sum(e.end_s - e.begin_s for e in steady)
            return len(steady) / spent_s if spent_s > 0 else None

    def _in_progress(self, now_s: float) -> list[_Epoch]:
        """Return the epoch that had begun but not ended at a moment, with its expected length; or nothing."""
        ended = self._epochs[: bisect.bisect_right([e.end_s for e in self._epochs], now_s)]
        later = self._epochs[len(ended) :]
        if later or self._begin_s is None or self._begin_s >= now_s:
            return []
        same_kind = [e for e in self._epochs if e.first == self._first] or self._epochs
        usual_s = same_kind[-1].end_s - same_kind[-1].begin_s
        return [_Epoch(self._begin_s, max(now_s, self._begin_s + usual_s), self._first)]
