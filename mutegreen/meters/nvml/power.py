"""The power of a GPU, and its integral over time."""

from __future__ import annotations

from dataclasses import dataclass

from mutegreen.meters.nvml.library import POWER_AVERAGE, POWER_INSTANT, Fault, Gpu, Nvml, Read

INSTANT_LAG_S = 0.1
"""How far the power of the moment may lag behind, seconds: about the slowest sensor. On A100 and H100 it looks only
a quarter of the time (arXiv 2312.02741), so reading it more often would tell no more."""

AVERAGE_LAG_S = 1.0
"""The averaged power is the mean over so many seconds (nvml.h, nvmlDeviceGetPowerUsage, Ampere and newer)."""


@dataclass(frozen=True)
class Power:
    """A way to read a GPU's power, watts, and how far that lags behind, seconds."""

    read: Read
    lag_s: float


class Integral:
    """Joules of a power read again and again: trapezoids over all samples, equal ones as well."""

    def __init__(self) -> None:
        self.energy_j = 0.0
        self._last: tuple[float, float] | None = None

    def add(self, t_s: float, power_w: float) -> float | None:
        """Take a sample; returns the seconds since the one before, None if there is none."""
        before, self._last = self._last, (t_s, power_w)
        if before is None:
            return None
        self.energy_j += (before[1] + power_w) / 2 * (t_s - before[0])
        return t_s - before[0]

    def interrupt(self) -> None:
        """Do not connect the next sample with the last one."""
        self._last = None


def best_power(nvml: Nvml, gpu: Gpu) -> Power:
    """The best way to read a GPU's power that works: of the moment, else averaged.

    Raises:
        Fault: There is none.
    """
    ways = (
        Power(nvml.field(gpu, POWER_INSTANT), INSTANT_LAG_S),
        Power(nvml.field(gpu, POWER_AVERAGE), AVERAGE_LAG_S),
        Power(nvml.usage(gpu), AVERAGE_LAG_S),
    )
    for way in ways[:-1]:
        try:
            way.read()
        except Fault as fault:
            if fault.is_final:
                raise
        else:
            return way
    ways[-1].read()
    return ways[-1]
