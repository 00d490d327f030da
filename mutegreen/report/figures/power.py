"""Draw the power of one trial over time: watts by domain, with epochs and windows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from mutegreen.model import EPOCH, FIRST_EPOCH, DomainEnergy, Phase, Quality, Timeline, domain_class
from mutegreen.report.figures.labels import LINE_IN
from mutegreen.report.figures.style import (
    BLACK,
    COLOURS,
    GREY,
    LINES,
    Drawing,
    figure_style,
    new_figure,
    shorten,
    without_ticks,
)
from mutegreen.units import UnitScale, duration, energy, si_scale, time_scale

KIND = "power"
CLASSES = {"gpu": "GPU", "cpu": "CPU", "dram": "DRAM", "psys": "platform"}
"""The classes of domains, from the top panel down."""

_PANEL_IN = 1.1
"""Height of a panel without its legend, inches."""
_LANE_IN = 0.24
_FRAME_IN = 0.8
_MAX_LANES = 8
_NAME_CHARACTERS = 18
_MAX_STEPS = 1500
"""Largest number of steps of a line; more are merged, with a band from the smallest to the largest power."""
_SHADES = ("#d9d9d9", "#ffffff")
_EPOCHS = "epochs"
_OF_EPOCHS = {FIRST_EPOCH, EPOCH}

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TrialPower:
    """The power of one trial.

    Attributes:
        title: The title of the figure.
        about: A sentence on the trial.
        duration_s: Its length, seconds.
        timelines: Power by domain.
        domains: Quality, energy and idle power of each domain.
        phases: Epochs and windows.
    """

    title: str
    about: str
    duration_s: float
    timelines: Mapping[str, Timeline]
    domains: Sequence[DomainEnergy] = ()
    phases: Sequence[Phase] = ()


@dataclass(frozen=True)
class PowerSteps:
    """Power as a step function.

    Attributes:
        edges_s: Shape (n + 1,), seconds.
        mean_w, low_w, high_w: Shape (n,), of each step.
    """

    edges_s: Floats
    mean_w: Floats
    low_w: Floats
    high_w: Floats


@figure_style()
def draw(trial: TrialPower, part: str = "") -> list[Drawing]:
    """Draw a panel for each class of domains, and one on top with the epochs and windows.

    Args:
        trial: The power of the trial.
        part: Distinguishes its drawing from those of other trials.

    Returns:
        The drawing; empty if no timeline was stored.
    """
    steps = {domain: power_steps(timeline) for domain, timeline in trial.timelines.items() if timeline}
    if not steps:
        return []
    shown = [name for name in CLASSES if any(domain_class(domain) == name for domain in steps)]
    lanes = _lanes(trial.phases)
    caption = _caption(trial, lanes, steps)
    lines = [sum(domain_class(domain) == name for domain in steps) for name in shown]
    heights = [_LANE_IN * len(lanes)] * bool(lanes) + [_PANEL_IN + LINE_IN * math.ceil(n / 2) for n in lines]
    figure = new_figure(trial.title, caption, sum(heights) + _FRAME_IN)
    axes = list(figure.subplots(len(heights), 1, squeeze=False, sharex=True, height_ratios=heights)[:, 0])
    time = time_scale(trial.duration_s)
    if lanes:
        _draw_lanes(axes[0], lanes, time)
    for panel, name in zip(axes[-len(shown) :], shown, strict=True):
        _panel(panel, name, {d: s for d, s in steps.items() if domain_class(d) == name}, trial.domains, time)
    axes[-1].set_xlabel(time.label("time since the start of training"))
    axes[-1].set_xlim(0, max(trial.duration_s, *(step.edges_s[-1] for step in steps.values())) / time.size)
    figure.align_ylabels(axes[-len(shown) :])
    return [Drawing(KIND, part, trial.title, caption, figure)]


def power_steps(timeline: Timeline, most: int = _MAX_STEPS) -> PowerSteps:
    """Return a timeline as steps; too many or very short ones are merged, which preserves energy."""
    ends_s, power_w = np.array(timeline, dtype=float).T
    edges_s = np.concatenate([[0.0], ends_s])
    length_s = float(np.median(np.diff(edges_s))) / 2
    # A sample right after another one is imprecise: little energy over a very short time.
    edges_s, power_w, *_ = _merged(edges_s, power_w, length_s)
    if len(power_w) > most:
        length_s = edges_s[-1] / most
    return PowerSteps(*_merged(edges_s, power_w, length_s))


def _merged(edges_s: Floats, power_w: Floats, length_s: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Return edges, mean, smallest and largest power, merged over the steps that begin in one interval."""
    spans = np.floor(edges_s[:-1] / length_s) if length_s > 0 else np.arange(len(power_w))
    begins = np.unique(spans, return_index=True)[1]
    merged_s = np.append(edges_s[begins], edges_s[-1])
    energy_j = np.add.reduceat(power_w * np.diff(edges_s), begins)
    mean_w = energy_j / np.maximum(np.diff(merged_s), np.finfo(float).tiny)
    return merged_s, mean_w, np.minimum.reduceat(power_w, begins), np.maximum.reduceat(power_w, begins)


