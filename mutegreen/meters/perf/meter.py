"""A meter of CPU packages and their memory through the kernel's perf events, where powercap is closed or absent.

These are the events that `perf stat -a -e power/energy-pkg/,power/energy-ram/` counts. They are read from the kernel
directly: `perf stat` prints at fixed intervals only (its control commands do not make it print), so a figure for the
edge of a window would have to be interpolated, and a program beside us would have to be watched and parsed.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from mutegreen.clock import Clock
from mutegreen.errors import MeterError, MeterPermissionError, MeterUnavailable
from mutegreen.meters.base import Meter, Reading
from mutegreen.meters.perf.event import Count, PerfCounter
from mutegreen.meters.perf.unit import Event, cpus_by_package, find_event, unit_type
from mutegreen.model import Quality, Unavailable, domain_class

EVENTS = {"energy-pkg": "cpu:package-{}", "energy-ram": "dram:package-{}"}
"""The events that are read, and the domain of each on a socket."""

RESOLUTION_S = 0.001
"""Time between two updates of the hardware's counter, seconds: about 1 ms (Intel SDM, volume 3B)."""

CLOCK_LAG_S = 1.0
"""By how much the time that a counter ran between two readings may lag behind the clock, seconds: the reader may
have to wait for a processor between looking at the one and the other."""

CLOCK_LAG = 0.1
"""The same as a share of the time between the readings: the two clocks are not steered alike."""

PARANOID = Path("proc/sys/kernel/perf_event_paranoid")

NO_UNIT = "`sudo modprobe rapl` may bring them; virtual machines hide them: measure on the host"


class EventCounter(Protocol):
    """A counter as `PerfCounter` is one."""

    def read(self) -> Count:
        """The count so far; OSError if it cannot be read."""

    def close(self) -> None:
        """End counting."""


class PerfMeter(Meter):
    """Energy of CPU packages (`cpu:`) and of their memory (`dram:`), each socket by itself.

    The kernel undoes wraps, so they are neither seen nor flagged here. A class of domains is read on every socket or
    not at all; what is left out is in `unavailable`, with the reason.

    Args:
        root: The folder that holds `proc` and `sys`.
        clock: The clock of the readings.
        open_counter: Opens the counter of (number of the unit, number of the event, CPU).
    """

    name = "perf"
    resolution_s = RESOLUTION_S

    def __init__(
        self,
        *,
        root: Path = Path("/"),
        clock: Clock = time.monotonic,
        open_counter: Callable[[int, int, int], EventCounter] = PerfCounter,
    ) -> None:
        self._root, self._clock, self._open_counter = root, clock, open_counter
        self._sources: dict[str, _EventSum] | None = None

    def open(self) -> None:
        """Find the events and start counting.

        Raises:
            MeterUnavailable: This machine has none, or none that works.
            MeterPermissionError: It has them, but this user may not read them; the remedy has the command.
        """
        number, packages = find_unit(self._root, self.name)
        sources: dict[str, _EventSum] = {}
        self._faults: dict[str, str] = {}
        try:
            for event, domain in EVENTS.items():
                sources |= self._sources_of(event, domain, number, packages)
        except BaseException:
            _close(sources.values())
            raise
        if not sources:
            raise MeterUnavailable(f"perf: {'; '.join(self._faults.values())}", NO_UNIT)
        self.unavailable = tuple(Unavailable(self.name, f"{g} is left out: {why}") for g, why in self._faults.items())
        self.domains = tuple(sources)
        self.quality = dict.fromkeys(self.domains, Quality.COUNTER)
        self._sources = sources

    def read(self) -> Reading:
        """The joules so far. A socket whose counter cannot be read, or stood still, is lost."""
        if self._sources is None:
            raise RuntimeError("the meter is not open")
        t_s = self._clock()
        for source in self._sources.values():
            source.read(t_s)
        alive = {domain: source.energy_j for domain, source in self._sources.items() if not source.lost}
        return Reading(t_s, alive, {domain: source.lost for domain, source in self._sources.items() if source.lost})

    def close(self) -> None:
        """End counting."""
        _close((self._sources or {}).values())
        self._sources = None

    def _sources_of(
        self, name: str, domain: str, number: int, packages: Mapping[int, list[int]]
    ) -> dict[str, _EventSum]:
        """The sources of one event on all sockets; none, and a fault noted, if one of them does not work."""
        opened: dict[str, _EventSum] = {}
        try:
            event = find_event(self._root, name)
            if event is None:
                raise FileNotFoundError(errno.ENOENT, "this processor does not have it")
            for package, cpus in packages.items():
                source = opened[domain.format(package)] = _EventSum(event, self._clock)
                source.open(self._open_counter, number, cpus)
        except PermissionError as error:
            _close(opened.values())
            raise _denied(self._root) from error
        except (OSError, ValueError) as error:
            _close(opened.values())
            self._faults[domain_class(domain)] = f"{name}: {getattr(error, 'strerror', None) or error}"
            return {}
        return opened


