"""A meter of a plug-in, held to what every meter promises, whatever its code does."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import replace

from mutegreen.entry_points import one_line
from mutegreen.errors import MeterUnavailable, MuteGreenError
from mutegreen.meters.base import Meter, Reading
from mutegreen.model import Flag, Quality, Unavailable, is_domain


class PluginMeter(Meter):
    """Passes every call on to the meter of a plug-in, and checks what comes back.

    What `open` raises becomes `MeterUnavailable`, so that a broken plug-in is left out and stops no other meter. A
    reading of wrong types raises, which the recorder takes as a reading that failed.

    Args:
        meter: The meter, not open.
        origin: Where it is from, for people who report its faults.
    """

    def __init__(self, meter: Meter, origin: str) -> None:
        self._meter, self._origin = meter, origin
        self.name = meter.name
        self._last_s = -math.inf

    def open(self) -> None:
        """Open the meter and check what it says of itself.

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
        except (Exception, SystemExit) as error:  # whatever a plug-in raises is not ours to let through
            self.close()
            raise MeterUnavailable(
                f"{self.name}: opening it failed: {one_line(error)}", f"tell the authors of the {self._origin}"
            ) from error

    def read(self) -> Reading:
        """What the meter says, with the types that a reading has.

        Raises:
            MeterLost: Nothing can be read any more.
            RuntimeError: It tried to end the program.
            ValueError: Its time is not finite or goes back.
        """
        try:
            reading = self._meter.read()
        except SystemExit as error:  # the recorder lets this one through
            raise RuntimeError(one_line(error)) from error
        t_s = float(reading.t_s)
        if not math.isfinite(t_s) or t_s < self._last_s:
            raise ValueError(f"its time is {t_s} s after {self._last_s} s")
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

    def close(self) -> None:
        """Close the meter. What that raises helps nobody any more."""
        with suppress(Exception, SystemExit):
            self._meter.close()

    def _check_and_copy(self) -> None:
        meter = self._meter
        self.domains = tuple(meter.domains)
        wrong = [domain for domain in self.domains if not is_domain(domain)]
        if wrong or not self.domains or len(set(self.domains)) < len(self.domains):
            raise ValueError(f"its domains are {self.domains!r}")
        self.quality = {domain: Quality(meter.quality[domain]) for domain in self.domains}
        self.resolution_s, self.period_s = float(meter.resolution_s), float(meter.period_s)
        if not (self.resolution_s > 0 and self.period_s > 0):
            raise ValueError(f"its resolution is {self.resolution_s} s and its period {self.period_s} s")
        self.unavailable = tuple(meter.unavailable)
        if not all(isinstance(item, Unavailable) for item in self.unavailable):
            raise TypeError(f"what it cannot read is {self.unavailable!r}, and should be of the class Unavailable")
        self._last_s = -math.inf
