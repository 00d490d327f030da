"""The interface of a meter: it reads the cumulative joules of some domains."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from mutegreen.model import Flag, Quality, Unavailable


@dataclass(frozen=True)
class Reading:
    """What a meter says at one moment.

    Args:
        t_s: The moment that the figures hold for, seconds on the meter's clock.
        energy_j: Joules since the meter was opened, for every domain neither lost nor failed; they never decrease.
        lost: Domains that can no longer be read, and why. Losing a domain is final.
        flags: What happened to a domain since the previous reading (a counter wrapped or was reset, say).
        failed: Domains that could not be read this time, and why; the next reading may have them again, and it
            then has the joules of the meantime too.
        unknown: Domains whose joules since their previous reading are not known and not in `energy_j` (a counter
            was reset, say), and why. No window that was open in that time can have a figure; later ones can.
    """

    t_s: float
    energy_j: Mapping[str, float]
    lost: Mapping[str, str] = field(default_factory=dict)
    flags: Mapping[str, frozenset[Flag]] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)


class Meter(ABC):
    """A source of energy figures. One thread at a time uses it; the recorder sees to that.

    A counter that wraps is unwrapped in `read`, and power is integrated there, so that a caller sees nothing but
    joules that grow. A meter of several devices goes on with the others when one of them is lost.

    Attributes:
        name: Its name in options, tables and rows.
        domains: What it reads; known once it is open, and fixed from then on.
        quality: How each domain's figures are come by; known once it is open.
        resolution_s: How far a figure may lag behind its moment, seconds: a counter's time between updates.
        period_s: The longest time between two readings with which its figures are good, seconds; known once it is
            open.
        unavailable: Classes of domains that the meter leaves out though the hardware is there, and why; known once
            it is open.
    """

    name: str
    domains: tuple[str, ...] = ()
    quality: Mapping[str, Quality]
    resolution_s: float
    period_s: float = math.inf
    unavailable: tuple[Unavailable, ...] = ()

    @abstractmethod
    def open(self) -> None:
        """Find the devices and start counting at 0 J.

        Raises:
            MeterUnavailable: The hardware or the library is not there.
            MeterPermissionError: It is there but may not be read.
        """

    @abstractmethod
    def read(self) -> Reading:
        """The joules of every domain since `open`.

        Raises:
            MeterLost: No domain can be read any more, ever.
            RuntimeError: The meter is not open.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the devices. Closing a meter that is not open does nothing."""
