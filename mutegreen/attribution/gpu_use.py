"""Read from NVML which processes keep a GPU busy, and how much of its memory they use.

The driver samples a GPU about six times a second, and at least once a second: the part of the time that it was busy,
and the process that was active at that moment (NVIDIA/open-gpu-kernel-modules, ctrl2080perf.h,
NV2080_CTRL_PERF_GPUMON_ENGINE_UTIL_SAMPLE; the driver keeps 72 samples). For each process, NVML returns the mean over
all samples after a given time, and the time of the process's last sample. If processes take turns, the values of one
second are therefore rough, and those of a minute are good:

    samples    |   a   a   b   a   b   b   a   |         a, b: the active process
               since                       now
    NVML for b         mean over all 7 samples (3/7 of a fully busy GPU), and the time of the last b
    busy_s of b        mean x (time of the newest sample - since), booked from `since` to the last b
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from mutegreen.clock import Clock
from mutegreen.meters.nvml.library import LACKING, Fault, Gpu, Nvml, ProcessUse

LOOK_BACK_S = 2.0
"""Age of the oldest samples that are requested, seconds; older ones must not count if the GPU was idle."""

FULL = 100
"""Per cent. Some drivers report more, with ids of no process (Syllo/nvtop issue 110)."""


@dataclass(frozen=True)
class GpuBusy:
    """From `begin_s` to `end_s`, a process kept a GPU busy for `busy_s` seconds."""

    domain: str
    pid: int
    begin_s: float
    end_s: float
    busy_s: float


@dataclass
class _GpuState:
    gpu: Gpu
    since_us: int
    is_blind: bool = False
    has_no_memory: bool = False


# Guarantees:
#   - An error of one GPU does not affect the others. A final error, or a function that the driver lacks, is noted once
#     and not asked again; any other error is noted and tried again.
#   - Each sample is counted once: a reading asks for samples after the newest one of the reading before.
# Relies on:
#   - The driver's time stamps are on the wall clock. If that clock is set, samples of at most `LOOK_BACK_S` are lost
#     or counted again.
#   - One thread at a time uses this (the ledger's lock). Exception: threads may call `memory` at the same time. NVML
#     allows it, and each change of state is one assignment.
class GpuUse:
    """Reads from NVML what processes do on GPUs.

    Args:
        nvml: NVML, initialised; it is closed with this object.
        gpus: The GPUs by domain.
        clock: The clock of the returned times.
        wall_clock: The clock of the driver's time stamps: seconds since 1970.
    """

    def __init__(
        self, nvml: Nvml, gpus: dict[str, Gpu], *, clock: Clock = time.monotonic, wall_clock: Clock = time.time
    ) -> None:
        self._nvml, self._clock, self._wall_clock = nvml, clock, wall_clock
        self._asked = {domain: _GpuState(gpu, _us(wall_clock())) for domain, gpu in gpus.items()}
        self._notes: dict[str, str] = {}

    @classmethod
    def open(cls, domains: Collection[str], *, clock: Clock = time.monotonic, wall_clock: Clock = time.time) -> Self:
        """Open the GPUs of these domains.

        Raises:
            MeterUnavailable: There is no driver.
            MeterPermissionError: The driver may not be used.
            Fault: The driver does not list the GPUs.
        """
        nvml = Nvml()
        try:
            gpus = {f"gpu:{gpu.uuid}": gpu for gpu in nvml.gpus() if isinstance(gpu, Gpu)}
        except Fault:
            nvml.close()
            raise
        used = {domain: gpu for domain, gpu in gpus.items() if domain in domains}
        return cls(nvml, used, clock=clock, wall_clock=wall_clock)

    def read(self) -> list[GpuBusy]:
        """Return the use of the GPUs since the last reading."""
        uses: list[GpuBusy] = []
        for domain, state in self._asked.items():
            if not state.is_blind:
                try:
                    uses += self._read(domain, state)
                except Fault as fault:
                    state.is_blind = self._fail(domain, "which processes keep it busy", fault)
        return uses

    def memory(self) -> dict[str, dict[int, int]]:
        """Return the bytes in use now, by domain and process id, where they are known."""
        used_bytes: dict[str, dict[int, int]] = {}
        for domain, state in self._asked.items():
            if not state.has_no_memory:
                try:
                    used_bytes[domain] = self._nvml.process_memory(state.gpu)
                except Fault as fault:
                    state.has_no_memory = self._fail(domain, "how much of its memory each process uses", fault)
        return used_bytes

    def free(self) -> dict[str, int]:
        """Return the free bytes, by domain, where they are known."""
        free_bytes: dict[str, int] = {}
        for domain, state in self._asked.items():
            try:
                free_bytes[domain] = self._nvml.free_memory(state.gpu)
            except Fault as fault:
                self._fail(domain, "how much of its memory is free", fault)
        return free_bytes

    def notes(self) -> tuple[str, ...]:
        """Return what the driver does not report, in one sentence each."""
        return tuple(self._notes.values())

    def close(self) -> None:
        """Close NVML."""
        self._nvml.close()

    def _read(self, domain: str, state: _GpuState) -> list[GpuBusy]:
        now_us = _us(self._wall_clock())
        since_us = state.since_us
        if not now_us - _us(LOOK_BACK_S) <= since_us <= now_us:
            # This also covers a wall clock that was set: otherwise no time stamp would be new for long.
            since_us = now_us - _us(LOOK_BACK_S)
        samples = self._nvml.process_use(state.gpu, since_us)
        now_s, now_us = self._clock(), _us(self._wall_clock())
        uses = [use for use in samples if since_us < use.t_us <= now_us and 0 < use.sm_percent <= FULL]
        if not uses:
            return []
        state.since_us = max(use.t_us for use in uses)
        begin_s, length_s = now_s - (now_us - since_us) / 1e6, (state.since_us - since_us) / 1e6
        return [_busy(domain, use, begin_s, since_us, length_s) for use in uses]

    def _fail(self, domain: str, what: str, fault: Fault) -> bool:
        """Note a failure, and return whether not to ask again."""
        self._notes[f"{domain} {what}"] = f"{domain} does not report {what}: {fault}."
        return fault.is_final or fault.code in LACKING


def _busy(domain: str, use: ProcessUse, begin_s: float, since_us: int, length_s: float) -> GpuBusy:
    """Return a process's use up to its last sample; the mean covers all samples, also later ones."""
    end_s = begin_s + (use.t_us - since_us) / 1e6
    return GpuBusy(domain, use.pid, begin_s, end_s, use.sm_percent / 100 * length_s)


def _us(seconds: float) -> int:
    return round(seconds * 1e6)
