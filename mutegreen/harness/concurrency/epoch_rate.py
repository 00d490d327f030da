"""How far a training that runs in the background has come, and how fast, by the times of its epochs."""

from __future__ import annotations

import bisect
import threading
from dataclasses import dataclass, field


@dataclass(frozen=True)
class _Epoch:
    begin_s: float
    end_s: float
    first: bool
    """Whether it began with the program itself, so that imports and loading are in it."""

    def part(self, begin_s: float, end_s: float) -> float:
        """Which part of it lies in a window, from 0 to 1, as if it went on evenly."""
        inside_s = min(end_s, self.end_s) - max(begin_s, self.begin_s)
        length_s = self.end_s - self.begin_s
        return max(0.0, inside_s) / length_s if length_s > 0 else float(begin_s <= self.end_s < end_s)


@dataclass
class EpochRate:
    """Epochs of one training after another, on one clock. Safe to be used by two threads."""

    _epochs: list[_Epoch] = field(default_factory=list)
    _begin_s: float | None = None
    _first: bool = True
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, at_s: float) -> None:
        """The program is started, for the first time or again; an epoch that was under way is lost."""
        with self._lock:
            self._begin_s, self._first = at_s, True

    def finish_epoch(self, at_s: float) -> None:
        """It has ended an epoch."""
        with self._lock:
            if self._begin_s is not None:
                self._epochs.append(_Epoch(self._begin_s, at_s, self._first))
            self._begin_s, self._first = at_s, False

    def epochs(self, begin_s: float, end_s: float) -> float | None:
        """Epochs in a window, parts of one by time; None: not one has ever ended.

        What is under way is taken to last as long as the last whole one of its kind did, and not to be over.
        """
        with self._lock:
            if not self._epochs:
                return None
            under_way = self._under_way(end_s)
            return sum(e.part(begin_s, end_s) for e in [*self._epochs, *under_way])

    def per_s(self, begin_s: float, end_s: float) -> float | None:
        """Epochs in a second over those that ended or began in a window, the first of each start left out.

        None: there are none such.
        """
        with self._lock:
            steady = [e for e in self._epochs if not e.first and e.end_s > begin_s and e.begin_s < end_s]
            spent_s = sum(e.end_s - e.begin_s for e in steady)
            return len(steady) / spent_s if spent_s > 0 else None

    def _under_way(self, now_s: float) -> list[_Epoch]:
        """The epoch that began before a moment and had not ended then, with the length that is expected of it."""
        ended = self._epochs[: bisect.bisect_right([e.end_s for e in self._epochs], now_s)]
        later = self._epochs[len(ended) :]
        if later or self._begin_s is None or self._begin_s >= now_s:
            return []
        same = [e for e in self._epochs if e.first == self._first] or self._epochs
        usual_s = same[-1].end_s - same[-1].begin_s
        return [_Epoch(self._begin_s, max(now_s, self._begin_s + usual_s), self._first)]
