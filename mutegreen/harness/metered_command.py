"""A command inside a window of the meters: its end, its energy and its power over time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from mutegreen.harness.concurrency.energy_windows import EnergyWindow, WindowResult
from mutegreen.harness.process.command import Command, CommandResult, OutputLine
from mutegreen.meters.estimate.cpu_time import machine_busy_s, other_load
from mutegreen.model import Flag, Measurement

OTHER_CPUS = 0.2
"""Mean number of CPUs kept busy by others than the training from which a trial is flagged."""

SHARED = ("cpu:", "dram:", "psys")
"""Domains whose figures hold the energy of every program of the machine."""


@dataclass(frozen=True)
class MeteredRun:
    """What running a command came to.

    Attributes:
        started_s: When it was started, on the monotonic clock.
        pids: Numbers of its processes, as far as they were seen; none of them runs any more.
    """

    ended: CommandResult
    started_s: float
    window: WindowResult
    pids: frozenset[int]


def run(
    window: EnergyWindow, start: Callable[[], Command], on_line: Callable[[OutputLine], None], timeout_s: float | None
) -> MeteredRun:
    """Runs a command in a window that closes the moment the command itself has ended, before its rest is cleared.

    Raises:
        OSError: The command cannot be started, or `on_line` cannot keep a line.
        Stopped: It was told to stop.
    """
    busy_s = machine_busy_s()
    window.open()
    try:
        with start() as command:
            window.attach(command.pid)
            ended = command.wait(on_line, timeout_s, window.close)
    finally:
        result = window.close()
    machine_s = None if busy_s is None else (machine_busy_s() or busy_s) - busy_s
    flagged = _flag_other_load(
        result.measurement, machine_s, max(ended.cpu_s, result.known_cpu_s or 0.0), ended.duration_s
    )
    return MeteredRun(ended, command.started_s, replace(result, measurement=flagged), command.seen)


def _flag_other_load(
    measurement: Measurement, machine_s: float | None, known_s: float, duration_s: float
) -> Measurement:
    """Flags the domains that all programs of the machine share, where others than the audit's kept it busy."""
    if machine_s is None or other_load(machine_s, known_s, duration_s) < OTHER_CPUS:
        return measurement
    domains = [
        replace(figure, flags=figure.flags | {Flag.OTHER_LOAD}) if figure.domain.startswith(SHARED) else figure
        for figure in measurement.domains
    ]
    return replace(measurement, domains=tuple(domains))
