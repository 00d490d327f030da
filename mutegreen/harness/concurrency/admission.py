"""Whether there is memory for one more training beside those that run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

HOST = "host"
"""The machine's own memory, beside that of GPUs (`gpu:<uuid>`)."""

RESERVED_PART = 0.05
"""Part of the free memory that is left alone: the system's own, and growth between two looks."""

UNMEASURED_FACTOR = 1.25
"""A training not measured yet is taken to need this many times the most that any has needed: a batch that is
larger needs more, and only the activations grow with it."""


@dataclass
class Admission:
    """Lets trainings in while the memory that all of them will need at their peaks is there.

    Args:
        free: Reads the free memory in bytes, by place: `host` and the domains of GPUs.
    """

    free: Callable[[], Mapping[str, int]]
    _peaks: dict[str, dict[str, int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def record_peak(self, mutant: str, peak: Mapping[str, int]) -> None:
        """Keeps what a training of a mutant needed at most, in bytes, by place; from any thread."""
        with self._lock:
            known = self._peaks.get(mutant, {})
            self._peaks[mutant] = {p: max(known.get(p, 0), peak.get(p, 0)) for p in {*known, *peak}}

    def need(self, mutant: str) -> dict[str, int]:
        """What a training of a mutant is expected to need, in bytes, by place."""
        with self._lock:
            if mutant in self._peaks:
                return self._peaks[mutant]
            places = {place for peak in self._peaks.values() for place in peak}
            return {p: int(UNMEASURED_FACTOR * max(peak.get(p, 0) for peak in self._peaks.values())) for p in places}

    def admits(self, mutant: str, gpu: str | None, running: Iterable[RunningTraining]) -> bool:
        """Whether a training fits beside those that run, all of them at their peaks.

        Args:
            mutant: What is to be trained.
            gpu: The GPU that it would use; None: any, so all must have room.
            running: Those that train now.
        """
        free = dict(self.free())
        for other in running:
            for place, size in self.need(other.mutant).items():
                if _concerns(place, other.gpu):
                    free[place] = free.get(place, 0) - max(0, size - other.held_bytes.get(place, 0))
        need = {place: size for place, size in self.need(mutant).items() if _concerns(place, gpu)}
        return all(size <= (1 - RESERVED_PART) * free[place] for place, size in need.items() if place in free)

    def capacity(self, mutant: str, gpus: Iterable[str]) -> int | None:
        """How many trainings of a mutant fit at a time on each GPU, or on the machine; None: memory is not known."""
        free, need = self.free(), self.need(mutant)
        devices = list(gpus)
        fits = [int((1 - RESERVED_PART) * free[p] / need[p]) for p in devices if need.get(p) and p in free]
        if need.get(HOST) and HOST in free:
            fits.append(int((1 - RESERVED_PART) * free[HOST] / need[HOST]) // max(1, len(devices)))
        return min(fits) if fits else None


@dataclass(frozen=True)
class RunningTraining:
    """A training under way: what, on which GPU, and the memory that it held_bytes now, in bytes, by place."""

    mutant: str
    gpu: str | None
    held_bytes: Mapping[str, int]


def _concerns(place: str, gpu: str | None) -> bool:
    return gpu is None or place in {HOST, gpu}