def _lanes(phases: Sequence[Phase]) -> dict[str, list[Phase]]:
    """Return the phases by lane: epochs share one, windows have one for each name."""
    lanes: dict[str, list[Phase]] = {}
    for phase in phases:
        lanes.setdefault(_EPOCHS if phase.name in _OF_EPOCHS else phase.name, []).append(phase)
    return dict(list(lanes.items())[:_MAX_LANES])


def _draw_lanes(axes: Axes, lanes: Mapping[str, Sequence[Phase]], time: UnitScale) -> None:
    for lane, (name, phases) in enumerate(lanes.items()):
        spans = [(phase.begin_s / time.size, (phase.end_s - phase.begin_s) / time.size) for phase in phases]
        shades = [_SHADES[number % 2] for number in range(len(spans))] if name == _EPOCHS else _SHADES[0]
        axes.broken_barh(spans, (lane + 0.1, 0.8), facecolors=shades, edgecolors=BLACK, linewidth=0.5)
    axes.set_yticks([lane + 0.5 for lane in range(len(lanes))], [shorten(name, _NAME_CHARACTERS) for name in lanes])
    axes.set_ylim(len(lanes), 0)
    axes.spines[:].set_visible(False)
    without_ticks(axes)


def _panel(
    axes: Axes, name: str, steps: Mapping[str, PowerSteps], measured: Sequence[DomainEnergy], time: UnitScale
) -> None:
    power = si_scale(max(float(each.high_w.max()) for each in steps.values()), "W")
    energies = {each.domain: each for each in measured}
    for number, (domain, each) in enumerate(steps.items()):
        colour, line = COLOURS[number % len(COLOURS)], LINES[number % len(LINES)]
        edges = each.edges_s / time.size
        if (each.high_w > each.low_w).any():
            axes.stairs(
                each.high_w / power.size, edges, baseline=each.low_w / power.size, fill=True, color=colour, alpha=0.25
            )
        label = _line_label(domain, energies.get(domain))
        axes.stairs(
            each.mean_w / power.size, edges, baseline=None, color=colour, linestyle=line, label=label, gid=domain
        )
        _idle(axes, energies.get(domain), power)
    axes.set_ylim(bottom=0)
    estimated = any(energies[d].quality is Quality.ESTIMATED for d in steps if d in energies)
    axes.set_ylabel(power.label(f"{CLASSES[name]} power" + (",\nestimated" if estimated else "")))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.1, ncols=2, handlelength=3, columnspacing=1)


def _line_label(domain: str, measured: DomainEnergy | None) -> str:
    if measured is None or measured.energy_j is None:
        return shorten(domain, _NAME_CHARACTERS)
    return f"{shorten(domain, _NAME_CHARACTERS)}: {energy(measured.energy_j)}, {measured.quality}"


def _idle(axes: Axes, measured: DomainEnergy | None, power: UnitScale) -> None:
    if measured is not None and measured.idle_w is not None:
        axes.axhline(measured.idle_w / power.size, color=GREY, linestyle=":", linewidth=0.8, gid="idle")


def _caption(trial: TrialPower, lanes: Mapping[str, Sequence[Phase]], steps: Mapping[str, PowerSteps]) -> str:
    parts = [f"{trial.about}, {duration(trial.duration_s)}."]
    if len(lanes.get(_EPOCHS, ())):
        parts.append(f" {len(lanes[_EPOCHS])} epochs in alternating shades, from the time stamps of the output.")
    names = {phase.name for phase in trial.phases} - _OF_EPOCHS
    if len(names) > len(set(lanes) - {_EPOCHS}):
        parts.append(f" {len(names) - len(set(lanes) - {_EPOCHS})} further windows are not shown.")
    if any(each.idle_w is not None for each in trial.domains if each.domain in steps):
        parts.append(" Dotted: idle power.")
    if any((each.high_w > each.low_w).any() for each in steps.values()):
        parts.append(" Bands: smallest and largest power of merged steps.")
    return "".join(parts)
