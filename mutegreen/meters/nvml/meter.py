"""A meter of NVIDIA GPUs: each one's own counter of joules, or its power integrated where it has none."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Protocol

from mutegreen.clock import Clock
from mutegreen.errors import MeterError, MeterPermissionError, MeterUnavailable, UsageError
from mutegreen.meters.base import Meter, Reading
from mutegreen.meters.nvml.devices import VISIBLE, visible_gpus
from mutegreen.meters.nvml.gauge import Gauge, gauge
from mutegreen.meters.nvml.library import NO_PERMISSION, PERMISSION, Fault, Gpu, Nvml
from mutegreen.meters.nvml.sampler import SamplerThread
from mutegreen.model import Flag, Unavailable

SAMPLE_S = 0.0125
"""Time between two looks, seconds, at power and at counters that are updated rarely: the steps of a square wave, and
the moments of the counter's updates, are then known to 12.5 ms, which is what 1 % of two seconds takes."""

MAX_SAMPLE_S = 0.02
"""The same where looking costs much."""

CPU_SHARE = 0.01
"""What looking should take of one CPU; waking up for it comes on top."""

PROBE_S = 0.5
"""How long `open` watches the GPUs at most, seconds, to compare counters with power."""

PROBE_READ_S = 0.01
"""Time between two readings meanwhile, seconds."""

MIN_PROBE_READS = 5
"""How often it reads them at least, to know what a reading costs."""

LOST_AFTER_S = 3.0
"""A GPU that could not be read for so long is lost."""


class Sampler(Protocol):
    """What looks at the GPUs, as `SamplerThread` does."""

    def stop(self) -> bool:
        """Look no more; returns whether that came about."""


