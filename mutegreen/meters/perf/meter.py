"""A meter of CPU packages and their memory through perf events of the kernel, if powercap is closed or absent.

The events are those that `perf stat -a -e power/energy-pkg/,power/energy-ram/` counts.

    energy_j = (sum over the counters of a socket of count - first count) x joules per count

Relies on:
    - The kernel reading the hardware register often enough to undo its wrap-around (it does so by a timer).
    - TOTAL_TIME_RUNNING growing with the clock while a counter runs. If it stops, the kernel has stopped the counter
      (its CPU was taken offline), which the count alone does not show.

Rejected:
    - Running `perf stat`: it prints at fixed intervals only (its control commands do not make it print). A value for
      the edge of a window would have to be interpolated, and the output of another program parsed. `PerfStatMeter`
      does that for machines on which only the program `perf` has the permission.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from typing_extensions import override

from mutegreen.clock import Clock
from mutegreen.errors import MeterError, MeterPermissionError, MeterUnavailable
from mutegreen.meters.base import Meter, Reading
from mutegreen.meters.perf.event import Count, PerfCounter
from mutegreen.meters.perf.unit import Event, cpus_by_package, find_event, unit_type
from mutegreen.model import Quality, Unavailable, domain_class

EVENTS = {"energy-pkg": "cpu:package-{}", "energy-ram": "dram:package-{}"}
"""The events that are read, and their domains; the number is that of the socket."""

RESOLUTION_S = 0.001
"""Time between two updates of the hardware's counter, seconds: about 1 ms (Intel SDM, volume 3B)."""

CLOCK_LAG_S = 1.0
"""How far the running time of a counter between two readings may lag behind the clock, seconds: this process may have
to wait for a CPU between reading the one and the other."""

CLOCK_LAG = 0.1
"""The same as a fraction of the time between the readings: the two clocks are not adjusted in the same way."""

PARANOID = Path("proc/sys/kernel/perf_event_paranoid")

NO_UNIT = "`sudo modprobe rapl` may enable them; virtual machines hide them: measure on the host"


class EventCounter(Protocol):
    """A counter of events, as `PerfCounter` is one."""

    def read(self) -> Count:
        """Return the count so far; raise OSError if it cannot be read."""

    def close(self) -> None:
        """Stop counting."""


class PerfMeter(Meter):
    """Measures the energy of CPU packages (`cpu:`) and of their memory (`dram:`), for each socket.

    The kernel undoes the wrap-around of counters, so it is not flagged here. A class of domains is read on every socket
    or not at all; `unavailable` has the reason.

    Args:
        root: The folder that holds `proc` and `sys`.
        clock: The clock of the readings.
        open_counter: Opens a counter, given the number of the unit, the number of the event, and the CPU.
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
        self._sources: dict[str, _SocketEnergy] | None = None

    @override
    def open(self) -> None:
        """Find the events and start counting.

        Raises:
            MeterUnavailable: This machine has no events of energy, or none that works.
            MeterPermissionError: This user may not read them; the remedy has the command.
        """
        number, packages = find_unit(self._root, self.name)
        sources: dict[str, _SocketEnergy] = {}
        self._faults: dict[str, str] = {}
        try:
            for event, domain in EVENTS.items():
                sources |= self._open_event(event, domain, number, packages)
        except BaseException:
            _close(sources.values())
            raise
        if not sources:
            raise MeterUnavailable(f"perf: {'; '.join(self._faults.values())}", NO_UNIT)
        self.unavailable = tuple(
            Unavailable(self.name, f"{g} is not read: {reason}") for g, reason in self._faults.items()
        )
        self.domains = tuple(sources)
        self.quality = dict.fromkeys(self.domains, Quality.COUNTER)
        self._sources = sources

    @override
    def read(self) -> Reading:
        """Read the joules so far. A socket whose counter cannot be read, or has been stopped, is lost."""
        if self._sources is None:
            raise RuntimeError("the meter is not open")
        t_s = self._clock()
        for source in self._sources.values():
            source.read(t_s)
        alive = {domain: source.energy_j for domain, source in self._sources.items() if not source.lost}
        return Reading(t_s, alive, {domain: source.lost for domain, source in self._sources.items() if source.lost})

    @override
    def close(self) -> None:
        _close((self._sources or {}).values())
        self._sources = None

    def _open_event(
        self, name: str, domain: str, number: int, packages: Mapping[int, list[int]]
    ) -> dict[str, _SocketEnergy]:
        """Open one event on all sockets. If it does not work on one of them, note the fault and return none."""
        opened: dict[str, _SocketEnergy] = {}
        try:
            event = find_event(self._root, name)
            if event is None:
                raise FileNotFoundError(errno.ENOENT, "not offered by this kernel or processor")
            for package, cpus in packages.items():
                source = opened[domain.format(package)] = _SocketEnergy(event, self._clock)
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
    """Return the number of the unit of energy events, and for each socket the CPUs on which they are counted.

    Raises:
        MeterUnavailable: This machine does not have it.
    """
    try:
        return unit_type(root), cpus_by_package(root)
    except FileNotFoundError as error:
        raise MeterUnavailable(f"{meter}: no energy events here: {error.filename} does not exist", NO_UNIT) from None
    except (OSError, ValueError) as error:
        raise MeterUnavailable(f"{meter}: the energy events do not have the form of Linux: {error}") from error


class _SocketEnergy:
    """The energy of one event on one socket: the sum over its counters, each since its first reading."""

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
        earlier_ns, self._running_ns = self._running_ns, [count.running_ns for count in counts]
        if any(_was_stopped(now - then, elapsed_s) for now, then in zip(self._running_ns, earlier_ns, strict=True)):
            self.lost = "the kernel has stopped counting; its CPU may have been taken offline"
            return
        growth = sum(count.value - first for count, first in zip(counts, self._first, strict=True))
        self.energy_j = growth * self._event.joules

    def close(self) -> None:
        for counter in self._counters:
            counter.close()


def _was_stopped(running_ns: int, elapsed_s: float) -> bool:
    """Return whether a counter was off for a part of the time between two readings."""
    if running_ns == 0:
        return elapsed_s > 10 * RESOLUTION_S
    return running_ns / 1e9 < (1 - CLOCK_LAG) * elapsed_s - CLOCK_LAG_S


def _close(sources: Iterable[_SocketEnergy]) -> None:
    for source in sources:
        source.close()


def _denied(root: Path) -> MeterError:
    """Return the error for a refusal. Above level 0, only privileged users may count events of all programs."""
    try:
        level = int((root / PARANOID).read_text())
    except (OSError, ValueError):
        level = 0
    if level > 0:
        return MeterPermissionError(
            f"perf: this user may not read energy events: kernel.perf_event_paranoid is {level}",
            "sudo sysctl kernel.perf_event_paranoid=0 (until the machine restarts; it opens other events, too)",
        )
    return MeterPermissionError(
        "perf: this process may not read energy events: its container or sandbox forbids perf_event_open",
        "start the container with --cap-add PERFMON, or measure on the host",
    )
