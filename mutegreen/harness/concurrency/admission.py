"""Decide whether there is memory for one more concurrent training."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

HOST = "host"
"""Name of the memory of the machine. The other memories are those of GPUs, named by domain (`gpu:<uuid>`)."""

RESERVED_PART = 0.05
"""Part of the free memory that is never given to a training: for the system, and for growth between two checks."""

UNMEASURED_FACTOR = 1.25
"""A mutant that has not been measured yet is expected to need this many times the largest need measured so far.

A larger batch needs more memory, but only the activations grow with it."""


# The rule, in bytes, for each memory p (of the host, of each GPU) that the new training uses:
#
#     need_p  <=  (1 - RESERVED_PART) * (free_p  -  sum over running trainings of max(0, peak_p - held_p))
#
#     need_p   largest memory that a training of this mutant has held, or UNMEASURED_FACTOR times the largest of all
#     free_p   memory that is free now
#     peak_p   expected peak of a running training; held_p   what it holds now
#
# Memory that a running training will still claim is therefore not free. A memory without a known need, or without a
# known free size, does not restrict.
#
# Guarantees:
#   - `record_peak` may be called from the thread of any trial while another thread asks `admits` or `capacity`: the
#     table of peaks is only touched under the lock. A peak never decreases.
# Relies on:
#   - `free` may be called from the thread that asks; it is called without the lock.
@dataclass
class Admission:
    """Admits trainings while there is memory for the peaks of all of them.

    Args:
        free: Reads the free memory in bytes, by `HOST` and GPU domain.
    """

    free: Callable[[], Mapping[str, int]]
    _peaks: dict[str, dict[str, int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def record_peak(self, mutant: str, peak: Mapping[str, int]) -> None:
        """Record the largest memory of a training of a mutant, in bytes, by `HOST` and GPU domain; from any thread."""
        with self._lock:
            known = self._peaks.get(mutant, {})
            self._peaks[mutant] = {p: max(known.get(p, 0), peak.get(p, 0)) for p in {*known, *peak}}

    def need(self, mutant: str) -> dict[str, int]:
        """Return the memory that a training of a mutant is expected to need, in bytes, by `HOST` and GPU domain."""
        with self._lock:
            if mutant in self._peaks:
                return self._peaks[mutant]
            memories = {memory for peak in self._peaks.values() for memory in peak}
            return {p: int(UNMEASURED_FACTOR * max(peak.get(p, 0) for peak in self._peaks.values())) for p in memories}

    def admits(self, mutant: str, gpu: str | None, running: Iterable[RunningTraining]) -> bool:
        """Return whether one more training fits, with all running ones at their peaks.

        Args:
            mutant: What is to be trained.
            gpu: The GPU that it would use; None: any, so it must fit on all.
            running: The trainings that run now.
        """
        free = dict(self.free())
        for other in running:
            for memory, size in self.need(other.mutant).items():
                if _concerns(memory, other.gpu):
                    free[memory] = free.get(memory, 0) - max(0, size - other.held_bytes.get(memory, 0))
        need = {memory: size for memory, size in self.need(mutant).items() if _concerns(memory, gpu)}
        return all(size <= (1 - RESERVED_PART) * free[memory] for memory, size in need.items() if memory in free)

    def capacity(self, mutant: str, gpus: Iterable[str]) -> int | None:
        """Return how many trainings of a mutant fit at a time on each GPU, or on a machine without one.

        Returns:
            The number; None: the memory is not known.
        """
        free, need = self.free(), self.need(mutant)
        devices = list(gpus)
        fits = [int((1 - RESERVED_PART) * free[p] / need[p]) for p in devices if need.get(p) and p in free]
        if need.get(HOST) and HOST in free:
            fits.append(int((1 - RESERVED_PART) * free[HOST] / need[HOST]) // max(1, len(devices)))
        return min(fits) if fits else None


@dataclass(frozen=True)
class RunningTraining:
    """A running training: its mutant, its GPU, and the memory that it holds now, in bytes, by `HOST` and GPU domain."""

    mutant: str
    gpu: str | None
    held_bytes: Mapping[str, int]


def _concerns(memory: str, gpu: str | None) -> bool:
    return gpu is None or memory in {HOST, gpu}
