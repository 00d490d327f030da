"""The interface of a meter: it reads the cumulative joules of some domains."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from mutegreen.errors import UsageError
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
    """A source of energy values: it reads the cumulative joules of some domains.

    A plug-in is such a class, named by an entry point of the group `mutegreen.meters`. The contract suite is
    `mutegreen.testing.meters.MeterContract`.

    **Promises.** The joules of a domain start at 0 J with `open` and never decrease. So a counter that wraps is
    unwrapped in `read`, and power is integrated there. A value is the energy of its domain up to `Reading.t_s`, however
    often the meter is read in between, if no two readings are further apart than `period_s`. What is not known is said
    to be lost, failed or unknown; it is never given as 0 J. A meter of several devices goes on with the others when one
    of them is lost.

    **Life cycle.** `open`, any number of `read`, `close`; then it may be opened again and counts from 0 J again. The
    constructor touches no device: a meter that is made need not be opened.

    **Thread safety.** Calls may come from several threads, but never two at a time: the recorder sees to that. A meter
    that samples in a thread of its own protects what it shares with `read`, and `close` ends that thread.

    **Ownership.** Who opens a meter closes it; a `Recorder` closes the meters that it was given. What `read` returns
    belongs to the caller, and the meter does not change it afterwards.

    **Errors.** `open` raises a `MeterError` with a remedy. `read` raises `MeterLost` where nothing can be read any
    more. Any other exception counts as a reading that failed and may be better next time.

    **Clock.** `Reading.t_s` is of `time.monotonic`, or of the clock that a test gave to the meter.

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

    @classmethod
    def from_options(cls, options: str) -> Meter:
        """The meter that `--meter NAME:OPTIONS` asks for, not open.

        Args:
            options: The text after the colon; empty where there is none.

        Raises:
            UsageError: It has no such option. A meter that overrides nothing here has none.
        """
        if options:
            raise UsageError(f"{cls.name}: there is no option {options!r}", f"it takes none: --meter {cls.name}")
        return cls()

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
