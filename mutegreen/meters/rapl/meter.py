"""A meter of CPU packages and their memory through the RAPL counters in Linux's powercap class."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import override

from mutegreen import units
from mutegreen.clock import Clock, boot_time_s
from mutegreen.errors import MeterError, MeterPermissionError, MeterUnavailable
from mutegreen.meters.base import Meter, Reading
from mutegreen.meters.rapl.access import NO_COUNTERS, commands_to_open, unreadable
from mutegreen.meters.rapl.counter import ENERGY_FILE, RANGE_FILE, RaplCounter, Step
from mutegreen.meters.rapl.mirrors import without_mirrors
from mutegreen.meters.rapl.zones import Zone, ZoneTree, find_zones, powercap_root
from mutegreen.model import Quality, Unavailable, domain_class

RESOLUTION_S = 0.001
"""Time between two updates of a counter, seconds: about 1 ms (Intel SDM, volume 3B, on MSR_PKG_ENERGY_STATUS)."""

STUCK_AFTER_S = 10.0
"""A counter that has not changed for this time, seconds, is stuck: an idle package changes it often, too."""

LOST_AFTER_S = 60.0
"""A counter that could not be read for this time, seconds, is lost."""


class RaplMeter(Meter):
    """Measures the energy of CPU packages (`cpu:`), their memory (`dram:`) and the platform (`psys`, in no total).

    Every reading undoes the wrap-around of the counters. After a reset, or a gap in which a counter may have wrapped
    around twice, the joules of that time are unknown. A class of domains is read on every socket or not at all, so no
    sum lacks a socket: if one counter cannot be read at `open`, the whole class is not read, and `unavailable` has the
    reason.

    Args:
        root: The folder of the powercap class; None: `MUTEGREEN_POWERCAP_ROOT` if it is set, else Linux's own.
        clock: The clock of the readings.
        boot_clock: A clock that also counts the time while the machine is suspended.
        sleep: Waits for a number of seconds.
    """

    name = "rapl"
    resolution_s = RESOLUTION_S

    def __init__(
        self,
        root: Path | None = None,
        *,
        clock: Clock = time.monotonic,
        boot_clock: Clock = boot_time_s,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._root = root or powercap_root()
        self._clock, self._boot_clock, self._sleep = clock, boot_clock, sleep
        self._sources: dict[str, _CounterState] | None = None

    @override
    def open(self) -> None:
        """Find the counters and start at 0 J.

        Raises:
            MeterUnavailable: There are no counters, or none that works.
            MeterPermissionError: The counters may not be read; the remedy has the commands that make them readable.
        """
        tree = self._find()
        if tree.nameless:
            raise _denied(tree.nameless)
        counters, faults = _open_counters(tree, self._sleep)
        broken = {domain_class(domain) for domain in faults}
        whole = {zone: counter for zone, counter in counters.items() if domain_class(zone.domain) not in broken}
        _close(counter for zone, counter in counters.items() if zone not in whole)
        if not whole:
            raise _no_counters(self._root, faults)
        self._start(whole)
        self.unavailable = tuple(_unread_class(class_name, faults) for class_name in sorted(broken))

    @override
    def read(self) -> Reading:
        """Read the joules so far. A counter that cannot be read is tried again, and is lost after a minute."""
        if self._sources is None:
            raise RuntimeError("the meter is not open")
        t_s, now_s = self._clock(), self._boot_clock()
        steps = {domain: source.read(now_s) for domain, source in self._sources.items() if not source.lost}
        lost = {domain: source.lost for domain, source in self._sources.items() if source.lost}
        failed = {domain: step.failed for domain, step in steps.items() if step.failed and domain not in lost}
        return Reading(
            t_s,
            {domain: self._sources[domain].energy_j for domain, step in steps.items() if not step.failed},
            lost,
            {domain: step.flags for domain, step in steps.items() if step.flags},
            failed,
            {domain: step.unknown for domain, step in steps.items() if step.unknown},
        )

    @override
    def close(self) -> None:
        _close((self._sources or {}).values())
        self._sources = None

    def _find(self) -> ZoneTree:
        try:
            return find_zones(self._root)
        except FileNotFoundError:
            raise MeterUnavailable(f"rapl: no energy counters here: {self._root} does not exist", NO_COUNTERS) from None
        except OSError as error:
            raise MeterUnavailable(f"rapl: {error.filename} cannot be listed: {error.strerror}", NO_COUNTERS) from error

    def _start(self, counters: Mapping[Zone, RaplCounter]) -> None:
        try:
            distinct = without_mirrors(counters, self._sleep)
            for counter in distinct.values():
                counter.start(self._boot_clock())
        except (OSError, ValueError) as error:
            _close(counters.values())
            raise MeterUnavailable(f"rapl: {error}", NO_COUNTERS) from error
        self._sources = {domain: _CounterState(counter) for domain, counter in distinct.items()}
        self.domains = tuple(distinct)
        self.quality = dict.fromkeys(self.domains, Quality.COUNTER)


class _CounterState:
    """A counter, and how long it has failed."""

    def __init__(self, counter: RaplCounter) -> None:
        self._counter = counter
        self._failing_since_s: float | None = None
        self.lost: str | None = None

    @property
    def energy_j(self) -> float:
        return self._counter.energy_j

    def read(self, now_s: float) -> Step:
        try:
            step = self._counter.read(now_s)
        except (OSError, ValueError) as error:
            return self._fail(str(error), now_s)
        self._failing_since_s = None
        if not step.unknown and self._counter.still_s > STUCK_AFTER_S:
            return Step(failed=f"the counter has not changed for {units.duration(self._counter.still_s)}")
        return step

    def close(self) -> None:
        self._counter.close()

    def _fail(self, reason: str, now_s: float) -> Step:
        if self._failing_since_s is None:
            self._failing_since_s = now_s
        if now_s - self._failing_since_s >= LOST_AFTER_S:
            self.lost = reason
        return Step(failed=reason)


@dataclass(frozen=True)
class _Fault:
    """Why a domain cannot be read, and the files that this user may not read, if that is the reason."""

    reason: str
    denied: tuple[Path, ...] = ()


def _open_counters(tree: ZoneTree, sleep: Callable[[float], None]) -> tuple[dict[Zone, RaplCounter], dict[str, _Fault]]:
    """Open for each domain the counter of the first zone that works; if none works, keep the fault of the first one."""
    counters: dict[Zone, RaplCounter] = {}
    faults: dict[str, _Fault] = {}
    for domain, zones in tree.zones.items():
        if len({zone.control_type for zone in zones}) < len(zones):
            faults[domain] = _Fault(f"{domain}: several zones have that name, such as {zones[0].folder}")
            continue
        for zone in zones:
            result = _open_counter(zone, sleep)
            if isinstance(result, RaplCounter):
                counters[zone] = result
                faults.pop(domain, None)
                break
            faults.setdefault(domain, result)
    return counters, faults


def _open_counter(zone: Zone, sleep: Callable[[float], None]) -> RaplCounter | _Fault:
    try:
        return RaplCounter(zone.folder, sleep)
    except PermissionError as error:
        denied = unreadable((zone.folder / ENERGY_FILE, zone.folder / RANGE_FILE))
        return _Fault(f"this user may not read {error.filename}", denied)
    except (OSError, ValueError) as error:
        return _Fault(f"{zone.domain}: {error}")


def _close(closable: Iterable[RaplCounter | _CounterState]) -> None:
    for one in closable:
        one.close()


def _unread_class(class_name: str, faults: Mapping[str, _Fault]) -> Unavailable:
    """Return a class of domains that is not read, with the reason."""
    own = [fault for domain, fault in faults.items() if domain_class(domain) == class_name]
    denied = [file for fault in own for file in fault.denied]
    reason = f"{class_name} is not read: {'; '.join(fault.reason for fault in own)}"
    return Unavailable(RaplMeter.name, reason, commands_to_open(denied) if denied else None)


def _denied(files: Sequence[Path]) -> MeterPermissionError:
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return MeterPermissionError(f"rapl: this user may not read {files[0]}{more}", commands_to_open(files))


def _no_counters(root: Path, faults: Mapping[str, _Fault]) -> MeterError:
    denied = [file for fault in faults.values() for file in fault.denied]
    if denied:
        return _denied(denied)
    if faults:
        return MeterUnavailable("rapl: " + "; ".join(fault.reason for fault in faults.values()))
    return MeterUnavailable(f"rapl: no energy counter of a package or of memory in {root}", NO_COUNTERS)
