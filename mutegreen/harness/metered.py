"""A command inside a window of the meters: its end, its energy and its power over time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from mutegreen.harness.process import Command, Ended, Line
from mutegreen.meters.cpu_time import machine_busy_s, other_load
from mutegreen.meters.recorder import Recorder
from mutegreen.model import Flag, Measurement, Timeline

OTHER_CPUS = 0.2
"""Mean number of CPUs kept busy by others than the training from which a trial is flagged."""

SHARED = ("cpu:", "dram:", "psys")
"""Domains whose figures hold the energy of every program of the machine."""


@dataclass(frozen=True)
class Metered:
    """What running a command came to.

    Attributes:
        started_s: When it was started, on the monotonic clock.
        timelines: Power by domain since the window began, which is just before the start.
    """

    ended: Ended
    started_s: float
    measurement: Measurement
    timelines: dict[str, Timeline]


def run(
    recorder: Recorder,
    name: str,
    start: Callable[[], Command],
    on_line: Callable[[Line], None],
    timeout_s: float | None,
) -> Metered:
    """Runs a command in a window that closes the moment the command itself has ended, before its rest is cleared.

    Raises:
        OSError: The command cannot be started, or `on_line` cannot keep a line.
    """
    window = _Window(recorder, name)
    busy_s = machine_busy_s()
    recorder.begin(name)
    try:
        with start() as command:
            ended = command.wait(on_line, timeout_s, window.close)
    finally:
        measurement = window.close()
    machine_s = None if busy_s is None else (machine_busy_s() or busy_s) - busy_s
    return Metered(ended, command.started_s, _noting_others(measurement, machine_s, ended), window.timelines)


class _Window:
    """An open window of the recorder, closed once, with the timelines that end with it."""

    def __init__(self, recorder: Recorder, name: str) -> None:
        self._recorder = recorder
        self._name = name
        self._measurement: Measurement | None = None
        self.timelines: dict[str, Timeline] = {}

    def close(self) -> Measurement:
        if self._measurement is None:
            self._recorder.sample()
            self.timelines = {d: tuple(self._recorder.timeline(d, self._name)) for d in self._recorder.domains}
            self._measurement = self._recorder.end(self._name)
        return self._measurement


def _noting_others(measurement: Measurement, machine_s: float | None, ended: Ended) -> Measurement:
    """Flags the domains that all programs of the machine share, where others than the training kept it busy."""
    if machine_s is None or other_load(machine_s, ended.cpu_s, ended.duration_s) < OTHER_CPUS:
        return measurement
    flagged = [
        replace(figure, flags=figure.flags | {Flag.OTHER_LOAD}) if figure.domain.startswith(SHARED) else figure
        for figure in measurement.domains
    ]
    return replace(measurement, domains=tuple(flagged))
