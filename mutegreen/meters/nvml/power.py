"""Reads the power of a GPU and integrates it over time.

The integral is the trapezoidal rule over samples (t_k, P_k), seconds and watts:

    W = sum over k of (P_k + P_{k+1}) / 2  (t_{k+1} - t_k)

Error of W, joules, with h = max (t_{k+1} - t_k):

    power with |P''| <= M2 over T seconds      |error| <= M2 T h^2 / 12       (Atkinson, An Introduction to Numerical
                                                                              Analysis, 2nd ed., section 5.1)
    one step of D watts between two samples    |error| <= D h / 2
    sensor that lags by L seconds              |error| <= L D, with D the range of the power, watts

With h = 12.5 ms a step of 300 W costs at most 1.9 J. The lag of the sensor is usually the larger error.
"""

from __future__ import annotations

from dataclasses import dataclass

from mutegreen.meters.nvml.library import POWER_AVERAGE, POWER_INSTANT, Fault, Gpu, Nvml, Read

INSTANT_LAG_S = 0.1
"""How far the current power may lag behind, seconds: about that of the slowest sensor. On A100 and H100 the sensor
measures only a quarter of the time (arXiv 2312.02741), so more frequent readings would add nothing."""

AVERAGE_LAG_S = 1.0
"""The averaged power is the mean over this time, seconds (nvml.h, nvmlDeviceGetPowerUsage, Ampere and newer)."""


@dataclass(frozen=True)
class Power:
    """A way to read a GPU's power.

    Args:
        read: Reads the power, watts.
        lag_s: How far it may lag behind, seconds.
    """

    read: Read
    lag_s: float


class Integral:
    """The integral of sampled power, joules, by the trapezoidal rule over all samples."""

    def __init__(self) -> None:
        self.energy_j = 0.0
        self._last: tuple[float, float] | None = None

    def add(self, t_s: float, power_w: float) -> float | None:
        """Add a sample.

        Args:
            t_s: Its time, seconds.
            power_w: Its power, watts.

        Returns:
            The seconds since the previous sample; None if there is none.
        """
        previous, self._last = self._last, (t_s, power_w)
        if previous is None:
            return None
        previous_s, previous_w = previous
        self.energy_j += (previous_w + power_w) / 2 * (t_s - previous_s)
        return t_s - previous_s

    def interrupt(self) -> None:
        """Leave out the time between the last sample and the next one."""
        self._last = None


def best_power(nvml: Nvml, gpu: Gpu) -> Power:
    """Return the best way to read a GPU's power that works: the current power, else an average.

    Raises:
        Fault: None works.
    """
    candidates = (
        Power(nvml.field(gpu, POWER_INSTANT), INSTANT_LAG_S),
        Power(nvml.field(gpu, POWER_AVERAGE), AVERAGE_LAG_S),
        Power(nvml.usage(gpu), AVERAGE_LAG_S),
    )
    for power in candidates[:-1]:
        try:
            power.read()
        except Fault as fault:
            if fault.is_final:
                raise
        else:
            return power
    candidates[-1].read()
    return candidates[-1]
