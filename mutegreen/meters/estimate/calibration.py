"""The estimate's own watts, fitted on this machine where a meter of hardware can be read."""

from __future__ import annotations

import contextlib
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from mutegreen.errors import MeterUnavailable
from mutegreen.meters.estimate.cpu_time import machine_busy_s
from mutegreen.meters.recorder import Recorder
from mutegreen.model import Quality, domain_class

SETTLE_S = 1.0
"""Time that a load is given to reach its steady state before its power is taken, seconds."""

Load = Callable[[int], AbstractContextManager[None]]


@dataclass(frozen=True)
class Level:
    """Mean power at one load: the part of the CPUs' time that was busy, from 0 to 1, and watts by class."""

    busy: float
    cpu_w: float
    dram_w: float | None


@dataclass(frozen=True)
class Calibration:
    """Watts for the meter `estimate`.

    Attributes:
        idle_w: CPU power with nothing to do, from the straight line through the levels.
        full_w: CPU power with all CPUs busy, from the same line.
        memory_w: Mean memory power over the levels; None: no meter reads it.
        worst_w: Largest distance of a level from the line: what the straight line leaves out.
        levels: What was measured.
    """

    idle_w: float
    full_w: float
    memory_w: float | None
    worst_w: float
    levels: tuple[Level, ...]

    @property
    def option(self) -> str:
        """The meter with these watts, as `--meter` takes it."""
        memory = "" if self.memory_w is None else f",memory_w={self.memory_w:.3g}"
        return f"estimate:idle_w={self.idle_w:.4g},full_w={self.full_w:.4g}{memory}"


def calibrate(recorder: Recorder, seconds: float, load: Load | None = None) -> Calibration:
    """Fits a straight line of power over load, at rest, with half of the CPUs busy and with all of them.

    Args:
        recorder: Meters that read the CPU from hardware.
        seconds: Time for each of the three levels.
        load: Keeps a number of CPUs busy while it is entered; by default processes that compute.

    Raises:
        MeterUnavailable: No meter of hardware reads the CPU, or its busy time is not known.
    """
    cpus = os.cpu_count() or 1
    levels = tuple(_level(recorder, count, cpus, seconds, load or burn) for count in (0, max(1, cpus // 2), cpus))
    return fit(levels)


def fit(levels: tuple[Level, ...]) -> Calibration:
    """Least squares of power over the busy part; a negative idle power, from noise, is taken as 0.

    Raises:
        MeterUnavailable: The levels do not differ in load.
    """
    count = len(levels)
    mean_busy = math.fsum(level.busy for level in levels) / count
    mean_w = math.fsum(level.cpu_w for level in levels) / count
    spread = math.fsum((level.busy - mean_busy) ** 2 for level in levels)
    if spread < 0.01:
        raise MeterUnavailable("the load on the CPUs could not be varied", "run it while the machine has nothing to do")
    slope = math.fsum((level.busy - mean_busy) * (level.cpu_w - mean_w) for level in levels) / spread
    idle_w = max(0.0, mean_w - slope * mean_busy)
    memory = [level.dram_w for level in levels if level.dram_w is not None]
    return Calibration(
        idle_w=idle_w,
        full_w=idle_w + max(0.0, slope),
        memory_w=math.fsum(memory) / count if len(memory) == count else None,
        worst_w=max(abs(level.cpu_w - idle_w - slope * level.busy) for level in levels),
        levels=levels,
    )


def _level(recorder: Recorder, busy_cpus: int, cpus: int, seconds: float, load: Load) -> Level:
    with load(busy_cpus):
        recorder.mean_power(min(SETTLE_S, seconds))
        before_s, began_s = machine_busy_s(), time.monotonic()
        power_w = recorder.mean_power(seconds)
        after_s, ended_s = machine_busy_s(), time.monotonic()
    by_class = {group: [w for d, w in power_w.items() if domain_class(d) == group] for group in ("cpu", "dram")}
    if not by_class["cpu"] or before_s is None or after_s is None:
        raise MeterUnavailable("no meter of hardware reads the CPU here", "mutegreen doctor says what would mend that")
    busy = (after_s - before_s) / (ended_s - began_s) / cpus
    return Level(min(1.0, busy), math.fsum(by_class["cpu"]), math.fsum(by_class["dram"]) if by_class["dram"] else None)


def reads_hardware(quality: Quality) -> bool:
    """Whether a figure of this quality can calibrate an estimate."""
    return quality in {Quality.COUNTER, Quality.INTEGRATED}


@contextlib.contextmanager
def burn(cpus: int) -> Iterator[None]:
    """Keeps a number of CPUs busy with arithmetic."""
    code = "x = 1.0\nwhile True: x = x * 1.0000001 % 10.0"
    processes = [subprocess.Popen([sys.executable, "-S", "-c", code]) for _ in range(cpus)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()
