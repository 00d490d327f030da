"""The energy of one GPU: by its own counter where it has one, else by its power, integrated."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import NamedTuple

from mutegreen.meters.nvml.crosscheck import CrossCheck
from mutegreen.meters.nvml.library import Fault, Gpu, Nvml, Read
from mutegreen.meters.nvml.power import Integral, Power, best_power
from mutegreen.model import Flag, Quality

GAP_S = 0.2
"""Power that was not read for longer is flagged: what it did meanwhile is a guess."""

LATE_S = 0.05
"""Where the last look was longer ago, its time says nothing of when the counter was updated."""

FRESH_S = 0.02
"""A counter updated so often lags by 1 % of two seconds at most."""


class GaugeReading(NamedTuple):
    """Joules so far, what happened since the last time, and why joules since then are not known, if so."""

    energy_j: float
    flags: frozenset[Flag] = frozenset()
    unknown: str | None = None


class Gauge(ABC):
    """Reads one GPU.

    Attributes:
        quality: How its figures are come by.
        resolution_s: How far they may lag behind, seconds.
        decided: Whether nothing more is to be learnt before it is used.
        is_fresh: Whether it is good even if it is read only now and then; else it must be looked at meanwhile.
    """

    quality: Quality
    resolution_s: float
    decided = True
    is_fresh = False

    @abstractmethod
    def read(self, t_s: float) -> GaugeReading:
        """The joules at this moment, which never decrease.

        Raises:
            Fault: The GPU cannot be read; if it can again, the joules of the meantime are not missing.
        """

    @abstractmethod
    def sample(self, t_s: float) -> None:
        """Take in what the next reading could not make up for: the power at this moment, an update of the counter.

        Raises:
            Fault: The GPU cannot be read.
        """


class PowerGauge(Gauge):
    """A GPU without a counter."""

    quality = Quality.INTEGRATED

    def __init__(self, power: Power) -> None:
        self.resolution_s = power.lag_s
        self._power = power
        self._integral = Integral()
        self._gap = False

    def read(self, t_s: float) -> GaugeReading:
        """See `Gauge`."""
        self.sample(t_s)
        gap, self._gap = self._gap, False
        return GaugeReading(self._integral.energy_j, frozenset({Flag.SAMPLER_GAP}) if gap else frozenset())

    def sample(self, t_s: float) -> None:
        """See `Gauge`."""
        since_s = self._integral.add(t_s, self._power.read())
        if since_s is not None and since_s > GAP_S:
            self._gap = True


class CounterGauge(Gauge):
    """A GPU that counts its joules, many times a second or only a few.

    Between two updates of the counter its energy goes on by the power, so that a window's edges do not fall back to
    the last update; every update puts that right. When the counter is set back, power bridges the gap.

    Args:
        counter: Reads the counter, joules.
        power: Reads the power; None: the GPU does not tell it.
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
        """The longest time that the counter was seen to stand still, seconds."""
        return max(self._longest_s, (self._read_s or 0.0) - self._updated_s)

    @property
    def is_fresh(self) -> bool:  # type: ignore[override]
        """Whether the counter is updated so often that nothing is gained by watching it between two windows' edges."""
        return self.resolution_s <= FRESH_S

    @property
    def decided(self) -> bool:  # type: ignore[override]
        """Whether the counter has been compared with the power."""
        return self._check is None or self._check.decided

    def read(self, t_s: float) -> GaugeReading:
        """See `Gauge`."""
        now, seen, self._since_read = self._read(t_s), self._since_read, GaugeReading(0.0)
        return GaugeReading(now.energy_j, now.flags | seen.flags, now.unknown or seen.unknown)

    def sample(self, t_s: float) -> None:
        """See `Gauge`."""
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
            unknown = self._bridge(raw_j)
        self._take(t_s, raw_j)
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

    def _bridge(self, raw_j: float) -> str | None:
        """Go on from here with the counter as it now is; says so if power does not tell what was missed."""
        missed_j = self._integral.energy_j - self._at_read_j
        self._offset_j = self._energy_j + missed_j - raw_j
        if self._check:
            self._check.restart()
        return None if self._is_covered else "its counter was set back while its power could not be read"

    def _take(self, t_s: float, raw_j: float) -> None:
        power_j = self._integral.energy_j
        if self._read_s is None:
            self._updated_s = t_s
        elif raw_j != self._raw_j:
            if not self._is_settled:
                # How old the count was at first is not known: up to its first update it is the power that counts.
                self._offset_j, self._is_settled = power_j - raw_j, True
            self._longest_s = max(self._longest_s, t_s - self._updated_s)
            # The update is as likely to be of any moment since the last look.
            sampled_j = self._sampled_j if t_s - self._sampled_s <= LATE_S else power_j
            self._at_update_j, self._updated_s = (sampled_j + power_j) / 2, t_s
        self._raw_j, self._read_s, self._at_read_j, self._is_covered = raw_j, t_s, power_j, True
        self._energy_j = max(self._energy_j, raw_j + self._offset_j + power_j - self._at_update_j)


def gauge(nvml: Nvml, gpu: Gpu) -> Gauge:
    """The best way to read a GPU. What works is found by trying: the model does not tell, under virtualisation say.

    Raises:
        Fault: It tells neither energy nor power.
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
