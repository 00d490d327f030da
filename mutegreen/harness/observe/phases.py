"""Divide a trial into phases: epochs by the time stamps of its output, windows that the program marks."""

from __future__ import annotations

import itertools
import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mutegreen.model import EPOCH, FIRST_EPOCH, Epoch, Phase, Timeline


@dataclass(frozen=True)
class _Cumulative:
    """Energy since the beginning as a function of time: linear between the ends of a timeline's steps."""

    times_s: list[float]
    energies_j: list[float]

    @classmethod
    def of(cls, timeline: Timeline) -> _Cumulative:
        times_s, energies_j = [0.0], [0.0]
        for end_s, power_w in timeline:
            energies_j.append(energies_j[-1] + power_w * (end_s - times_s[-1]))
            times_s.append(end_s)
        return cls(times_s, energies_j)

    def at(self, time_s: float) -> float:
        """Return the joules until a moment; after the last sample, those until the last sample."""
        right = bisect_right(self.times_s, time_s)
        if right == len(self.times_s):
            return self.energies_j[-1]
        left_s, right_s = self.times_s[right - 1], self.times_s[right]
        part = (time_s - left_s) / (right_s - left_s)
        return self.energies_j[right - 1] + part * (self.energies_j[right] - self.energies_j[right - 1])


def cut(
    timelines: Mapping[str, Timeline], epochs: Sequence[Epoch], windows: Sequence[tuple[str, float, float]]
) -> tuple[Phase, ...]:
    """Return the phases of a trial with the joules of each domain.

    Args:
        timelines: Power over the trial by domain.
        epochs: Values of performance; those read from a file have no time and make no phase.
        windows: (name, begin, end) of the program's own windows, seconds since the trial began.

    Returns:
        The epochs, then the windows, both in the order of time.
    """
    energies = {domain: _Cumulative.of(timeline) for domain, timeline in timelines.items() if timeline}
    spans = [*_epoch_spans(epochs), *windows]
    return tuple(
        Phase(name, begin_s, end_s, {d: one.at(end_s) - one.at(begin_s) for d, one in energies.items()})
        for name, begin_s, end_s in spans
    )


def _epoch_spans(epochs: Sequence[Epoch]) -> list[tuple[str, float, float]]:
    edges = [0.0, *(epoch.time_s for epoch in epochs if epoch.time_s is not None)]
    names = itertools.chain([FIRST_EPOCH], itertools.repeat(EPOCH))
    return [(name, begin, end) for name, (begin, end) in zip(names, itertools.pairwise(edges), strict=False)]


def read_windows(file: Path, started_s: float, duration_s: float) -> list[tuple[str, float, float]]:
    """Return the windows that the program marked with `mutegreen.window`, in seconds since the trial began.

    A window that was never closed, because the training crashed in it, ends with the trial. Windows of forked processes
    are distinguished by the process id.

    Args:
        file: The file of marks, one JSON array (process id, number, name, time) a line; it may be missing.
        started_s: Start of the trial on the monotonic clock.
        duration_s: Duration of the trial, seconds.

    Returns:
        (name, begin, end) of each window, by begin.
    """
    open_: dict[tuple[int, int], tuple[str, float]] = {}
    windows: list[tuple[str, float, float]] = []
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
        try:
            process, number, name, time_s = json.loads(line)
        except ValueError:
            continue  # an incomplete line of a process that was killed
        key = (process, number)
        if key in open_:
            begun = open_.pop(key)
            windows.append((*begun, time_s - started_s))
        else:
            open_[key] = (name, time_s - started_s)
    windows += [(name, begin_s, duration_s) for name, begin_s in open_.values()]
    return sorted(windows, key=lambda span: span[1])
