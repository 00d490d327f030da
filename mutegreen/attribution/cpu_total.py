"""CPU time of processes that come and go, from looks at them now and then: nothing lost, nothing counted twice."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ProcessSample:
    """A process at one look.

    Attributes:
        pid, parent, session: Numbers of the process, of its parent and of its session.
        started: When it started, in ticks; with `pid` it tells processes apart, as numbers are given out again.
        own_s: CPU time of all its threads, seconds.
        waited_s: CPU time of the children that ended and that it waited for, and of theirs, seconds.
    """

    pid: int
    parent: int
    session: int
    started: int
    own_s: float
    waited_s: float


class CpuTotal:
    """Adds up the CPU time of a client's processes.

    When a process ends and its parent waits for it, the kernel adds all of its time to what the parent waited for. If
    that parent is a living process of the client, the time is counted there, and at least what was last seen of it: a
    parent that ignores its children gets nothing, and a look at many processes is no single moment. Of others that
    end, what was last seen is kept.
    """

    def __init__(self) -> None:
        self._last: dict[int, ProcessSample] = {}
        self._left_s: dict[int, float] = {}
        """By living process, CPU time of those whose end it should have waited for, as last seen."""
        self._ended_s = 0.0
        self._total_s = 0.0

    def last_s(self, pid: int) -> tuple[ProcessSample, float] | None:
        """Return a process at the last look, and its CPU time with that of those who ended before it."""
        seen = self._last.get(pid)
        return None if seen is None else (seen, self._all_s(seen))

    def take(self, now: Mapping[int, ProcessSample]) -> float:
        """Return the CPU time so far, seconds, given all the processes that there are now. It never decreases."""
        gone = {pid: seen for pid, seen in self._last.items() if pid not in now or now[pid].started != seen.started}
        for seen in gone.values():
            heir = self._heir(seen, gone)
            if heir is None:
                self._ended_s += self._all_s(seen)
            else:
                self._left_s[heir] = self._left_s.get(heir, 0.0) + self._all_s(seen)
        for pid in gone:
            self._left_s.pop(pid, None)
        self._last = dict(now)
        # A child may be seen both by itself and in its parent, in one look: the next one mends that.
        self._total_s = max(self._total_s, self._ended_s + math.fsum(map(self._all_s, now.values())))
        return self._total_s

    def _all_s(self, seen: ProcessSample) -> float:
        return seen.own_s + max(seen.waited_s, self._left_s.get(seen.pid, 0.0))

    def _heir(self, seen: ProcessSample, gone: Mapping[int, ProcessSample]) -> int | None:
        """Return the nearest living ancestor among the client's processes."""
        parent = seen.parent
        for _ in gone:
            if parent not in gone:
                break
            parent = gone[parent].parent
        return parent if parent in self._last and parent not in gone else None
