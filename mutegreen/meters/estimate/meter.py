"""A meter that estimates the energy of CPU and memory from busy CPU time: no hardware is asked.

Sources: Cloud Carbon Footprint, `packages/aws/src/domain/AwsFootprintEstimationConstants.ts` (MIN_WATTS_AVG,
MAX_WATTS_AVG, MEMORY_COEFFICIENT) and `microsite/docs/Methodology.md`, sections Compute and Memory, of the
repository cloud-carbon-footprint/cloud-carbon-footprint. What the figures hold and how far off they may be is in
docs/metering.md.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

from mutegreen.clock import Clock
from mutegreen.errors import MeterUnavailable, UsageError
from mutegreen.meters.base import Meter, Reading
from mutegreen.meters.estimate.cpu_time import GIB, TICKS_PER_S, CpuShare, cpu_share, memory_bytes, total_s
from mutegreen.model import Quality

IDLE_W_PER_CPU = 0.74
"""Power of an idle logical CPU with its share of the server, watts: mean of the SPECpower results of servers
with the processors that AWS uses."""

FULL_W_PER_CPU = 3.5
"""The same at full load, watts."""

MEMORY_W_PER_GIB = 0.392
"""Power of a gibibyte of memory, watts: 0.000392 kWh for each gigabyte and hour."""

CPU = "cpu:package-0"
DRAM = "dram:package-0"

PROGRESS_WAIT_S = 0.02
"""How long /proc/stat is given to count on; it counts 100 times a second for each CPU, as a rule."""

PROGRESS_TRIES = 10

HINT = "give all three as watts: estimate:idle_w=20,full_w=120,memory_w=3"


class EstimateMeter(Meter):
    """Energy from a straight line between idle and full load, and constant power of memory.

    Over t seconds in which the n CPUs were busy for b seconds in all, a CPU domain takes
    `idle_w * t + (full_w - idle_w) * b / n` joules, and the memory `memory_w * t`. All programs on these CPUs
    count, as with a hardware counter. Which CPUs that are is said at `cpu_share`.

    Args:
        idle_w: Power of these CPUs when idle, watts; None: the published mean.
        full_w: Their power with all of them busy, watts; None: the published mean.
        memory_w: Power of the memory, watts; None: the published mean by its size.
        root: The folder that holds `proc` and `sys`.
        clock: The clock of the readings.
        sleep: Waits for that many seconds.

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
        self._given = (idle_w, full_w, memory_w)
        for option, power_w in zip(self.OPTIONS, self._given, strict=True):
            if power_w is not None and not (math.isfinite(power_w) and power_w >= 0):
                raise UsageError(f"estimate: {option}={power_w} is not a power in watts", HINT)
        self._root, self._clock, self._sleep = root, clock, sleep
        self.resolution_s = 1 / TICKS_PER_S
        self._share: CpuShare | None = None

    @classmethod
    def from_options(cls, options: str) -> EstimateMeter:
        """The estimate with the powers of a text such as `idle_w=20,full_w=120`, not open.

        Raises:
            UsageError: There is no such option, or its value is not a power.
        """
        powers: dict[str, float] = {}
        for option in filter(None, options.split(",")):
            key, _, text = (part.strip() for part in option.partition("="))
            if key not in cls.OPTIONS:
                raise UsageError(f"estimate: there is no option {key!r}", HINT)
            try:
                powers[key] = float(text)
            except ValueError:
                raise UsageError(f"estimate: {key}={text} is not a number", HINT) from None
        return cls(*(powers.get(option) for option in cls.OPTIONS))

    def open(self) -> None:
        """Find the CPUs and the memory, and see that their time is counted.

        Raises:
            MeterUnavailable: This system does not count CPU time as Linux does.
            UsageError: The idle power is above that of full load.
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

    def read(self) -> Reading:
        """The estimate so far. If CPU time can no longer be read, the CPU is lost and the memory goes on."""
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

    def close(self) -> None:
        """Forget the state."""
        self._share = None

    def _count(self, busy_s: dict[str, float]) -> None:
        # Part by part: a CPU that is taken offline leaves the list, and comes back with what it had.
        grown = (now_s - self._busy_s.get(part, now_s) for part, now_s in busy_s.items())
        self._total_busy_s += sum(max(0.0, seconds) for seconds in grown)
        self._busy_s |= busy_s

    def _set_powers(self, cpus: float, memory_gib: float) -> None:
        defaults = (IDLE_W_PER_CPU * cpus, FULL_W_PER_CPU * cpus, MEMORY_W_PER_GIB * memory_gib)
        pairs = zip(self._given, defaults, strict=True)
        self._idle_w, full_w, self._memory_w = (default if w is None else w for w, default in pairs)
        if full_w < self._idle_w:
            raise UsageError(f"estimate: idle_w ({self._idle_w:g} W) is above full_w ({full_w:g} W)", HINT)
        self._w_per_busy_cpu = (full_w - self._idle_w) / cpus

    def _check_progress(self) -> None:
        before_s = total_s(self._root)
        for _ in range(PROGRESS_TRIES):
            self._sleep(PROGRESS_WAIT_S)
            if total_s(self._root) > before_s:
                return
        raise MeterUnavailable(
            "estimate: /proc/stat counts no CPU time here, as in some containers",
            "run outside of the container",
        )
