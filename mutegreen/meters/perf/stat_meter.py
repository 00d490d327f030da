"""A meter of CPU packages and their memory through the program `perf stat`, if only that may count energy events.

One `perf stat -a -x, -I 20` runs while the meter is open. It prints the counts of the events `power/energy-pkg/` and
`power/energy-ram/` at the ends of short intervals. A reading waits for the end of the current interval:

    perf     |---------|---------|---------|---------|-->   one line per event and socket at each |
    read            t            ^ returns: E(t) is interpolated between the two ends around t

The lines have times since `perf` began, and this clock began at `_began_s`. A line arrives a little after its time,
never before. So `_began_s` is the minimum over all lines of (arrival - time in the line): the fastest line counts.

Relies on:
    - `perf` using CLOCK_MONOTONIC, as `time.monotonic` does.
    - `perf` printing in time order, and raw counts for events that are given by number.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from typing_extensions import override

from mutegreen import units
from mutegreen.clock import Clock
from mutegreen.errors import MeterError, MeterLost, MeterPermissionError, MeterUnavailable
from mutegreen.meters.base import Meter, Reading
from mutegreen.meters.perf.meter import EVENTS, NO_UNIT, find_unit
from mutegreen.meters.perf.stat_counter import StatCounter
from mutegreen.meters.perf.stat_line import StatInterval, parse
from mutegreen.meters.perf.stat_program import PerfProgram
from mutegreen.meters.perf.unit import Event, find_event
from mutegreen.model import Quality, Unavailable, domain_class

INTERVAL_S = 0.02
"""Time between two lines of an event, seconds. Within an interval the power is taken as constant. If it steps by P
watts in the middle of the interval, the energy at an edge there is wrong by at most P x INTERVAL_S / 4; with a step at
both edges that is 0.5 % of a window of 2 s."""

ANSWER_LIMIT_S = 1.0
"""How long a reading waits for the next line, seconds."""

START_LIMIT_S = 5.0
"""How long opening waits for the first lines, seconds."""

NO_PROGRAM = "install it: the package is linux-tools on Ubuntu, linux-perf on Debian, perf elsewhere"

DENIED = "sudo sysctl kernel.perf_event_paranoid=0, or for perf alone: sudo setcap cap_perfmon=ep on the program"

_DENIALS = ("Access to performance monitoring", "perf_event_paranoid", "not permitted", "permission")


class StatProgram(Protocol):
    """A running program that prints lines, as `PerfProgram` is one."""

    def lines(self, timeout_s: float) -> list[str]:
        """Return the lines printed since the last call; raise EOFError once it has ended."""

    def close(self) -> None:
        """Terminate it."""


class PerfStatMeter(Meter):
    """Measures the energy of CPU packages (`cpu:`) and of their memory (`dram:`), for each socket, like `PerfMeter`.

    The events are given to `perf` by number, because it then prints the counts. For an event that is given by name it
    prints joules with two decimals, whose rounding is 8 % of an interval at 3 W.

    Args:
        root: The folder that holds `proc` and `sys`.
        clock: The clock of the readings; the default is also that of `perf` (CLOCK_MONOTONIC).
        start: Starts a command.
    """

    name = "perf-stat"
    resolution_s = INTERVAL_S

    def __init__(
        self,
        *,
        root: Path = Path("/"),
        clock: Clock = time.monotonic,
        start: Callable[[Sequence[str]], StatProgram] = PerfProgram,
    ) -> None:
        self._root, self._clock, self._start = root, clock, start
        self._program: StatProgram | None = None

    @override
    def open(self) -> None:
        """Start `perf` and count from its first lines on.

        Raises:
            MeterUnavailable: There are no events of energy or no `perf`, or it prints something else.
            MeterPermissionError: `perf` may not count the events either.
        """
        _, packages = find_unit(self._root, self.name)
        faults, events = self._find_events()
        self._counters = {
            (event, package): StatCounter(domain.format(package), events[event].joules, len(cpus))
            for event, domain in EVENTS.items()
            if event in events
            for package, cpus in packages.items()
        }
        self._end_reason, self._began_s = "", math.inf
        try:
            self._program = self._begin(events, packages)
            self._first_lines()
            self._keep_what_works(faults)
            self._start_at_zero()
        except BaseException:
            self.close()
            raise

    @override
    def read(self) -> Reading:
        """Read the joules so far, after waiting for the end of the current interval."""
        if self._program is None:
            raise RuntimeError("the meter is not open")
        t_s = self._clock()
        lines_came = self._wait_until(t_s)
        alive = [one for one in self._counters.values() if not one.lost]
        lost = {one.domain: one.lost for one in self._counters.values() if one.lost}
        if not lines_came:
            late = f"perf has printed nothing for {units.duration(ANSWER_LIMIT_S)}"
            return Reading(t_s, {}, lost, failed={one.domain: late for one in alive})
        return Reading(t_s, {one.domain: one.energy_j(t_s - self._began_s) for one in alive}, lost)

    @override
    def close(self) -> None:
        """Terminate `perf`."""
        if self._program is not None:
            self._program.close()
        self._program = None

    def _find_events(self) -> tuple[dict[str, str], dict[str, Event]]:
        faults: dict[str, str] = {}
        events: dict[str, Event] = {}
        for name in EVENTS:
            try:
                event = find_event(self._root, name)
            except (OSError, ValueError) as error:
                faults[name] = str(error)
                continue
            if event:
                events[name] = event
            else:
                faults[name] = "not offered by this kernel or processor"
        if not events:
            raise MeterUnavailable(f"{self.name}: {_listed(faults)}", NO_UNIT)
        return faults, events

    def _begin(self, events: Mapping[str, Event], packages: Mapping[int, Iterable[int]]) -> StatProgram:
        cpus = ",".join(str(cpu) for each in packages.values() for cpu in each)
        event_list = ",".join(f"power/config={event.config:#x},name={name}/" for name, event in events.items())
        interval_ms = f"{INTERVAL_S * 1000:.0f}"
        words = ["perf", "stat", "-a", "-C", cpus, "-x,", "-I", interval_ms, "--per-socket", "--log-fd", "1"]
        try:
            return self._start([*words, "-e", event_list])
        except OSError as error:
            raise MeterUnavailable(
                f"{self.name}: the program perf cannot be started: {error.strerror}", NO_PROGRAM
            ) from None

    def _first_lines(self) -> None:
        deadline_s = self._clock() + START_LIMIT_S
        while not all(one.seen for one in self._counters.values()):
            if not self._take_lines(opening=True) or self._clock() > deadline_s:
                missing = ", ".join(one.domain for one in self._counters.values() if not one.seen)
                raise MeterUnavailable(f"{self.name}: perf prints no line for {missing}")

    def _keep_what_works(self, faults: dict[str, str]) -> None:
        """Drop the events that do not work on every socket."""
        if any(one.restricted for one in self._counters.values()):
            raise MeterPermissionError(f"{self.name}: perf may not count energy events either", DENIED)
        faults |= {event: one.lost for (event, _), one in self._counters.items() if one.lost}
        kept = [one for (event, _), one in self._counters.items() if event not in faults]
        if not kept:
            raise MeterUnavailable(f"{self.name}: {_listed(faults)}", NO_UNIT)
        self._counters = {key: one for key, one in self._counters.items() if one in kept}
        groups = {domain_class(EVENTS[event]): f"{event}: {reason}" for event, reason in faults.items()}
        self.unavailable = tuple(Unavailable(self.name, f"{g} is not read: {reason}") for g, reason in groups.items())
        self.domains = tuple(one.domain for one in kept)
        self.quality = dict.fromkeys(self.domains, Quality.COUNTER)

    def _start_at_zero(self) -> None:
        t_s = self._clock()
        if not self._wait_until(t_s):
            raise MeterUnavailable(
                f"{self.name}: perf printed a line and then nothing for {units.duration(ANSWER_LIMIT_S)}"
            )
        for one in self._counters.values():
            one.start_at(t_s - self._began_s)

    def _wait_until(self, t_s: float) -> bool:
        """Take lines until the interval around a moment has ended on every socket; return whether it has, in time."""
        while any(one.last_s < t_s - self._began_s for one in self._counters.values() if not one.lost):
            if not self._take_lines() or self._clock() > t_s + ANSWER_LIMIT_S:
                return False
        return True

    def _take_lines(self, opening: bool = False) -> bool:
        """Take the lines that `perf` has printed; return whether there are any.

        Raises:
            MeterError: It has ended, or has printed a line of another form. The meter is lost.
        """
        assert self._program is not None
        try:
            if self._end_reason:
                raise ValueError(self._end_reason)
            lines = self._program.lines(START_LIMIT_S if opening else ANSWER_LIMIT_S)
            arrival_s = self._clock()
            for interval in filter(None, map(parse, lines)):
                self._take(interval, arrival_s)
        except (EOFError, ValueError) as error:
            self._end_reason = str(error)
            raise self._ended(error, opening) from None
        return bool(lines)

    def _take(self, interval: StatInterval, arrival_s: float) -> None:
        # A line arrives after its time, never before, so the fastest one shows best when perf began.
        self._began_s = min(self._began_s, arrival_s - interval.stamp_s)
        one = self._counters.get((interval.event, interval.package))
        if one is not None:
            one.add(interval)

    def _ended(self, error: Exception, opening: bool) -> MeterError:
        text = f"{self.name}: perf has ended: {error}" if isinstance(error, EOFError) else f"{self.name}: {error}"
        if not opening:
            return MeterLost(text)
        if any(denial in text for denial in _DENIALS):
            return MeterPermissionError(text, DENIED)
        return MeterUnavailable(text, "run `perf stat -a -x, -e power/energy-pkg/ sleep 1` to see its error")


def _listed(faults: Mapping[str, str]) -> str:
    return "; ".join(f"{event}: {reason}" for event, reason in faults.items())
