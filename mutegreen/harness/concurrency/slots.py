"""Assign GPUs, CPUs and thread counts to concurrent trainings."""

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
"""Variables that set the number of threads of OpenMP, MKL, OpenBLAS, numexpr and TensorFlow."""

VISIBLE_GPUS = "CUDA_VISIBLE_DEVICES"


@dataclass(frozen=True)
class Slot:
    """The devices that one training at a time may use.

    Attributes:
        gpu: Domain of the one GPU that it may use (`gpu:<uuid>`); None: not restricted.
        cpus: The CPUs that it may use; empty: all.
    """

    gpu: str | None = None
    cpus: tuple[int, ...] = ()

    def variables(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that keep a training in this slot.

        Args:
            environment: The training's environment. Thread counts that the user has set there stay.
        """
        visible = {VISIBLE_GPUS: domain_device(self.gpu)} if self.gpu else {}
        unset = [name for name in THREAD_VARIABLES if name not in environment]
        return visible | (dict.fromkeys(unset, str(len(self.cpus))) if self.cpus else {})

    def domains(self, every: Sequence[str]) -> frozenset[str] | None:
        """Return the domains that a training in this slot uses: of the GPUs only its own; None: all."""
        if self.gpu is None:
            return None
        return frozenset(domain for domain in every if not is_gpu(domain) or domain == self.gpu)


# Guarantees:
#   - With at least as many CPUs as slots, no CPU is in two slots, every CPU is in one, and the numbers of CPUs of two
#     slots differ by one at most.
#   - With fewer CPUs than slots, each slot has one CPU, and several slots share it.
#   - Slot n gets GPU n modulo the number of GPUs, so every GPU has `jobs` slots.
# Relies on:
#   - The set of usable CPUs (`sched_getaffinity`) does not change while an audit runs.
def slots(jobs: int, domains: Sequence[str]) -> tuple[Slot, ...]:
    """Return `jobs` slots for each GPU, or for the CPUs of a machine without one.

    CPUs are divided evenly among the slots, so that trainings do not compete for them. A single slot has all CPUs and
    sets no variables.

    Args:
        jobs: Trainings at a time on one device.
        domains: All measured domains; the GPUs among them are used.
    """
    gpus: list[str | None] = [*sorted(d for d in domains if is_gpu(d))] or [None]
    cpus = sorted(os.sched_getaffinity(0))
    count = jobs * len(gpus)
    if count == 1:
        return (Slot(),)
    return tuple(Slot(gpus[n % len(gpus)], _cpu_share(cpus, n, count)) for n in range(count))


def _cpu_share(cpus: Sequence[int], number: int, count: int) -> tuple[int, ...]:
    """Return the CPUs of slot `number` of `count`."""
    if count >= len(cpus):
        return (cpus[number % len(cpus)],)
    begin, end = (len(cpus) * edge // count for edge in (number, number + 1))
    return tuple(cpus[begin:end])
