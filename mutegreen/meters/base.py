"""Defines the interface of a meter, which reads the cumulative energy of some domains, and of its readings."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from mutegreen.errors import UsageError
from mutegreen.model import Flag, Quality, Unavailable


@dataclass(frozen=True)
class Reading:
    """The energy values of a meter at one moment.

    Every domain of the meter is in exactly one of `energy_j`, `lost` and `failed`:

        in           | energy now | energy of windows open now       | later readings
        -------------|------------|----------------------------------|----------------------------------------
        `energy_j`   | known      | known                            | continue
        `unknown`    | known      | not known: part of it is missing | continue (it is in `energy_j`, too)
        `failed`     | not known  | known, if a later reading works  | may work, and then include the meantime
        `lost`       | not known  | not known                        | never

    Args:
        t_s: The moment for which the values hold, seconds on the meter's clock.
        energy_j: Joules since the meter was opened, by domain; they never decrease.
        lost: Domains that can no longer be read, and why. A lost domain stays lost.
        flags: What happened to a domain since the previous reading: its counter wrapped or was reset, for example.
        failed: Domains that could not be read this time, and why. The next reading may have them again, and it then
            includes the joules of the time between.
        unknown: Domains with unknown joules since the previous reading, which `energy_j` lacks, and why: a
            counter was reset, for example. A window that was open in that time has no energy; later windows have.
    """

    t_s: float
    energy_j: Mapping[str, float]
    lost: Mapping[str, str] = field(default_factory=dict)
    flags: Mapping[str, frozenset[Flag]] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)


class Meter(ABC):
    """A source of energy values: it reads the cumulative energy of some domains.

    A plug-in derives this class and names it in an entry point of the group `mutegreen.meters`. The contract suite is
    `mutegreen.testing.meters.MeterContract`.

    **Units.** Joules, watts and seconds. No value is rounded.

    **Monotone.** The joules of a domain start at 0 J with `open` and never decrease. So `read` undoes the wrap-around
    of a counter, and a meter of power integrates it. The recorder treats a domain as lost if its joules decrease.

    **Accuracy.** A value is the energy of its domain up to `Reading.t_s`, within `resolution_s`. It does not depend on
    how often the meter is read, if no two readings are further apart than `period_s`.

    **Missing values.** What is not known is reported as lost, failed or unknown (see `Reading`), never as 0 J. A meter
    of several devices still reads the other devices when one of them is lost.

    **Life cycle.** `open`, any number of `read`, `close`. A closed meter may be opened again and then counts from 0 J
    again. The constructor touches no device, so a meter that is never opened needs no `close`.

    **Thread safety.** Calls may come from several threads, but never two at a time: the recorder holds a lock. A meter
    that samples in a thread of its own protects what it shares with `read`, and `close` ends that thread.

    **Ownership.** The code that opens a meter closes it; a `Recorder` closes the meters that it gets. A `Reading`
    belongs to the caller, and the meter does not change it afterwards.

    **Errors.** `open` raises a `MeterError` with a remedy. `read` raises `MeterLost` if nothing can be read any more.
    Any other exception counts as a failed reading; the next one may succeed.

    **Clock.** `Reading.t_s` is on `time.monotonic`, or on the clock that a test passes to the meter.

    Attributes:
        name: Its name in options, tables and rows.
        domains: The domains that it reads; known once it is open, and fixed from then on.
        quality: How each domain's energy is obtained; known once it is open.
        resolution_s: How far a value may lag behind its moment, seconds: a counter's time between updates.
        period_s: The longest time between two readings for which the values are accurate, seconds; known once it is
            open.
        unavailable: Classes of domains that the meter does not read although the hardware is there, and why; known
            once it is open.
    """

    name: str
    domains: tuple[str, ...] = ()
    quality: Mapping[str, Quality]
    resolution_s: float
    period_s: float = math.inf
    unavailable: tuple[Unavailable, ...] = ()

    @classmethod
    def from_options(cls, options: str) -> Meter:
        """Return the meter that `--meter NAME:OPTIONS` names, not open.

        Args:
            options: The text after the colon; empty where there is none.

        Raises:
            UsageError: The meter has no such option. A meter that does not override this method has none.
        """
        if options:
            raise UsageError(f"{cls.name}: unknown option {options!r}", f"it has no options: --meter {cls.name}")
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
        """Read the joules of every domain since `open`.

        Raises:
            MeterLost: No domain can be read any more, ever.
            RuntimeError: The meter is not open.
        """

    @abstractmethod
    def close(self) -> None:
        """Release the devices. Closing a meter that is not open does nothing."""
