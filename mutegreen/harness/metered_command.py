"""Run a command in an energy window: its exit, its energy and its power over time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from mutegreen.harness.concurrency.energy_windows import EnergyWindow, WindowResult
from mutegreen.harness.process.command import Command, CommandResult, OutputLine
from mutegreen.meters.estimate.cpu_time import machine_busy_s, other_load
from mutegreen.model import Flag, Measurement

OTHER_CPUS = 0.2
"""Mean number of CPUs that other programs keep busy from which a trial is flagged."""

SHARED = ("cpu:", "dram:", "psys")
"""Domains whose energy includes that of every program on the machine."""


@dataclass(frozen=True)
class MeteredRun:
    """The result of a command in an energy window.

    Attributes:
        command: How the command ended.
        started_s: Start of the command on the monotonic clock.
        window: The values measured in the window.
        pids: Process ids of the command that were observed; none of these processes runs any more.
    """

    command: CommandResult
    started_s: float
    window: WindowResult
    pids: frozenset[int]


def run(
    window: EnergyWindow, start: Callable[[], Command], on_line: Callable[[OutputLine], None], timeout_s: float | None
) -> MeteredRun:
    """Run a command in a window.

    The window opens before the start and closes the moment the command's first process has ended. What is left of the
    command is ended after that, so clearing up costs the trial no energy.

    Args:
        window: The window, not open yet.
        start: Starts the command.
        on_line: Takes each line of its output.
        timeout_s: Longest time, seconds; None: no limit.

    Raises:
        OSError: The command cannot be started, or `on_line` cannot keep a line.
        Stopped: Another thread requested the end.
    """
    busy_before_s = machine_busy_s()
    window.open()
    try:
        with start() as command:
            window.attach(command.pid)
            result = command.wait(on_line, timeout_s, window.close)
    finally:
        measured = window.close()
    machine_s = None if busy_before_s is None else (machine_busy_s() or busy_before_s) - busy_before_s
    known_s = max(result.cpu_s, measured.known_cpu_s or 0.0)
    flagged = _flag_other_load(measured.measurement, machine_s, known_s, result.duration_s)
    return MeteredRun(result, command.started_s, replace(measured, measurement=flagged), command.seen)


def _flag_other_load(
    measurement: Measurement, machine_s: float | None, known_s: float, duration_s: float
) -> Measurement:
    """Flag the shared domains if programs other than the audit's kept the machine busy.

    Args:
        measurement: Energy in the window.
        machine_s: CPU seconds of the whole machine in the window; None: not known.
        known_s: CPU seconds of the audit's own trainings in it.
        duration_s: Length of the window, seconds.
    """
    if machine_s is None or other_load(machine_s, known_s, duration_s) < OTHER_CPUS:
        return measurement
    domains = [
        replace(energy, flags=energy.flags | {Flag.OTHER_LOAD}) if energy.domain.startswith(SHARED) else energy
        for energy in measurement.domains
    ]
    return replace(measurement, domains=tuple(domains))