def find_unit(root: Path, meter: str) -> tuple[int, dict[int, list[int]]]:
    """The number of the unit of energy events, and the CPUs of each socket on which they are counted.

    Raises:
        MeterUnavailable: This machine does not have it.
    """
    try:
        return unit_type(root), cpus_by_package(root)
    except FileNotFoundError as error:
        raise MeterUnavailable(f"{meter}: no energy events here: {error.filename} does not exist", NO_UNIT) from None
    except (OSError, ValueError) as error:
        raise MeterUnavailable(f"{meter}: the energy events are not as Linux has them: {error}") from error


class _EventSum:
    """One event of one socket: the sum of its counters since the first reading of each."""

    def __init__(self, event: Event, clock: Clock) -> None:
        self._event, self._clock = event, clock
        self._counters: list[EventCounter] = []
        self._first: list[int] = []
        self._running_ns: list[int] = []
        self.energy_j = 0.0
        self.lost = ""

    def open(self, open_counter: Callable[[int, int, int], EventCounter], number: int, cpus: Iterable[int]) -> None:
        self._read_s = self._clock()
        for cpu in cpus:
            counter = open_counter(number, self._event.config, cpu)
            self._counters.append(counter)
            count = counter.read()
            self._first.append(count.value)
            self._running_ns.append(count.running_ns)

    def read(self, t_s: float) -> None:
        if self.lost:
            return
        try:
            counts = [counter.read() for counter in self._counters]
        except OSError as error:
            self.lost = f"the event can no longer be read: {error.strerror}"
            return
        elapsed_s, self._read_s = t_s - self._read_s, t_s
        before, self._running_ns = self._running_ns, [count.running_ns for count in counts]
        if any(_stood_still(now - then, elapsed_s) for now, then in zip(self._running_ns, before, strict=True)):
            self.lost = "the kernel has stopped counting: was the CPU that it counts on taken offline?"
            return
        grown = sum(count.value - first for count, first in zip(counts, self._first, strict=True))
        self.energy_j = grown * self._event.joules

    def close(self) -> None:
        for counter in self._counters:
            counter.close()


def _stood_still(ran_ns: int, elapsed_s: float) -> bool:
    """Whether a counter was off between two readings; its value alone does not show that."""
    if ran_ns == 0:
        return elapsed_s > 10 * RESOLUTION_S
    return ran_ns / 1e9 < (1 - CLOCK_LAG) * elapsed_s - CLOCK_LAG_S


def _close(sources: Iterable[_EventSum]) -> None:
    for source in sources:
        source.close()


def _denied(root: Path) -> MeterError:
    """Why the kernel refuses, by its setting: above 0 it keeps events of all programs to privileged users."""
    try:
        level = int((root / PARANOID).read_text())
    except (OSError, ValueError):
        level = 0
    if level > 0:
        return MeterPermissionError(
            f"perf: this user may not read energy events: kernel.perf_event_paranoid is {level}",
            "sudo sysctl kernel.perf_event_paranoid=0 (until the machine starts anew; it opens other events, too)",
        )
    return MeterPermissionError(
        "perf: this process may not read energy events: its container or sandbox forbids perf_event_open",
        "start the container with --cap-add PERFMON, or measure on the host",
    )
