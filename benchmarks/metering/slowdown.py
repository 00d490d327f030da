"""Measure how much metering slows down a training: the same work with the sampler running and with it stopped."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from benchmarks.metering.child import Child
from benchmarks.metering.machine import Machine
from benchmarks.metering.table import median_with_interval, show

REST_S = 0.03
"""Rest between two pieces, seconds: a sampler that continues reads at once, and that must not count for the piece."""


class Segment(NamedTuple):
    """One piece of the work."""

    metered: bool
    cpu_s: float
    wall_s: float


def report(
    machines: Mapping[str, Machine], meters: Sequence[str], loads: Sequence[str], pairs: int, piece_s: float
) -> None:
    """Print the slowdown of each load by the meters that read each machine."""
    rows = [
        row
        for load in loads
        for label, machine in machines.items()
        for row in _rows(label, machine.environ, meters, load, pairs, piece_s)
    ]
    title = (
        f"1. Slowdown by {', '.join(meters)}: {pairs} pairs of {piece_s:g} s, in turn off on on off\n"
        "   median [about 95 % confidence of it] (smallest .. largest)"
    )
    show(title, ("load", "sampled at", "compared", "CPU seconds, %", "wall, %"), rows)


def _rows(
    label: str, environ: Mapping[str, str], meters: Sequence[str], load: str, pairs: int, piece_s: float
) -> list[list[str]]:
    with (
        Child("load.py", load, environ=environ) as training,
        Child("tool.py", "mutegreen", *meters, environ=environ) as tool,
    ):
        tool.ask("begin")
        segments = _segments(training, tool, pairs, round(training.first * piece_s))
    compared = {"on to off": _on_to_off(segments), "off to off": _off_to_off(segments)}
    return [
        [load, label, which, *map(median_with_interval, _percents(segment_pairs))]
        for which, segment_pairs in compared.items()
    ]


def _segments(training: Child, tool: Child, pairs: int, units: int) -> list[Segment]:
    segments = []
    for number in range(pairs):
        for metered in (False, True) if number % 2 == 0 else (True, False):
            (tool.resume if metered else tool.pause)()
            time.sleep(REST_S)
            segments.append(Segment(metered, **training.ask(str(units))))
    return segments


def _on_to_off(segments: Sequence[Segment]) -> list[tuple[Segment, Segment]]:
    pairs = zip(segments[::2], segments[1::2], strict=True)
    return [(a, b) if a.metered else (b, a) for a, b in pairs]


def _off_to_off(segments: Sequence[Segment]) -> list[tuple[Segment, Segment]]:
    """Compare adjacent segments without metering: the variation of the machine alone."""
    return [(b, a) for a, b in pairwise(segments) if not a.metered and not b.metered]


def _percents(pairs: Sequence[tuple[Segment, Segment]]) -> tuple[list[float], list[float]]:
    cpu = [100 * (on.cpu_s / off.cpu_s - 1) for on, off in pairs]
    return cpu, [100 * (on.wall_s / off.wall_s - 1) for on, off in pairs]
