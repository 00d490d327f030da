"""A command inside a window of the meters: its end, its energy and its power over time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from mutegreen.harness.concurrency.energy_windows import Weighed, Weighing
from mutegreen.harness.process.command import Command, Ended, Line
from mutegreen.meters.estimate.cpu_time import machine_busy_s, other_load
from mutegreen.model import Flag, Measurement

OTHER_CPUS = 0.2
"""Mean number of CPUs kept busy by others than the training from which a trial is flagged."""

SHARED = ("cpu:", "dram:", "psys")
"""Domains whose figures hold the energy of every program of the machine."""


@dataclass(frozen=True)
class Metered:
    """What running a command came to.

    Attributes:
        started_s: When it was started, on the monotonic clock.
        pids: Numbers of its processes, as far as they were seen; none of them runs any more.
    """

    ended: Ended
    started_s: float
    weighed: Weighed
    pids: frozenset[int]


def run(
    weighing: Weighing, start: Callable[[], Command], on_line: Callable[[Line], None], timeout_s: float | None
) -> Metered:
    """Runs a command in a window that closes the moment the command itself has ended, before its rest is cleared.

    Raises:
        OSError: The command cannot be started, or `on_line` cannot keep a line.
        Stopped: It was told to stop.
    """
    busy_s = machine_busy_s()
    weighing.open()
    try:
        with start() as command:
            weighing.adopt(command.pid)
            ended = command.wait(on_line, timeout_s, weighing.close)
    finally:
        weighed = weighing.close()
    machine_s = None if busy_s is None else (machine_busy_s() or busy_s) - busy_s
    noted = _noting_others(weighed.measurement, machine_s, max(ended.cpu_s, weighed.known_cpu_s or 0.0), ended)
    return Metered(ended, command.started_s, replace(weighed, measurement=noted), command.seen)


def _noting_others(measurement: Measurement, machine_s: float | None, known_s: float, ended: Ended) -> Measurement:
    """Flags the domains that all programs of the machine share, where others than the audit's kept it busy."""
    if machine_s is None or other_load(machine_s, known_s, ended.duration_s) < OTHER_CPUS:
        return measurement
    flagged = [
        replace(figure, flags=figure.flags | {Flag.OTHER_LOAD}) if figure.domain.startswith(SHARED) else figure
        for figure in measurement.domains
    ]
    return replace(measurement, domains=tuple(flagged))