class NvmlMeter(Meter):
    """Joules of the GPUs that a training will see, through NVML.

    A GPU is measured as a whole, whoever uses it; one divided into MIG instances is flagged `WHOLE_DEVICE`. How a
    GPU's joules are come by is found by trying, one by one, and is in `quality`.

    Args:
        environ: The environment of the training, for CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER.
        clock: The clock of the readings.
        cpu_clock: CPU time of this thread, seconds.
        sleep: Waits for that many seconds.
        start_sampler: Starts to call a function every so many seconds.
    """

    name = "nvml"

    def __init__(
        self,
        environ: Mapping[str, str] = os.environ,
        *,
        clock: Clock = time.monotonic,
        cpu_clock: Clock = time.thread_time,
        sleep: Callable[[float], None] = time.sleep,
        start_sampler: Callable[[Callable[[], None], float], Sampler] = SamplerThread,
    ) -> None:
        self._environ = environ
        self._clock, self._cpu_clock, self._sleep, self._start_sampler = clock, cpu_clock, sleep, start_sampler
        self.resolution_s = SAMPLE_S
        self._lock = threading.Lock()
        self._nvml: Nvml | None = None
        self._sampler: Sampler | None = None

    @classmethod
    def from_options(cls, options: str) -> NvmlMeter:
        """The meter, not open.

        Raises:
            UsageError: It has no options.
        """
        if options:
            hint = "it takes none; CUDA_VISIBLE_DEVICES chooses GPUs"
            raise UsageError(f"nvml: there is no option {options!r}", hint)
        return cls()

    def open(self) -> None:
        """Find the GPUs, find out how to read each, and watch them for half a second at most.

        Raises:
            MeterUnavailable: No driver, no GPU that CUDA would show, or none that can be read.
            MeterPermissionError: The GPUs are there but may not be read.
        """
        nvml = Nvml()
        try:
            self._find(nvml)
            self._probe()
        except BaseException:
            nvml.close()
            raise
        self._nvml = nvml
        if self._sampled:
            self._sampler = self._start_sampler(self._sample, self._sample_s)

    def read(self) -> Reading:
        """The joules of every GPU; one that fails does not take the others along."""
        if self._nvml is None:
            raise RuntimeError("the meter is not open")
        with self._lock:
            return self._read()

    def close(self) -> None:
        """Let NVML go, unless the driver hangs."""
        nvml, self._nvml = self._nvml, None
        sampler, self._sampler = self._sampler, None
        if sampler is not None and not sampler.stop():
            return
        if nvml is not None:
            nvml.close()

    def _find(self, nvml: Nvml) -> None:
        gpus = nvml.gpus()
        chosen = visible_gpus(gpus, self._environ, nvml.parent_of)
        faults = {} if VISIBLE in self._environ else {f"GPU {n}": f for n, f in enumerate(gpus) if isinstance(f, Fault)}
        self._gauges: dict[str, Gauge] = {}
        for gpu in chosen:
            try:
                self._gauges[f"gpu:{gpu.uuid}"] = gauge(nvml, gpu)
            except Fault as fault:
                faults[f"GPU {gpu.number} ({gpu.name}, {gpu.uuid})"] = fault
        if not self._gauges:
            raise _unreadable(faults)
        self.unavailable = tuple(_unavailable(which, fault) for which, fault in faults.items())
        self._set_up(chosen)

    def _set_up(self, gpus: Iterable[Gpu]) -> None:
        self.domains = tuple(self._gauges)
        self.quality = {domain: gauge.quality for domain, gauge in self._gauges.items()}
        split = {f"gpu:{gpu.uuid}" for gpu in gpus if gpu.is_split}
        self._always = {d: frozenset({Flag.WHOLE_DEVICE} if d in split else ()) for d in self.domains}
        self._zero_j = dict.fromkeys(self.domains, 0.0)
        self._lost: dict[str, str] = {}
        self._failing_since_s: dict[str, float] = {}

    def _probe(self) -> None:
        """Watch the GPUs: do counters agree with power, how often are they updated, what does a reading cost."""
        end_s = self._clock() + PROBE_S
        spent_s, reads = 0.0, 0
        while reads < MIN_PROBE_READS or (self._clock() < end_s and not all(g.decided for g in self._gauges.values())):
            before_s = self._cpu_clock()
            self._read()
            spent_s += self._cpu_clock() - before_s
            reads += 1
            self._sleep(PROBE_READ_S)
        self._zero_j |= self._read().energy_j
        self._sampled = [domain for domain, gauge in self._gauges.items() if not gauge.is_fresh]
        sampled_share = len(self._sampled) / len(self._gauges)
        self._sample_s = min(max(SAMPLE_S, spent_s / reads * sampled_share / CPU_SHARE), MAX_SAMPLE_S)
        self.resolution_s = max(SAMPLE_S, *(gauge.resolution_s for gauge in self._gauges.values()))

    def _sample(self) -> None:
        """Look at the GPUs that need it. What fails is left to the next reading, which knows what to do about it."""
        with self._lock:
            for domain in self._sampled:
                if domain not in self._lost:
                    with suppress(Exception):
                        self._gauges[domain].sample(self._clock())

    def _read(self) -> Reading:
        t_s = self._clock()
        energy_j: dict[str, float] = {}
        flags: dict[str, frozenset[Flag]] = {}
        failed: dict[str, str] = {}
        unknown: dict[str, str] = {}
        for domain in self.domains:
            if domain in self._lost:
                continue
            try:
                gauged = self._gauges[domain].read(t_s)
            except Fault as fault:
                self._fail(domain, fault, t_s, failed)
                continue
            self._failing_since_s.pop(domain, None)
            energy_j[domain] = gauged.energy_j - self._zero_j[domain]
            flags[domain] = gauged.flags | self._always[domain]
            if gauged.unknown:
                unknown[domain] = gauged.unknown
        return Reading(t_s, energy_j, dict(self._lost), flags, failed, unknown)

    def _fail(self, domain: str, fault: Fault, t_s: float, failed: dict[str, str]) -> None:
        since_s = self._failing_since_s.setdefault(domain, t_s)
        if fault.is_final or t_s - since_s >= LOST_AFTER_S:
            self._lost[domain] = f"the GPU was lost: {fault}"
        else:
            failed[domain] = f"the GPU could not be read: {fault}"


def _unavailable(which: str, fault: Fault) -> Unavailable:
    return Unavailable("nvml", f"{which} cannot be read: {fault}", _remedy(fault))


def _remedy(fault: Fault) -> str:
    if fault.code == NO_PERMISSION:
        return PERMISSION
    if fault.is_final:
        return "see the kernel's log (dmesg) for what happened to it; restart the machine"
    return "a newer driver may tell its energy; a virtual GPU often tells neither energy nor power"


def _unreadable(faults: Mapping[str, Fault]) -> MeterError:
    message = "; ".join(f"{which} cannot be read: {fault}" for which, fault in faults.items())
    remedy = "; ".join(dict.fromkeys(map(_remedy, faults.values())))
    refused = all(fault.code == NO_PERMISSION for fault in faults.values())
    return (MeterPermissionError if refused else MeterUnavailable)(message, remedy)
