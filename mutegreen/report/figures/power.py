"""The power of one training over time: watts by domain, with its epochs and windows."""

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
"""The classes of domains, from the top panel to the lowest."""

_PANEL_IN = 1.1
"""Height of a panel without its legend, inches."""
_LANE_IN = 0.24
_FRAME_IN = 0.8
_MAX_LANES = 8
_NAME_CHARACTERS = 18
_MAX_STEPS = 1500
"""PowerSteps of a line; more are put together, and the band around their means shows the least and the largest."""
_SHADES = ("#d9d9d9", "#ffffff")
_EPOCHS = "epochs"
_OF_EPOCHS = {FIRST_EPOCH, EPOCH}

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TrialPower:
    """What is known of one training's power.

    Attributes:
        title: The subject and what trained.
        about: A sentence on the training.
        duration_s: Its length, seconds.
        timelines: Power by domain.
        domains: What was measured of the domains: quality, energy, idle power.
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
    """Power in steps.

    Attributes:
        edges_s: Shape (n + 1,), seconds.
        mean_w, low_w, high_w: Shape (n,), of each step.
    """

    edges_s: Floats
    mean_w: Floats
    low_w: Floats
    high_w: Floats


@figure_style()
def draw(training: TrialPower, part: str = "") -> list[Drawing]:
    """A panel for each class of domains, and one on top with the epochs and windows.

    Args:
        training: The training.
        part: Tells its drawing from those of other trainings.

    Returns:
        None where no timeline was kept.
    """
    steps = {domain: power_steps(timeline) for domain, timeline in training.timelines.items() if timeline}
    if not steps:
        return []
    shown = [name for name in CLASSES if any(domain_class(domain) == name for domain in steps)]
    lanes = _lanes(training.phases)
    caption = _caption(training, lanes, steps)
    lines = [sum(domain_class(domain) == name for domain in steps) for name in shown]
    heights = [_LANE_IN * len(lanes)] * bool(lanes) + [_PANEL_IN + LINE_IN * math.ceil(n / 2) for n in lines]
    figure = new_figure(training.title, caption, sum(heights) + _FRAME_IN)
    axes = list(figure.subplots(len(heights), 1, squeeze=False, sharex=True, height_ratios=heights)[:, 0])
    time = time_scale(training.duration_s)
    if lanes:
        _draw_lanes(axes[0], lanes, time)
    for panel, name in zip(axes[-len(shown) :], shown, strict=True):
        _panel(panel, name, {d: s for d, s in steps.items() if domain_class(d) == name}, training.domains, time)
    axes[-1].set_xlabel(time.label("time since the training began"))
    axes[-1].set_xlim(0, max(training.duration_s, *(step.edges_s[-1] for step in steps.values())) / time.size)
    figure.align_ylabels(axes[-len(shown) :])
    return [Drawing(KIND, part, training.title, caption, figure)]


def power_steps(timeline: Timeline, most: int = _MAX_STEPS) -> PowerSteps:
    """A timeline as steps. Neighbours of very many, and very short ones, are put together without a joule lost."""
    ends_s, power_w = np.array(timeline, dtype=float).T
    edges_s = np.concatenate([[0.0], ends_s])
    length_s = float(np.median(np.diff(edges_s))) / 2
    # A sample that comes right after another one says little: few joules over next to no time.
    edges_s, power_w, *_ = _merged(edges_s, power_w, length_s)
    if len(power_w) > most:
        length_s = edges_s[-1] / most
    return PowerSteps(*_merged(edges_s, power_w, length_s))


def _merged(edges_s: Floats, power_w: Floats, length_s: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Edges, mean, least and largest power of the steps that begin within the same span of that length."""
    spans = np.floor(edges_s[:-1] / length_s) if length_s > 0 else np.arange(len(power_w))
    begins = np.unique(spans, return_index=True)[1]
    merged_s = np.append(edges_s[begins], edges_s[-1])
    energy_j = np.add.reduceat(power_w * np.diff(edges_s), begins)
    mean_w = energy_j / np.maximum(np.diff(merged_s), np.finfo(float).tiny)
    return merged_s, mean_w, np.minimum.reduceat(power_w, begins), np.maximum.reduceat(power_w, begins)


def _lanes(phases: Sequence[Phase]) -> dict[str, list[Phase]]:
    """Epochs, which follow one another, in one lane; windows of one name in one lane each."""
    found: dict[str, list[Phase]] = {}
    for phase in phases:
        found.setdefault(_EPOCHS if phase.name in _OF_EPOCHS else phase.name, []).append(phase)
    return dict(list(found.items())[:_MAX_LANES])


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
    figures = {figure.domain: figure for figure in measured}
    for number, (domain, each) in enumerate(steps.items()):
        colour, line = COLOURS[number % len(COLOURS)], LINES[number % len(LINES)]
        edges = each.edges_s / time.size
        if (each.high_w > each.low_w).any():
            axes.stairs(
                each.high_w / power.size, edges, baseline=each.low_w / power.size, fill=True, color=colour, alpha=0.25
            )
        label = _line_label(domain, figures.get(domain))
        axes.stairs(
            each.mean_w / power.size, edges, baseline=None, color=colour, linestyle=line, label=label, gid=domain
        )
        _idle(axes, figures.get(domain), power)
    axes.set_ylim(bottom=0)
    estimated = any(figures[d].quality is Quality.ESTIMATED for d in steps if d in figures)
    axes.set_ylabel(power.label(f"{CLASSES[name]} power" + (",\nestimated" if estimated else "")))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.1, ncols=2, handlelength=3, columnspacing=1)


def _line_label(domain: str, figure: DomainEnergy | None) -> str:
    if figure is None or figure.energy_j is None:
        return shorten(domain, _NAME_CHARACTERS)
    return f"{shorten(domain, _NAME_CHARACTERS)}: {energy(figure.energy_j)}, {figure.quality}"


def _idle(axes: Axes, figure: DomainEnergy | None, power: UnitScale) -> None:
    if figure is not None and figure.idle_w is not None:
        axes.axhline(figure.idle_w / power.size, color=GREY, linestyle=":", linewidth=0.8, gid="idle")


def _caption(training: TrialPower, lanes: Mapping[str, Sequence[Phase]], steps: Mapping[str, PowerSteps]) -> str:
    parts = [f"{training.about}, {duration(training.duration_s)}."]
    if len(lanes.get(_EPOCHS, ())):
        parts.append(f" {len(lanes[_EPOCHS])} epochs, by the time stamps of the output, alternate in shade.")
    names = {phase.name for phase in training.phases} - _OF_EPOCHS
    if len(names) > len(set(lanes) - {_EPOCHS}):
        parts.append(f" {len(names) - len(set(lanes) - {_EPOCHS})} further windows are not shown.")
    if any(figure.idle_w is not None for figure in training.domains if figure.domain in steps):
        parts.append(" Dotted: the idle machine.")
    if any((each.high_w > each.low_w).any() for each in steps.values()):
        parts.append(" Bands: the least and the largest power of the steps that a line puts together.")
    return "".join(parts)
