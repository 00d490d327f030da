"""Add up the CPU time of processes that start and end between samples, without losing or double-counting time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ProcessSample:
    """One sample of a process.

    Attributes:
        pid, parent, session: Ids of the process, of its parent and of its session.
        started: Start time, in ticks; with `pid` it identifies a process, as ids are used again.
        own_s: CPU time of all its threads, seconds.
        waited_s: CPU time of the children that ended and that it waited for, with their descendants', seconds.
    """

    pid: int
    parent: int
    session: int
    started: int
    own_s: float
    waited_s: float


class CpuTotal:
    """Adds up the CPU time of a client's processes.

    When a process ends and its parent waits for it, the kernel adds its whole time to the parent's waited time. So:

        total = sum over living processes p of  own_p + max(waited_p, left_p)   +   ended

        own_p     CPU time of the threads of p; waited_p: of the children that p waited for (proc_pid_stat(5))
        left_p    last sampled time of the ended processes whose nearest living ancestor is p
        ended     last sampled time of ended processes without such an ancestor

    The maximum counts an ended child once: in `waited_p` if its parent waited for it, else by its last sample. A parent
    that ignores its children gets nothing from the kernel, and a scan of many processes is not one moment.
    """

    def __init__(self) -> None:
        self._last: dict[int, ProcessSample] = {}
        self._left_s: dict[int, float] = {}
        """For each living process, `left_p`."""
        self._ended_s = 0.0
        self._total_s = 0.0

    def last_s(self, pid: int) -> tuple[ProcessSample, float] | None:
        """Return the last sample of a process, and its CPU time with that of its ended descendants; None: no sample."""
        sample = self._last.get(pid)
        return None if sample is None else (sample, self._all_s(sample))

    def take(self, now: Mapping[int, ProcessSample]) -> float:
        """Return the CPU time so far, seconds; it never decreases.

        Args:
            now: Samples of all living processes, by id.
        """
        ended = {
            pid: sample for pid, sample in self._last.items() if pid not in now or now[pid].started != sample.started
        }
        for sample in ended.values():
            heir = self._heir(sample, ended)
            if heir is None:
                self._ended_s += self._all_s(sample)
            else:
                self._left_s[heir] = self._left_s.get(heir, 0.0) + self._all_s(sample)
        for pid in ended:
            self._left_s.pop(pid, None)
        self._last = dict(now)
        # One scan may count a child twice, itself and in its parent. The next scan corrects this.
        self._total_s = max(self._total_s, self._ended_s + math.fsum(map(self._all_s, now.values())))
        return self._total_s

    def _all_s(self, sample: ProcessSample) -> float:
        return sample.own_s + max(sample.waited_s, self._left_s.get(sample.pid, 0.0))

    def _heir(self, sample: ProcessSample, ended: Mapping[int, ProcessSample]) -> int | None:
        """Return the nearest living ancestor among the client's processes; None: there is none."""
        parent = sample.parent
        for _ in ended:
            if parent not in ended:
                break
            parent = ended[parent].parent
        return parent if parent in self._last and parent not in ended else None
