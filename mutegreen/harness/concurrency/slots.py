"""Places for trainings that run at the same time: which GPU, which CPUs, how many threads."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mutegreen.model import domain_device, is_gpu

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
"""Variables by which OpenMP, MKL, OpenBLAS, numexpr and TensorFlow are told how many threads to use."""

VISIBLE_GPUS = "CUDA_VISIBLE_DEVICES"


@dataclass(frozen=True)
class Slot:
    """A place for one training at a time.

    Attributes:
        gpu: Domain of the one GPU that it may use (`gpu:<uuid>`); None: it is not told.
        cpus: The CPUs that it may use; empty: all.
    """

    gpu: str | None = None
    cpus: tuple[int, ...] = ()

    def variables(self, given: Mapping[str, str]) -> dict[str, str]:
        """Variables that keep a training to this place; what a user has `given` stays."""
        told = {VISIBLE_GPUS: domain_device(self.gpu)} if self.gpu else {}
        threads = {name: str(len(self.cpus)) for name in THREAD_VARIABLES if name not in given} if self.cpus else {}
        return told | threads

    def domains(self, every: Sequence[str]) -> frozenset[str] | None:
        """The domains that a training at this place uses: of the GPUs only its own; None: all."""
        if self.gpu is None:
            return None
        return frozenset(domain for domain in every if not is_gpu(domain) or domain == self.gpu)


def slots(jobs: int, domains: Sequence[str]) -> tuple[Slot, ...]:
    """Places for `jobs` trainings on each GPU, or on the CPUs of a machine without one.

    The CPUs are dealt out, one hand to each place, so that trainings do not fight for them; where there are more
    places than CPUs, several places share one. A single place has them all, and is told nothing.

    Args:
        jobs: Trainings at a time on one device.
        domains: All domains measured; the GPUs among them are used.
    """
    gpus: list[str | None] = [*sorted(d for d in domains if is_gpu(d))] or [None]
    cpus = sorted(os.sched_getaffinity(0))
    count = jobs * len(gpus)
    if count == 1:
        return (Slot(),)
    return tuple(Slot(gpus[n % len(gpus)], _cpu_share(cpus, n, count)) for n in range(count))


def _cpu_share(cpus: Sequence[int], number: int, count: int) -> tuple[int, ...]:
    if count >= len(cpus):
        return (cpus[number % len(cpus)],)
    begin, end = (len(cpus) * edge // count for edge in (number, number + 1))
    return tuple(cpus[begin:end])
