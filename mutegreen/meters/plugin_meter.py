"""Checks what the meter of a plug-in returns, and turns what its code raises into errors of meters."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import replace

from typing_extensions import override

from mutegreen.entry_points import one_line
from mutegreen.errors import MeterUnavailable, MuteGreenError
from mutegreen.meters.base import Meter, Reading
from mutegreen.model import Flag, Quality, Unavailable, is_domain


class PluginMeter(Meter):
    """Passes every call on to the meter of a plug-in, and checks the result.

    Whatever `open` raises becomes `MeterUnavailable`: a broken plug-in is skipped and stops no other meter. A reading
    with values of a wrong type raises, and the recorder counts it as failed.

    Args:
        meter: The plug-in's meter, not open.
        origin: The package that it comes from, for error messages.
    """

    def __init__(self, meter: Meter, origin: str) -> None:
        self._meter, self._origin = meter, origin
        self.name = meter.name
        self._last_s = -math.inf

    @override
    def open(self) -> None:
        """Open the meter and check its attributes.

        Raises:
            MeterUnavailable: The hardware is not there, or the plug-in is broken.
            MeterPermissionError: The hardware may not be read.
        """
        try:
            self._meter.open()
            self._check_and_copy()
        except MuteGreenError:
            self.close()
            raise
        except (Exception, SystemExit) as error:  # a plug-in may raise anything, and none of it may end MuteGreen
            self.close()
            raise MeterUnavailable(
                f"{self.name}: `open` failed: {one_line(error)}",
                f"report it to the authors of the {self._origin}",
            ) from error

    @override
    def read(self) -> Reading:
        """Read the meter, and convert the values to the types of a reading.

        Raises:
            MeterLost: Nothing can be read any more.
            RuntimeError: The plug-in tried to end the program.
            ValueError: The time of the reading is not finite, or earlier than that of the previous one.
        """
        try:
            reading = self._meter.read()
        except SystemExit as error:  # the recorder catches only `Exception`
            raise RuntimeError(one_line(error)) from error
        t_s = float(reading.t_s)
        if not math.isfinite(t_s) or t_s < self._last_s:
            raise ValueError(f"the time of its reading is {t_s} s, after {self._last_s} s")
        self._last_s = t_s
        return replace(
            reading,
            t_s=t_s,
            energy_j={domain: float(energy_j) for domain, energy_j in reading.energy_j.items()},
            flags={domain: frozenset(map(Flag, flags)) for domain, flags in reading.flags.items()},
            lost={domain: str(reason) for domain, reason in reading.lost.items()},
            failed={domain: str(reason) for domain, reason in reading.failed.items()},
            unknown={domain: str(reason) for domain, reason in reading.unknown.items()},
        )

    @override
    def close(self) -> None:
        """Close the meter, and ignore what it raises."""
        with suppress(Exception, SystemExit):
            self._meter.close()

    def _check_and_copy(self) -> None:
        meter = self._meter
        self.domains = tuple(meter.domains)
        invalid = [domain for domain in self.domains if not is_domain(domain)]
        if invalid or not self.domains or len(set(self.domains)) < len(self.domains):
            raise ValueError(f"its domains are {self.domains!r}")
        self.quality = {domain: Quality(meter.quality[domain]) for domain in self.domains}
        self.resolution_s, self.period_s = float(meter.resolution_s), float(meter.period_s)
        if not (self.resolution_s > 0 and self.period_s > 0):
            raise ValueError(f"its resolution is {self.resolution_s} s and its period {self.period_s} s")
        self.unavailable = tuple(meter.unavailable)
        if not all(isinstance(item, Unavailable) for item in self.unavailable):
            raise TypeError(f"its `unavailable` is {self.unavailable!r}; every item must be of the class Unavailable")
        self._last_s = -math.inf
