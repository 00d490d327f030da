"""A meter of NVIDIA GPUs: it reads each GPU's energy counter, or integrates its power if it has none.

    open       read   read   read  ...            the recorder, every 0.1 s and at the edges of windows
    |-------|---r------r------r----->
     probe    s s s s s s s s s s s               the sampler, every 12.5 to 20 ms, only GPUs that need it

Guarantees:
    - A GPU that fails does not affect the readings of the others.
    - `close` ends the sampler before it shuts NVML down. If the driver hangs, it leaves both as they are.

Relies on:
    - One lock (`_lock`) around every use of the gauges, by `read` and by the sampler.
    - The sampler holding a weak reference: a meter that is never closed can be collected, which ends the thread.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Protocol

from typing_extensions import override

from mutegreen.clock import Clock
from mutegreen.errors import MeterError, MeterPermissionError, MeterUnavailable, UsageError
from mutegreen.meters.base import Meter, Reading
from mutegreen.meters.nvml.devices import VISIBLE, visible_gpus
from mutegreen.meters.nvml.gauge import Gauge, best_gauge
from mutegreen.meters.nvml.library import NO_PERMISSION, PERMISSION, Fault, Gpu, Nvml
from mutegreen.meters.nvml.sampler import SamplerThread
from mutegreen.model import Flag, Unavailable

SAMPLE_S = 0.0125
"""Time between two samples, seconds, of power and of counters that are updated rarely. The steps of a square wave and
the updates of a counter are then known to 12.5 ms, which an error of 1 % in two seconds requires."""

MAX_SAMPLE_S = 0.02
"""The same if a sample takes much CPU time."""

CPU_SHARE = 0.01
"""Fraction of one CPU that the sampler should take at most, without the cost of waking up."""

PROBE_S = 0.5
"""How long `open` probes the GPUs at most, seconds, to compare counters with power."""

PROBE_READ_S = 0.01
"""Time between two readings while probing, seconds."""

MIN_PROBE_READS = 5
"""Fewest readings while probing, to know the cost of a reading."""

LOST_AFTER_S = 3.0
"""A GPU that could not be read for this time, seconds, is lost."""


class Sampler(Protocol):
    """Samples the GPUs periodically, as `SamplerThread` does."""

    def stop(self) -> bool:
        """Stop sampling; return whether it has stopped."""


class NvmlMeter(Meter):
    """Measures the energy of the GPUs that a training will see, through NVML.

    A GPU is measured as a whole, whichever programs use it; a GPU with MIG instances is flagged `WHOLE_DEVICE`. How the
    energy of each GPU is obtained is found by trying, and is in `quality`.

    Args:
        environ: The environment of the training, for CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER.
        clock: The clock of the readings.
        cpu_clock: CPU time of this thread, seconds.
        sleep: Waits for a number of seconds.
        start_sampler: Starts to call a function with a period in seconds.
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

    @override
    @classmethod
    def from_options(cls, options: str) -> NvmlMeter:
        """Return the meter, not open.

        Raises:
            UsageError: An option is given; the meter has none.
        """
        if options:
            hint = "it has no options; CUDA_VISIBLE_DEVICES selects GPUs"
            raise UsageError(f"nvml: unknown option {options!r}", hint)
        return cls()

    @override
    def open(self) -> None:
        """Find the GPUs and how to read each, and probe them for at most half a second.

        Raises:
            MeterUnavailable: There is no driver, no GPU that CUDA would show, or none that can be read.
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

    @override
    def read(self) -> Reading:
        """Read the joules of every GPU; a GPU that fails does not affect the others."""
        if self._nvml is None:
            raise RuntimeError("the meter is not open")
        with self._lock:
            return self._read()

    @override
    def close(self) -> None:
        """Stop the sampler and shut NVML down, unless the driver hangs."""
        nvml, self._nvml = self._nvml, None
        sampler, self._sampler = self._sampler, None
        if sampler is not None and not sampler.stop():
            return
        if nvml is not None:
            nvml.close()

    def _find(self, nvml: Nvml) -> None:
        gpus = nvml.gpus()
        gpus_seen = visible_gpus(gpus, self._environ, nvml.parent_of)
        faults = {} if VISIBLE in self._environ else {f"GPU {n}": f for n, f in enumerate(gpus) if isinstance(f, Fault)}
        self._gauges: dict[str, Gauge] = {}
        for gpu in gpus_seen:
            try:
                self._gauges[f"gpu:{gpu.uuid}"] = best_gauge(nvml, gpu)
            except Fault as fault:
                faults[f"GPU {gpu.number} ({gpu.name}, {gpu.uuid})"] = fault
        if not self._gauges:
            raise _unreadable(faults)
        self.unavailable = tuple(_unavailable(which, fault) for which, fault in faults.items())
        self._set_up(gpus_seen)

    def _set_up(self, gpus: Iterable[Gpu]) -> None:
        self.domains = tuple(self._gauges)
        self.quality = {domain: gauge.quality for domain, gauge in self._gauges.items()}
        split = {f"gpu:{gpu.uuid}" for gpu in gpus if gpu.is_split}
        self._fixed_flags = {d: frozenset({Flag.WHOLE_DEVICE} if d in split else ()) for d in self.domains}
        self._zero_j = dict.fromkeys(self.domains, 0.0)
        self._lost: dict[str, str] = {}
        self._failing_since_s: dict[str, float] = {}

    def _probe(self) -> None:
        """Find out whether counters agree with power, how often they are updated, and what a reading costs."""
        end_s = self._clock() + PROBE_S
        spent_s, reads = 0.0, 0
        while reads < MIN_PROBE_READS or (
            self._clock() < end_s and not all(g.is_probed for g in self._gauges.values())
        ):
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
        """Sample the GPUs that need it. A failure is left to the next reading, which handles it."""
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
                reading = self._gauges[domain].read(t_s)
            except Fault as fault:
                self._fail(domain, fault, t_s, failed)
                continue
            self._failing_since_s.pop(domain, None)
            energy_j[domain] = reading.energy_j - self._zero_j[domain]
            flags[domain] = reading.flags | self._fixed_flags[domain]
            if reading.unknown:
                unknown[domain] = reading.unknown
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
        return "look for its errors in the kernel's log (dmesg), and restart the machine"
    return "a newer driver may report its energy; virtual GPUs often report neither energy nor power"


def _unreadable(faults: Mapping[str, Fault]) -> MeterError:
    message = "; ".join(f"{which} cannot be read: {fault}" for which, fault in faults.items())
    remedy = "; ".join(dict.fromkeys(map(_remedy, faults.values())))
    refused = all(fault.code == NO_PERMISSION for fault in faults.values())
    return (MeterPermissionError if refused else MeterUnavailable)(message, remedy)
