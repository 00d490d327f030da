"""A meter of CPU packages and their memory by the program `perf stat`, where only that may count energy events.

One `perf stat -a -x, -I 20` runs while the meter is open. It prints the counts of the events `power/energy-pkg/` and
`power/energy-ram/` at the ends of short intervals, and a reading waits for the end of the interval that it is in.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

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
"""Time between two lines of an event, seconds. Within an interval the power is taken as even. A step of P watts in
the middle of one puts an edge there off by P x INTERVAL_S / 4 at most: with a step at both edges, 0.5 % of a window
of 2 s."""

ANSWER_LIMIT_S = 1.0
"""How long a reading waits for the next line, seconds."""

START_LIMIT_S = 5.0
"""How long opening waits for the first lines, seconds."""

NO_PROGRAM = "install it: the package is linux-tools on Ubuntu, linux-perf on Debian, perf elsewhere"

DENIED = "sudo sysctl kernel.perf_event_paranoid=0, or for perf alone: sudo setcap cap_perfmon=ep on the program"

_DENIALS = ("Access to performance monitoring", "perf_event_paranoid", "not permitted", "permission")


class StatProgram(Protocol):
    """A running program as `PerfProgram` is one."""

    def lines(self, timeout_s: float) -> list[str]:
        """The lines printed since the last call; EOFError once it has ended."""

    def close(self) -> None:
        """End it."""


class PerfStatMeter(Meter):
    """Energy of CPU packages (`cpu:`) and of their memory (`dram:`), each socket by itself, as `PerfMeter` has it.

    The events are asked for by number: of one asked for by name `perf` prints joules with two decimals, which for
    3 W is 8 % of an interval; of one asked for by number it prints the counts themselves.

    Args:
        root: The folder that holds `proc` and `sys`.
        clock: The clock of the readings; the real one is that of `perf`, too (CLOCK_MONOTONIC).
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

    def open(self) -> None:
        """Start `perf` and count from its first lines on.

        Raises:
            MeterUnavailable: There are no events of energy, or no `perf`, or it does not print what is expected.
            MeterPermissionError: `perf` may not count them either.
        """
        _, packages = find_unit(self._root, self.name)
        faults, events = self._find_events()
        self._counters = {
            (event, package): StatCounter(domain.format(package), events[event].joules, len(cpus))
            for event, domain in EVENTS.items()
            if event in events
            for package, cpus in packages.items()
        }
        self._gone, self._began_s = "", math.inf
        try:
            self._program = self._begin(events, packages)
            self._first_lines()
            self._keep_what_works(faults)
            self._start_at_zero()
        except BaseException:
            self.close()
            raise

    def read(self) -> Reading:
        """The joules so far, after waiting for the end of the interval under way."""
        if self._program is None:
            raise RuntimeError("the meter is not open")
        t_s = self._clock()
        lines_came = self._wait_until(t_s)
        alive = [one for one in self._counters.values() if not one.lost]
        lost = {one.domain: one.lost for one in self._counters.values() if one.lost}
        if not lines_came:
            late = f"perf has printed nothing for {ANSWER_LIMIT_S:g} s"
            return Reading(t_s, {}, lost, failed={one.domain: late for one in alive})
        return Reading(t_s, {one.domain: one.energy_j(t_s - self._began_s) for one in alive}, lost)

    def close(self) -> None:
        """End `perf`."""
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
                faults[name] = "this processor does not have it"
        if not events:
            raise MeterUnavailable(f"{self.name}: {_listed(faults)}", NO_UNIT)
        return faults, events

    def _begin(self, events: Mapping[str, Event], packages: Mapping[int, Iterable[int]]) -> StatProgram:
        cpus = ",".join(str(cpu) for each in packages.values() for cpu in each)
        asked = ",".join(f"power/config={event.config:#x},name={name}/" for name, event in events.items())
        every = f"{INTERVAL_S * 1000:.0f}"
        words = ["perf", "stat", "-a", "-C", cpus, "-x,", "-I", every, "--per-socket", "--log-fd", "1", "-e", asked]
        try:
            return self._start(words)
        except OSError as error:
            raise MeterUnavailable(
                f"{self.name}: the program perf cannot be started: {error.strerror}", NO_PROGRAM
            ) from None

    def _first_lines(self) -> None:
        deadline_s = self._clock() + START_LIMIT_S
        while not all(one.seen for one in self._counters.values()):
            if not self._take_lines(opening=True) or self._clock() > deadline_s:
                missing = ", ".join(one.domain for one in self._counters.values() if not one.seen)
                raise MeterUnavailable(f"{self.name}: perf prints nothing of {missing}")

    def _keep_what_works(self, faults: dict[str, str]) -> None:
        """Leave out the events that do not work on every socket."""
        if any(one.restricted for one in self._counters.values()):
            raise MeterPermissionError(f"{self.name}: perf may not count energy events either", DENIED)
        faults |= {event: one.lost for (event, _), one in self._counters.items() if one.lost}
        kept = [one for (event, _), one in self._counters.items() if event not in faults]
        if not kept:
            raise MeterUnavailable(f"{self.name}: {_listed(faults)}", NO_UNIT)
        self._counters = {key: one for key, one in self._counters.items() if one in kept}
        groups = {domain_class(EVENTS[event]): f"{event}: {why}" for event, why in faults.items()}
        self.unavailable = tuple(Unavailable(self.name, f"{g} is left out: {why}") for g, why in groups.items())
        self.domains = tuple(one.domain for one in kept)
        self.quality = dict.fromkeys(self.domains, Quality.COUNTER)

    def _start_at_zero(self) -> None:
        t_s = self._clock()
        if not self._wait_until(t_s):
            raise MeterUnavailable(f"{self.name}: perf printed a line and then nothing for {ANSWER_LIMIT_S:g} s")
        for one in self._counters.values():
            one.start_at(t_s - self._began_s)

    def _wait_until(self, t_s: float) -> bool:
        """Take lines until the interval that holds a moment has ended everywhere; whether that came about."""
        while any(one.last_s < t_s - self._began_s for one in self._counters.values() if not one.lost):
            if not self._take_lines() or self._clock() > t_s + ANSWER_LIMIT_S:
                return False
        return True

    def _take_lines(self, opening: bool = False) -> bool:
        """Take what `perf` has printed; whether that is anything.

        Raises:
            MeterError: It has ended, or has printed what it should not: nothing that follows can be believed.
        """
        assert self._program is not None
        try:
            if self._gone:
                raise ValueError(self._gone)
            lines = self._program.lines(START_LIMIT_S if opening else ANSWER_LIMIT_S)
            arrival_s = self._clock()
            for interval in filter(None, map(parse, lines)):
                self._take(interval, arrival_s)
        except (EOFError, ValueError) as error:
            self._gone = str(error)
            raise self._ended(error, opening) from None
        return bool(lines)

    def _take(self, interval: StatInterval, arrival_s: float) -> None:
        # A line comes a little after its stamp, never before: the shortest way shows when perf began.
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
        return MeterUnavailable(text, "run `perf stat -a -x, -e power/energy-pkg/ sleep 1` to see what it says")


def _listed(faults: Mapping[str, str]) -> str:
    return "; ".join(f"{event}: {why}" for event, why in faults.items())
