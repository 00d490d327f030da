"""Fits the powers of the meter `estimate` on a machine whose CPU power can be measured.

The model is a straight line through the mean powers of k = 3 levels of load (no CPU busy, half of them, all):

    P_i = P_idle + s u_i + e_i,    i = 1 .. k

    P_i      measured CPU power at level i, watts
    u_i      busy fraction of the CPUs at level i: busy CPU seconds / (duration x number of CPUs), from 0 to 1
    P_idle   power with nothing to do, watts          (`idle_w`)
    s        power from idle to full load, watts      (`full_w` = P_idle + s)
    e_i      what the line does not explain, watts    (`worst_w` = max |e_i|)

Ordinary least squares gives, with means u and P over the levels:

    s = sum (u_i - u)(P_i - P) / sum (u_i - u)^2,    P_idle = P - s u

Negative values of s or P_idle, which only noise can cause, are set to 0. Power is not linear in load on real
processors (turbo, shared caches), so `worst_w` is reported with the result. Memory power is the mean over the levels.
"""

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
"""How long a load runs before its power is measured, seconds: the time to reach a steady state."""

Load = Callable[[int], AbstractContextManager[None]]


@dataclass(frozen=True)
class Level:
    """Mean power at one level of load.

    Attributes:
        busy: Busy fraction of the CPUs, from 0 to 1.
        cpu_w: CPU power, watts.
        dram_w: Memory power, watts; None: no meter reads it.
    """

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
        worst_w: Largest distance of a level from the line: the error of the linear model.
        levels: The measured levels.
    """

    idle_w: float
    full_w: float
    memory_w: float | None
    worst_w: float
    levels: tuple[Level, ...]

    @property
    def option(self) -> str:
        """The meter with these powers, in the form that `--meter` takes."""
        memory = "" if self.memory_w is None else f",memory_w={self.memory_w:.3g}"
        return f"estimate:idle_w={self.idle_w:.4g},full_w={self.full_w:.4g}{memory}"


def calibrate(recorder: Recorder, seconds: float, load: Load | None = None) -> Calibration:
    """Measure three levels of load (no CPU busy, half of them, all of them) and fit a straight line.

    Args:
        recorder: A recorder whose meters read the CPU from hardware.
        seconds: Time for each of the three levels.
        load: A context that keeps a number of CPUs busy; by default, processes that compute.

    Raises:
        MeterUnavailable: No hardware meter reads the CPU, or its busy time is not known.
    """
    cpus = os.cpu_count() or 1
    levels = tuple(_level(recorder, count, cpus, seconds, load or burn) for count in (0, max(1, cpus // 2), cpus))
    return fit(levels)


def fit(levels: tuple[Level, ...]) -> Calibration:
    """Fit the line by ordinary least squares (see the equations of this module).

    Raises:
        MeterUnavailable: The levels do not differ in load.
    """
    count = len(levels)
    mean_busy = math.fsum(level.busy for level in levels) / count
    mean_w = math.fsum(level.cpu_w for level in levels) / count
    spread = math.fsum((level.busy - mean_busy) ** 2 for level in levels)
    if spread < 0.01:
        raise MeterUnavailable("the load of the CPUs could not be varied", "run it while the machine is idle")
    slope = math.fsum((level.busy - mean_busy) * (level.cpu_w - mean_w) for level in levels) / spread
    idle_w = max(0.0, mean_w - slope * mean_busy)
    memory_w = [level.dram_w for level in levels if level.dram_w is not None]
    return Calibration(
        idle_w=idle_w,
        full_w=idle_w + max(0.0, slope),
        memory_w=math.fsum(memory_w) / count if len(memory_w) == count else None,
        worst_w=max(abs(level.cpu_w - idle_w - slope * level.busy) for level in levels),
        levels=levels,
    )


def _level(recorder: Recorder, busy_cpus: int, cpus: int, seconds: float, load: Load) -> Level:
    with load(busy_cpus):
        recorder.mean_power(min(SETTLE_S, seconds))
        before_s, began_s = machine_busy_s(), time.monotonic()
        power_w = recorder.mean_power(seconds)
        after_s, ended_s = machine_busy_s(), time.monotonic()
    by_class = {
        class_name: [w for d, w in power_w.items() if domain_class(d) == class_name] for class_name in ("cpu", "dram")
    }
    if not by_class["cpu"] or before_s is None or after_s is None:
        raise MeterUnavailable(
            "no hardware meter reads the CPU on this machine", "`mutegreen doctor` shows how to enable one"
        )
    busy = (after_s - before_s) / (ended_s - began_s) / cpus
    return Level(min(1.0, busy), math.fsum(by_class["cpu"]), math.fsum(by_class["dram"]) if by_class["dram"] else None)


def reads_hardware(quality: Quality) -> bool:
    """Return whether values of this quality can calibrate an estimate."""
    return quality in {Quality.COUNTER, Quality.INTEGRATED}


# Guarantees:
#   - Outside the context no process of the load exists: all are killed and waited for, also after an error or a
#     Ctrl-C, and where one of them cannot be started.
# Relies on:
#   - SIGKILL ends a process that only computes at once, so `wait` needs no limit.
#   - This process is not itself killed with SIGKILL: the load would stay.
@contextlib.contextmanager
def burn(cpus: int) -> Iterator[None]:
    """Keep a number of CPUs busy with arithmetic."""
    code = "x = 1.0\nwhile True: x = x * 1.0000001 % 10.0"
    processes: list[subprocess.Popen[bytes]] = []
    try:
        processes.extend(subprocess.Popen([sys.executable, "-S", "-c", code]) for _ in range(cpus))
        yield
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()
