"""Reads the energy of one GPU: from its own counter if it has one, else by integrating its power.

A counter is updated many times a second, or only a few times. Between two updates the energy is extrapolated by power:

    counter     C1                  C2                  C3            its value from an update (|) on
    time     ---|---------r---------|---------r---------|------>      r: a reading
               u1                  u2                  u3

    energy at time t = counter + offset + W(t) - W(u),    u the last update before t

W(t) is the integrated power up to now and W(u) that at the last update u. An update is noticed at the first sample
after it, and is equally likely at any moment since the sample before; so W(u) is the mean of W at these two samples.
The energy never decreases: if the update shows that the extrapolation was too high, it stays until the counter has
caught up.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import NamedTuple

from typing_extensions import override

from mutegreen.meters.nvml.crosscheck import CrossCheck
from mutegreen.meters.nvml.library import Fault, Gpu, Nvml, Read
from mutegreen.meters.nvml.power import Integral, Power, best_power
from mutegreen.model import Flag, Quality

GAP_S = 0.2
"""A longer time without a reading of power is flagged, seconds: the power in between is not known."""

LATE_S = 0.05
"""If the last sample is older, seconds, the time of the counter's update is not known well enough."""

FRESH_S = 0.02
"""A counter with updates at most this far apart, seconds, lags by at most 1 % of two seconds."""


class GaugeReading(NamedTuple):
    """The energy of a GPU at one moment.

    Args:
        energy_j: Joules so far.
        flags: What happened since the previous reading.
        unknown: Why the joules since the previous reading are not known; None if they are.
    """

    energy_j: float
    flags: frozenset[Flag] = frozenset()
    unknown: str | None = None


class Gauge(ABC):
    """Reads one GPU.

    Attributes:
        quality: How its energy is obtained.
        resolution_s: How far a value may lag behind, seconds.
        is_probed: Whether probing before the first measurement can end.
        is_fresh: Whether readings at the edges of windows suffice; if not, it must be sampled in between.
    """

    quality: Quality
    resolution_s: float
    is_probed = True
    is_fresh = False

    @abstractmethod
    def read(self, t_s: float) -> GaugeReading:
        """Return the joules at this moment, which never decrease.

        Raises:
            Fault: The GPU cannot be read. A later reading that succeeds includes the joules of the time between.
        """

    @abstractmethod
    def sample(self, t_s: float) -> None:
        """Record what the next reading could not recover: the power at this moment, and an update of the counter.

        Raises:
            Fault: The GPU cannot be read.
        """


class PowerGauge(Gauge):
    """Reads a GPU without an energy counter: integrates its power."""

    quality = Quality.INTEGRATED

    def __init__(self, power: Power) -> None:
        self.resolution_s = power.lag_s
        self._power = power
        self._integral = Integral()
        self._gap = False

    @override
    def read(self, t_s: float) -> GaugeReading:
        self.sample(t_s)
        gap, self._gap = self._gap, False
        return GaugeReading(self._integral.energy_j, frozenset({Flag.SAMPLER_GAP}) if gap else frozenset())

    @override
    def sample(self, t_s: float) -> None:
        since_s = self._integral.add(t_s, self._power.read())
        if since_s is not None and since_s > GAP_S:
            self._gap = True


