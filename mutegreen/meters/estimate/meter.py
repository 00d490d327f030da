"""A meter that estimates the energy of CPU and memory from busy CPU time, without any hardware counter.

The model, for a window of t seconds:

    E_cpu  = P_idle t + (P_full - P_idle) b / n
    E_dram = P_mem t

    n                the CPUs that this process may use (`cpu_share`): logical CPUs, or a cgroup's quota
    b                their busy time in the window over all programs (with a quota: of the cgroup), 0 <= b <= n t
    P_idle, P_full   power of these CPUs when idle and when all of them are busy, watts
    P_mem            power of the memory, watts, whether it is used or not

With u = b / (n t), the mean busy fraction, the first equation is E_cpu = t (P_idle + (P_full - P_idle) u): power is
linear in the load. By default the powers are published means per CPU and per gibibyte; `mutegreen calibrate` fits them
to a machine.

Limits: The model uses CPU time and duration only. It ignores clock frequency, the kind of instructions, memory
traffic and GPUs, so two mutants with the same CPU time and duration get the same energy. docs/metering.md says what the
values include and how large their errors can be.

Source: Cloud Carbon Footprint, `packages/aws/src/domain/AwsFootprintEstimationConstants.ts` (MIN_WATTS_AVG,
MAX_WATTS_AVG, MEMORY_COEFFICIENT) and `microsite/docs/Methodology.md`, sections Compute and Memory, of the
repository cloud-carbon-footprint/cloud-carbon-footprint.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

from typing_extensions import override

from mutegreen.clock import Clock
from mutegreen.errors import MeterUnavailable, UsageError
from mutegreen.meters.base import Meter, Reading
from mutegreen.meters.estimate.cpu_time import GIB, TICKS_PER_S, CpuShare, cpu_share, memory_bytes, total_s
from mutegreen.model import Quality

IDLE_W_PER_CPU = 0.74
"""Power of an idle logical CPU with its part of the server, watts: the mean of the SPECpower results of servers with
the processors that AWS uses."""

FULL_W_PER_CPU = 3.5
"""The same at full load, watts."""

MEMORY_W_PER_GIB = 0.392
"""Power of a gibibyte of memory, watts: 0.000392 kWh per gigabyte and hour."""

CPU = "cpu:package-0"
DRAM = "dram:package-0"

PROGRESS_WAIT_S = 0.02
"""How long to wait for /proc/stat to change, seconds; it usually changes 100 times a second for each CPU."""

PROGRESS_TRIES = 10

HINT = "the options are powers in watts: estimate:idle_w=20,full_w=120,memory_w=3"


class EstimateMeter(Meter):
    """Estimates CPU energy by linear interpolation between idle and full power, and memory energy by a constant power.

    The module's docstring has the equations. All programs on these CPUs count, as with a hardware counter;
    with a cgroup's quota, all programs of the cgroup.

    Args:
        idle_w: Power of the CPUs when idle, watts; None: the published mean times their number.
        full_w: Their power when all of them are busy, watts; None: the published mean times their number.
        memory_w: Power of the memory, watts; None: the published mean times its size.
        root: The folder that holds `proc` and `sys`.
        clock: The clock of the readings.
        sleep: Waits for a number of seconds.

    Raises:
        UsageError: A power is negative or not a number.
    """

    name = "estimate"
    OPTIONS = ("idle_w", "full_w", "memory_w")

    def __init__(
        self,
        idle_w: float | None = None,
        full_w: float | None = None,
        memory_w: float | None = None,
        *,
        root: Path = Path("/"),
        clock: Clock = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._options_w = (idle_w, full_w, memory_w)
        for option, power_w in zip(self.OPTIONS, self._options_w, strict=True):
            if power_w is not None and not (math.isfinite(power_w) and power_w >= 0):
                raise UsageError(f"estimate: {option}={power_w} is not a power in watts", HINT)
        self._root, self._clock, self._sleep = root, clock, sleep
        self.resolution_s = 1 / TICKS_PER_S
        self._share: CpuShare | None = None

    @override
    @classmethod
    def from_options(cls, options: str) -> EstimateMeter:
        """Return the meter with the powers of a text such as `idle_w=20,full_w=120`, not open.

        Raises:
            UsageError: An option does not exist, or its value is not a power.
        """
        powers: dict[str, float] = {}
        for option in filter(None, options.split(",")):
            key, _, text = (part.strip() for part in option.partition("="))
            if key not in cls.OPTIONS:
                raise UsageError(f"estimate: unknown option {key!r}", HINT)
            try:
                powers[key] = float(text)
            except ValueError:
                raise UsageError(f"estimate: {key}={text} is not a number", HINT) from None
        return cls(*(powers.get(option) for option in cls.OPTIONS))

    @override
    def open(self) -> None:
        """Find the CPUs and the memory, and check that the kernel counts CPU time.

        Raises:
            MeterUnavailable: This system does not count CPU time as Linux does.
            UsageError: The idle power is greater than the full power.
        """
        try:
            self._check_progress()
            share = cpu_share(self._root)
            self._busy_s = share.busy_s()
            self._set_powers(share.cpus, memory_bytes(self._root) / GIB)
        except (OSError, ValueError) as error:
            raise MeterUnavailable(f"estimate: the busy CPU time cannot be read: {error}") from error
        self._share = share
        self._opened_s = self._clock()
        self._total_busy_s = 0.0
        self.domains = (CPU, DRAM)
        self.quality = dict.fromkeys(self.domains, Quality.ESTIMATED)

    @override
    def read(self) -> Reading:
        """Return the energies so far. If CPU time can no longer be read, the CPU is lost; the memory is not."""
        if self._share is None:
            raise RuntimeError("the meter is not open")
        t_s = self._clock()
        elapsed_s = t_s - self._opened_s
        dram = {DRAM: self._memory_w * elapsed_s}
        try:
            self._count(self._share.busy_s())
        except (OSError, ValueError) as error:
            return Reading(t_s, dram, lost={CPU: f"the busy CPU time can no longer be read: {error}"})
        cpu_j = self._idle_w * elapsed_s + self._w_per_busy_cpu * self._total_busy_s
        return Reading(t_s, {CPU: cpu_j} | dram)

    @override
    def close(self) -> None:
        self._share = None

    def _count(self, busy_s: dict[str, float]) -> None:
        # Each part alone: a CPU that is taken offline leaves the list, and returns with its old count.
        growth_s = (now_s - self._busy_s.get(part, now_s) for part, now_s in busy_s.items())
        self._total_busy_s += sum(max(0.0, seconds) for seconds in growth_s)
        self._busy_s |= busy_s

    def _set_powers(self, cpus: float, memory_gib: float) -> None:
        defaults = (IDLE_W_PER_CPU * cpus, FULL_W_PER_CPU * cpus, MEMORY_W_PER_GIB * memory_gib)
        pairs = zip(self._options_w, defaults, strict=True)
        self._idle_w, full_w, self._memory_w = (default if w is None else w for w, default in pairs)
        if full_w < self._idle_w:
            raise UsageError(f"estimate: idle_w ({self._idle_w:g} W) is greater than full_w ({full_w:g} W)", HINT)
        self._w_per_busy_cpu = (full_w - self._idle_w) / cpus

    def _check_progress(self) -> None:
        before_s = total_s(self._root)
        for _ in range(PROGRESS_TRIES):
            self._sleep(PROGRESS_WAIT_S)
            if total_s(self._root) > before_s:
                return
        raise MeterUnavailable(
            "estimate: /proc/stat counts no CPU time here, as in some containers",
            "run outside the container",
        )
