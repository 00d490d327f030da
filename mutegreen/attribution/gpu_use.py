"""Which processes keep a GPU busy, and how much of its memory they use, as NVML tells it.

The driver samples a GPU about six times a second, and at least once a second: how much of the time it was busy, and
which process was active at that moment (NVIDIA/open-gpu-kernel-modules, ctrl2080perf.h,
NV2080_CTRL_PERF_GPUMON_ENGINE_UTIL_SAMPLE; it keeps 72 samples). NVML gives the mean of each process's over the samples
after a given one, all of them, and the time of its last. So a second's figures of processes that take turns are
rough, and those of a minute are good.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from mutegreen.clock import Clock
from mutegreen.meters.nvml.library import LACKING, Fault, Gpu, Nvml, ProcessUse

LOOK_BACK_S = 2.0
"""Samples of so long are asked for at most, seconds, so that old ones do not count where a GPU stood idle."""

FULL = 100
"""Per cent. Drivers were seen to give more, with numbers of no process (Syllo/nvtop issue 110)."""


@dataclass(frozen=True)
class GpuBusy:
    """From `begin_s` to `end_s` a process kept a GPU busy for so many seconds."""

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


class GpuUse:
    """Asks NVML what processes do on GPUs. What fails for one GPU leaves the others alone.

    Args:
        nvml: NVML, initialised; it is closed with this.
        gpus: The GPUs by domain.
        clock: The clock that the figures are to be on.
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
        """Return the use of the GPUs of these domains.

        Raises:
            MeterUnavailable: There is no driver.
            MeterPermissionError: It may not be used.
            Fault: It does not say which GPUs there are.
        """
        nvml = Nvml()
        try:
            gpus = {f"gpu:{gpu.uuid}": gpu for gpu in nvml.gpus() if isinstance(gpu, Gpu)}
        except Fault:
            nvml.close()
            raise
        found = {domain: gpu for domain, gpu in gpus.items() if domain in domains}
        return cls(nvml, found, clock=clock, wall_clock=wall_clock)

    def read(self) -> list[GpuBusy]:
        """Return what the processes did since the last reading."""
        found: list[GpuBusy] = []
        for domain, state in self._asked.items():
            if not state.is_blind:
                try:
                    found += self._read(domain, state)
                except Fault as fault:
                    state.is_blind = self._fail(domain, "which processes keep it busy", fault)
        return found

    def memory(self) -> dict[str, dict[int, int]]:
        """Bytes in use now, by domain and number of the process, where they are known."""
        found: dict[str, dict[int, int]] = {}
        for domain, state in self._asked.items():
            if not state.has_no_memory:
                try:
                    found[domain] = self._nvml.process_memory(state.gpu)
                except Fault as fault:
                    state.has_no_memory = self._fail(domain, "how much of its memory each process uses", fault)
        return found

    def free(self) -> dict[str, int]:
        """Bytes that nothing uses now, by domain, where they are known."""
        found: dict[str, int] = {}
        for domain, state in self._asked.items():
            try:
                found[domain] = self._nvml.free_memory(state.gpu)
            except Fault as fault:
                self._fail(domain, "how much of its memory is free", fault)
        return found

    def notes(self) -> tuple[str, ...]:
        """Return what is not told, each in one sentence."""
        return tuple(self._notes.values())

    def close(self) -> None:
        """Let NVML go."""
        self._nvml.close()

    def _read(self, domain: str, state: _GpuState) -> list[GpuBusy]:
        now_us = _us(self._wall_clock())
        since_us = state.since_us
        if not now_us - _us(LOOK_BACK_S) <= since_us <= now_us:
            # So too where the clock was set: no time stamp would be new for long.
            since_us = now_us - _us(LOOK_BACK_S)
        told = self._nvml.process_use(state.gpu, since_us)
        now_s, now_us = self._clock(), _us(self._wall_clock())
        uses = [use for use in told if since_us < use.t_us <= now_us and 0 < use.sm_percent <= FULL]
        if not uses:
            return []
        state.since_us = max(use.t_us for use in uses)
        begin_s, length_s = now_s - (now_us - since_us) / 1e6, (state.since_us - since_us) / 1e6
        return [_busy(domain, use, begin_s, since_us, length_s) for use in uses]

    def _fail(self, domain: str, what: str, fault: Fault) -> bool:
        """Note a failure; returns whether to ask no more."""
        self._notes[f"{domain} {what}"] = f"{domain} does not tell {what}: {fault}."
        return fault.is_final or fault.code in LACKING


def _busy(domain: str, use: ProcessUse, begin_s: float, since_us: int, length_s: float) -> GpuBusy:
    """Return a process's use up to its last sample; the mean is over all samples, also those after it."""
    end_s = begin_s + (use.t_us - since_us) / 1e6
    return GpuBusy(domain, use.pid, begin_s, end_s, use.sm_percent / 100 * length_s)


def _us(seconds: float) -> int:
    return round(seconds * 1e6)