class CounterGauge(Gauge):
    """Reads a GPU with an energy counter, which may be updated many times a second or only a few times.

    Between two updates the energy is extrapolated by power (see the module's docstring). If the counter is reset, the
    integrated power replaces the energy that the counter lost.

    Args:
        counter: Reads the counter, joules.
        power: Reads the power; None: the GPU does not report it.
    """

    quality = Quality.COUNTER

    def __init__(self, counter: Read, power: Power | None) -> None:
        self._counter, self._power = counter, power
        self._check = CrossCheck(power.lag_s) if power else None
        self._integral = Integral()
        self._raw_j = counter()
        self._offset_j = -self._raw_j
        self._energy_j = self._at_read_j = self._at_update_j = 0.0
        self._is_covered = True
        self._is_settled = power is None
        self._read_s: float | None = None
        self._updated_s = self._longest_s = 0.0
        self._since_read = GaugeReading(0.0)
        self._sampled_s, self._sampled_j = -math.inf, 0.0

    @property
    def resolution_s(self) -> float:  # type: ignore[override]
        """The longest time that the counter was observed not to change, seconds."""
        return max(self._longest_s, (self._read_s or 0.0) - self._updated_s)

    @property
    def is_fresh(self) -> bool:  # type: ignore[override]
        """Whether the counter is updated so often that sampling between the edges of windows gains nothing."""
        return self.resolution_s <= FRESH_S

    @property
    def is_probed(self) -> bool:  # type: ignore[override]
        """Whether the counter has been compared with the power."""
        return self._check is None or self._check.has_result

    @override
    def read(self, t_s: float) -> GaugeReading:
        now, earlier, self._since_read = self._read(t_s), self._since_read, GaugeReading(0.0)
        return GaugeReading(now.energy_j, now.flags | earlier.flags, now.unknown or earlier.unknown)

    @override
    def sample(self, t_s: float) -> None:
        if self._power and self._integral.add(t_s, self._power.read()) is None:
            self._is_covered = False
        if self._counter() != self._raw_j:
            self._since_read = self.read(t_s)
        self._sampled_s, self._sampled_j = t_s, self._integral.energy_j

    def _read(self, t_s: float) -> GaugeReading:
        power_w = self._add_power(t_s)
        raw_j = self._counter()
        flags: set[Flag] = set()
        unknown = None
        if raw_j < self._raw_j:
            flags.add(Flag.COUNTER_RESET)
            unknown = self._replace_lost(raw_j)
        self._update(t_s, raw_j)
        if self._check and power_w is not None:
            self._check.add(t_s, raw_j, self._integral.energy_j, power_w)
            flags |= {Flag.CROSSCHECK_FAILED} if self._check.failed else set()
        return GaugeReading(self._energy_j, frozenset(flags), unknown)

    def _add_power(self, t_s: float) -> float | None:
        try:
            power_w = self._power.read() if self._power else None
        except Fault as fault:
            if fault.is_final:
                raise
            power_w = None
        if power_w is None:
            self._integral.interrupt()
            self._is_covered, self._is_settled = False, True
            if self._check:
                self._check.restart()
        elif self._integral.add(t_s, power_w) is None:
            self._is_covered = False
        return power_w

    def _replace_lost(self, raw_j: float) -> str | None:
        """Continue after a reset; return why the lost joules are not known, None if they are."""
        lost_j = self._integral.energy_j - self._at_read_j
        self._offset_j = self._energy_j + lost_j - raw_j
        if self._check:
            self._check.restart()
        return None if self._is_covered else "its counter was reset while its power could not be read"

    def _update(self, t_s: float, raw_j: float) -> None:
        power_j = self._integral.energy_j
        if self._read_s is None:
            self._updated_s = t_s
        elif raw_j != self._raw_j:
            if not self._is_settled:
                # The age of the first count is not known, so up to the first update the power counts.
                self._offset_j, self._is_settled = power_j - raw_j, True
            self._longest_s = max(self._longest_s, t_s - self._updated_s)
            # The update is equally likely at any moment since the last sample.
            sampled_j = self._sampled_j if t_s - self._sampled_s <= LATE_S else power_j
            self._at_update_j, self._updated_s = (sampled_j + power_j) / 2, t_s
        self._raw_j, self._read_s, self._at_read_j, self._is_covered = raw_j, t_s, power_j, True
        self._energy_j = max(self._energy_j, raw_j + self._offset_j + power_j - self._at_update_j)


def best_gauge(nvml: Nvml, gpu: Gpu) -> Gauge:
    """Return the best gauge that works for a GPU: its counter, else its power.

    It is found by trying, because the model of a GPU does not determine it: virtual GPUs, for example, may lack both.

    Raises:
        Fault: The GPU reports neither energy nor power.
    """
    counter = nvml.counter(gpu)
    try:
        counter()
    except Fault as fault:
        if fault.is_final:
            raise
        return PowerGauge(best_power(nvml, gpu))
    try:
        return CounterGauge(counter, best_power(nvml, gpu))
    except Fault as fault:
        if fault.is_final:
            raise
        return CounterGauge(counter, None)
