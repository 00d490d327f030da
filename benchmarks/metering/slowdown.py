"""What metering takes from a training beside it: the same work with the sampler running and with it stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from child import Child
from table import median_with_interval, show

WHERE = {"any CPU": (), "one CPU for both": (0,)}


class Segment(NamedTuple):
    """One piece of the work."""

    metered: bool
    cpu_s: float
    wall_s: float


def report(environ: Mapping[str, str], meters: Sequence[str], loads: Sequence[str], pairs: int, piece_s: float) -> None:
    """Print the slowdown of each load, wherever the two run."""
    rows = [row for load in loads for where in WHERE for row in _rows(environ, meters, load, where, pairs, piece_s)]
    heads = ("load", "they run on", "compared", "CPU seconds, %", "wall, %")
    show(
        f"1. Slowdown by {', '.join(meters)}: {pairs} pairs of {piece_s:g} s, in turn off on on off\n"
        "   median [about 95 % confidence of it] (smallest .. largest)",
        heads,
        rows,
    )


def _rows(
    environ: Mapping[str, str], meters: Sequence[str], load: str, where: str, pairs: int, piece_s: float
) -> list[list[str]]:
    cpus = WHERE[where]
    with (
        Child("load.py", load, environ=environ, cpus=cpus) as training,
        Child("tool.py", "mutegreen", *meters, environ=environ, cpus=cpus) as tool,
    ):
        tool.ask("begin")
        segments = _segments(training, tool, pairs, round(training.first * piece_s))
    compared = {"on to off": _on_to_off(segments), "off to off": _off_to_off(segments)}
    return [[load, where, label, *map(median_with_interval, _percents(found))] for label, found in compared.items()]


def _segments(training: Child, tool: Child, pairs: int, units: int) -> list[Segment]:
    found = []
    for number in range(pairs):
        for metered in (False, True) if number % 2 == 0 else (True, False):
            (tool.go_on if metered else tool.pause)()
            found.append(Segment(metered, **training.ask(str(units))))
    return found


def _on_to_off(segments: Sequence[Segment]) -> list[tuple[Segment, Segment]]:
    pairs = zip(segments[::2], segments[1::2], strict=True)
    return [(a, b) if a.metered else (b, a) for a, b in pairs]


def _off_to_off(segments: Sequence[Segment]) -> list[tuple[Segment, Segment]]:
    """Neighbours without metering: what the machine alone makes of such pairs."""
    return [(b, a) for a, b in pairwise(segments) if not a.metered and not b.metered]


def _percents(pairs: Sequence[tuple[Segment, Segment]]) -> tuple[list[float], list[float]]:
    cpu = [100 * (on.cpu_s / off.cpu_s - 1) for on, off in pairs]
    return cpu, [100 * (on.wall_s / off.wall_s - 1) for on, off in pairs]
