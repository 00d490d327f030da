"""Draw energy against performance with the Pareto front: the arms that no other one beats in both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from mutegreen.model import ENERGY_METRICS, IDENTITY, ORIGINAL, TOTAL, Goal
from mutegreen.report.figures import scales
from mutegreen.report.figures.captions import trials_sentence
from mutegreen.report.figures.labels import LINE_IN, Label, place_labels
from mutegreen.report.figures.positions import value_labels_of
from mutegreen.report.figures.style import (
    BLACK,
    CHARACTER_IN,
    COLOURS,
    GREY,
    MARKERS,
    WIDTH_IN,
    Drawing,
    figure_style,
    new_figure,
    shorten,
)
from mutegreen.report.scenario_report import ScenarioReport
from mutegreen.report.terminal.verdict_table import GREENER_MARK
from mutegreen.stats.analysis import CarefulComparison, Comparison

KIND = "pareto"

_HEIGHT_IN = 3.6
_FRAME_IN = 1.1
"""Height outside the axes, inches: title, labels of the axis, second axis."""
_MARGIN_IN = 0.6
_MAX_LABELS = 32
_CAPTION = (
    "Filled and bold: on the Pareto front of the means (no other point has both less energy and better performance). "
    "Dotted: the original."
)
_COPIES = " Identity, a copy of the original, is not on the front."
_GREENER = f" {GREENER_MARK}: greener, as in mutegreen stats."
_INTERVALS = " Crosses: 95 % confidence intervals of the differences from the original."

_Span = tuple[float, float]


@dataclass(frozen=True)
class PlottedArm:
    """An arm in the plane of energy (joules) and performance.

    Attributes:
        energy_span, performance_span: 95 % confidence intervals; None if unknown.
    """

    mutant: str
    hyperparameter: str
    label: str
    energy_j: float
    performance: float
    energy_span: _Span | None = None
    performance_span: _Span | None = None


@figure_style()
def draw(scenario: ScenarioReport, goal: Goal = Goal.MAXIMIZE) -> list[Drawing]:
    """Draw total energy, or without a total the energy of each domain, against performance.

    Returns:
        The drawings; empty if energy or performance was not measured.
    """
    measured = {row.metric for row in scenario.comparisons}
    metrics = [TOTAL] if TOTAL in measured else [metric for metric in ENERGY_METRICS if metric in measured]
    by_metric = {metric: plotted_arms(scenario.comparisons, metric) for metric in metrics}
    drawn = {metric: arms for metric, arms in by_metric.items() if len(arms) > 1}
    return [_drawing(scenario, goal, metric, arms, len(drawn) > 1) for metric, arms in drawn.items()]


def plotted_arms(comparisons: Sequence[Comparison], metric: str) -> list[PlottedArm]:
    """Return the original, then the mutants with known energy and performance."""
    energies = {row.mutant: row for row in comparisons if row.metric == metric and _mean(row) is not None}
    pairs = [
        (energies[row.mutant], row)
        for row in comparisons
        if row.metric == "performance" and row.mutant in energies and _mean(row) is not None
    ]
    labels = _labels([energy for energy, _ in pairs])
    mutants = [_point(energy, performance, labels[energy.mutant]) for energy, performance in pairs]
    return [_original(*pairs[0]), *mutants] if pairs else []


def pareto_front(arms: Sequence[PlottedArm], goal: Goal = Goal.MAXIMIZE) -> list[PlottedArm]:
    """Return the arms that no other one beats in both, ordered by energy; of equal ones the first."""
    sign = -1.0 if goal is Goal.MINIMIZE else 1.0
    best: list[PlottedArm] = []
    for point in sorted(arms, key=lambda point: (point.energy_j, -sign * point.performance)):
        better = not best or sign * point.performance > sign * best[-1].performance
        if better and point.hyperparameter != IDENTITY:
            best.append(point)
    return best


def _mean(row: Comparison) -> float | None:
    """Return the mean of a mutant: that of the original plus the difference by the protocol."""
    if row.mean is None or row.mean_original is None:
        return None
    difference = row.difference.value if isinstance(row, CarefulComparison) else None
    return row.mean if difference is None else row.mean_original + difference


def _span(row: Comparison) -> _Span | None:
    if not isinstance(row, CarefulComparison) or row.mean_original is None or row.difference.ends is None:
        return None
    low, high = row.difference.ends
    return row.mean_original + low, row.mean_original + high


def _original(energy: Comparison, performance: Comparison) -> PlottedArm:
    assert energy.mean_original is not None
    assert performance.mean_original is not None
    return PlottedArm(ORIGINAL, "", ORIGINAL, energy.mean_original, performance.mean_original)


def _point(energy: Comparison, performance: Comparison, label: str) -> PlottedArm:
    means = _mean(energy), _mean(performance)
    assert means[0] is not None
    assert means[1] is not None
    return PlottedArm(
        energy.mutant, energy.hyperparameter, label, means[0], means[1], _span(energy), _span(performance)
    )


def _labels(rows: Sequence[Comparison]) -> dict[str, str]:
    """Return the label of each mutant: hyperparameter and value."""
    labels: dict[str, str] = {}
    for name in dict.fromkeys(row.hyperparameter for row in rows):
        arms = [row for row in rows if row.hyperparameter == name]
        values = value_labels_of([row.value for row in arms])
        is_repeated = name == IDENTITY or len(set(values)) < len(values)
        texts = [row.mutant for row in arms] if is_repeated else [f"{shorten(name, 20)} {value}" for value in values]
        labels |= {row.mutant: shorten(text, 34) for row, text in zip(arms, texts, strict=True)}
    return labels


def _drawing(
    scenario: ScenarioReport, goal: Goal, metric: str, arms: Sequence[PlottedArm], one_of_many: bool
) -> Drawing:
    best = pareto_front(arms, goal)
    labelled = _labelled(arms, best)
    height_in = max(_HEIGHT_IN, LINE_IN * len(labelled) + _FRAME_IN)
    caption = _caption(scenario, arms, labelled)
    figure = new_figure(scenario.full_title, caption, height_in)
    axes, column = figure.subplots(1, 2, width_ratios=_widths(labelled))
    scale = scales.axis_scale(metric, [point.energy_j for point in arms])
    energies = np.array([point.energy_j for point in arms]) / scale.size
    _front_line(axes, best, scale.size)
    marks = _marks(arms)
    for point in arms:
        _mark(axes, point, scale.size, *marks[point.hyperparameter], filled=point in best)
    if scales.is_spread(energies):
        scales.make_logarithmic(axes, "x", energies.min(), energies.max())
    qualities = [row.quality for row in scenario.comparisons if row.metric == metric]
    axes.set_xlabel(scale.label(scales.metric_label(metric, qualities)))
    axes.set_ylabel(scales.metric_label("performance", [], goal))
    axes.margins(0.06)
    if axes.get_xscale() == "linear":
        _percent_axis(axes, arms[0].energy_j / scale.size)
    labels = [_label(point, scale.size, *marks[point.hyperparameter], point in best, scenario) for point in labelled]
    place_labels(axes, column, labels, np.array([(p.energy_j / scale.size, p.performance) for p in arms]))
    part = metric.removesuffix("_j") if one_of_many else ""
    return Drawing(KIND, part, scenario.full_title, caption, figure)


def _labelled(arms: Sequence[PlottedArm], best: Sequence[PlottedArm]) -> list[PlottedArm]:
    """Return the arms with a label: all or, of very many, the front, the original and those with least energy."""
    important = [arms[0], *(point for point in best if point is not arms[0])]
    others = sorted((point for point in arms if point not in important), key=lambda point: point.energy_j)
    return [*important, *others][: max(_MAX_LABELS, len(important))]


def _widths(labelled: Sequence[PlottedArm]) -> list[float]:
    """Return the widths of the axes and of the column of labels, inches."""
    column_in = CHARACTER_IN * (max(len(point.label) for point in labelled) + 2) + 0.1
    return [WIDTH_IN - _MARGIN_IN - column_in, column_in]


def _caption(scenario: ScenarioReport, arms: Sequence[PlottedArm], labelled: Sequence[PlottedArm]) -> str:
    missing = len({row.mutant for row in scenario.comparisons}) - (len(arms) - 1)
    parts = [f"{trials_sentence(scenario)} {_CAPTION}"]
    if any(point.energy_span or point.performance_span for point in arms):
        parts.append(_INTERVALS)
    if any(point.hyperparameter == IDENTITY for point in arms):
        parts.append(_COPIES)
    if any(point.mutant in scenario.greener for point in labelled):
        parts.append(_GREENER)
    if len(labelled) < len(arms):
        parts.append(f" Without a label: {len(arms) - len(labelled)} mutants with more energy.")
    if missing:
        parts.append(f" Not drawn (energy or performance unknown): {missing} mutants.")
    return "".join(parts)


def _marks(arms: Sequence[PlottedArm]) -> dict[str, tuple[str, str]]:
    """Return colour and marker by hyperparameter; the original and copies of it are black."""
    names = [n for n in dict.fromkeys(point.hyperparameter for point in arms) if n not in ("", IDENTITY)]
    cycle = {name: (COLOURS[k % (len(COLOURS) - 1)], MARKERS[k % len(MARKERS)]) for k, name in enumerate(names)}
    return cycle | {"": (BLACK, "D"), IDENTITY: (BLACK, "x")}


def _front_line(axes: Axes, best: Sequence[PlottedArm], size: float) -> None:
    """Draw the front as steps: from each point to the right, then to the performance of the next one."""
    energies = [point.energy_j / size for point in best]
    axes.step(energies, [point.performance for point in best], where="post", color=BLACK, linewidth=0.8, gid="front")


def _mark(axes: Axes, point: PlottedArm, size: float, colour: str, marker: str, filled: bool) -> None:
    x, y = point.energy_j / size, point.performance
    thin = {"color": colour, "linewidth": 0.6, "alpha": 0.7, "zorder": 1.8}
    if point.energy_span is not None:
        axes.plot(np.array(point.energy_span) / size, [y, y], gid="interval", **thin)  # type: ignore[arg-type]
    if point.performance_span is not None:
        axes.plot([x, x], point.performance_span, gid="interval", **thin)  # type: ignore[arg-type]
    if point.mutant == ORIGINAL:
        axes.axhline(y, color=GREY, linestyle=":", linewidth=0.7, zorder=0.5)
        axes.axvline(x, color=GREY, linestyle=":", linewidth=0.7, zorder=0.5)
    face = colour if filled else "white"
    axes.plot(
        [x],
        [y],
        marker,
        color=colour,
        mfc=face,
        ms=7 if point.mutant == ORIGINAL else 5.5,
        mew=1.0,
        zorder=3,
        gid=point.mutant,
    )


def _percent_axis(axes: Axes, original: float) -> None:
    """Add a second axis on top: energy relative to the original."""
    if original <= 0:
        return

    def to_percent(energy: ArrayLike) -> ArrayLike:
        return 100.0 * (np.asarray(energy) / original - 1.0)

    def to_energy(percent: ArrayLike) -> ArrayLike:
        return original * (1.0 + np.asarray(percent) / 100.0)

    top = axes.secondary_xaxis("top", functions=(to_percent, to_energy))
    top.set_xlabel("change of energy (%)")
    top.xaxis.set_major_formatter(lambda tick, _: f"{tick:+.3g}".replace("-", "−") if tick else "0")


def _label(point: PlottedArm, size: float, colour: str, marker: str, filled: bool, scenario: ScenarioReport) -> Label:
    text = point.label + (f" {GREENER_MARK}" if point.mutant in scenario.greener else "")
    bold = filled or point.mutant == ORIGINAL
    return Label(text, point.energy_j / size, point.performance, colour, marker, filled, bold)
