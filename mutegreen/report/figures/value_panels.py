"""Draw energy, time and performance against the value of each hyperparameter: every trial is a dot.

The layout is that of the first figure of "Can Adjusting Hyperparameters Lead to Green Deep Learning"
(arXiv 2603.06195), with the trials themselves instead of box plots of a few of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from mutegreen.model import IDENTITY, ORIGINAL, Goal
from mutegreen.report.figures import scales
from mutegreen.report.figures.captions import trials_text
from mutegreen.report.figures.positions import Positions
from mutegreen.report.figures.style import (
    BLUE,
    CHARACTER_IN,
    GREY,
    VERMILION,
    WIDTH_IN,
    Drawing,
    figure_style,
    new_figure,
    shorten,
)
from mutegreen.report.metric_names import NAMES
from mutegreen.stats.model.quality import worst_quality
from mutegreen.stats.model.scenario import Scenario
from mutegreen.units import UnitScale

KIND = "values"

_ROW_IN = 1.3
_NUMBERS_IN = 2.0
"""Width of a panel with numeric values, inches."""
_WORD_IN = 0.16
"""Width of a position on an axis of words, inches."""
_MARGIN_IN = 0.7
_MANY_DOTS = 2000
"""Number of dots from which a vector file contains them as pixels."""
_SPREAD = 100.0
"""Ratio of the largest to the smallest measurement from which the axis is logarithmic."""
_CAPTION = (
    "Dots: trials of mutants. Line: mean at each value. Diamonds and dashed line: trials of the original and their "
    "mean."
)


@dataclass(frozen=True)
class _Row:
    """A row of panels: one metric."""

    metric: str
    label: str
    scale: UnitScale
    measurements: pd.Series[float]


@figure_style()
def draw(scenario: Scenario, title: str, goal: Goal = Goal.MAXIMIZE) -> list[Drawing]:
    """Draw a panel for each hyperparameter and metric.

    Args:
        scenario: The rows of one scenario.
        title: The title of the figure.
        goal: Which direction of the performance is better.

    Returns:
        As many drawings as the hyperparameters need pages; none where nothing was mutated.
    """
    rows = [_row(scenario, metric, goal) for metric in scenario.metrics if np.isfinite(scenario.rows[metric]).any()]
    columns = {name: _positions(scenario, name) for name in scenario.hyperparameters if name != IDENTITY}
    pages = list(_pages(columns))
    parts = [""] if len(pages) == 1 else [str(number) for number in range(1, len(pages) + 1)]
    return (
        [_drawing(scenario, title, rows, shown, part) for part, shown in zip(parts, pages, strict=True)] if rows else []
    )


def _row(scenario: Scenario, metric: str, goal: Goal) -> _Row:
    measurements = scenario.rows[metric].where(np.isfinite(scenario.rows[metric]))
    scale = scales.axis_scale(metric, measurements)
    name = scales.metric_label(metric, [worst_quality(scenario.rows, metric)], goal)
    return _Row(metric, scale.label(name.replace(", ", ",\n")), scale, measurements / scale.size)


def _positions(scenario: Scenario, hyperparameter: str) -> Positions:
    default = scenario.hyperparameters[hyperparameter]
    own = [each.value for each in scenario.definitions if each.hyperparameter == hyperparameter]
    return Positions.of([default, *own])


def _pages(columns: dict[str, Positions]) -> Iterator[dict[str, Positions]]:
    """Yield the columns of each page: as many as fit its width."""
    shown: dict[str, Positions] = {}
    for name, positions in columns.items():
        if shown and sum(map(_width_in, [*shown.values(), positions])) > WIDTH_IN - _MARGIN_IN:
            yield shown
            shown = {}
        shown[name] = positions
    if shown:
        yield shown


def _width_in(positions: Positions) -> float:
    return max(_NUMBERS_IN, _WORD_IN * len(positions.labels or ()))


def _drawing(scenario: Scenario, title: str, rows: Sequence[_Row], columns: dict[str, Positions], part: str) -> Drawing:
    caption = f"{_trials(scenario)} {_CAPTION}{_not_drawn(scenario)}"
    widths = [_width_in(positions) for positions in columns.values()]
    words_in = CHARACTER_IN * max(positions.upright_characters for positions in columns.values())
    figure = new_figure(title, caption, _ROW_IN * len(rows) + 0.9 + words_in, sum(widths) + _MARGIN_IN)
    grid = figure.subplots(
        len(rows), len(columns), squeeze=False, sharex="col", sharey="row", gridspec_kw={"width_ratios": widths}
    )
    for row, panels in zip(rows, grid, strict=True):
        panels[0].set_ylabel(row.label)
        for axes, (name, positions) in zip(panels, columns.items(), strict=True):
            _panel(axes, scenario, name, positions, row.measurements)
        if scales.is_spread(row.measurements, _SPREAD):
            scales.make_logarithmic(panels[0], "y", row.measurements.min(), row.measurements.max())
    for axes, (name, positions) in zip(grid[-1], columns.items(), strict=True):
        _label_values(axes, name, positions)
    figure.align_ylabels(list(grid[:, 0]))
    return Drawing(KIND, part, title, caption, figure)


def _panel(axes: Axes, scenario: Scenario, name: str, positions: Positions, measurements: pd.Series[float]) -> None:
    rows = scenario.of_hyperparameter(name)
    y = measurements.loc[rows.index].dropna()
    original = rows["mutant"].loc[y.index] == ORIGINAL
    values = rows["value"].loc[y.index].where(~original, scenario.hyperparameters[name])
    x = values.map(positions.at).astype(float)
    axes.axhline(y[original].mean(), color=GREY, linestyle="--", linewidth=0.6, zorder=1)
    _means(axes, y.groupby(x).mean(), positions)
    pixels = len(y) > _MANY_DOTS
    dots = {"marker": "o", "color": BLUE, "mfc": "none", "ms": 3.5, "mew": 0.8, "gid": "dots"}
    diamonds = {"marker": "D", "color": VERMILION, "ms": 4.5, "mew": 0.4, "mec": "black", "gid": "original"}
    for which, looks in ((~original, dots), (original, diamonds)):
        axes.plot(x[which], y[which], linestyle="", rasterized=pixels, **looks)  # type: ignore[arg-type]


def _means(axes: Axes, means: pd.Series[float], positions: Positions) -> None:
    """Draw the mean at each value: joined if values are numbers, dashes if they are words."""
    if positions.labels is None:
        axes.plot(means.index, means, "-", color="black", linewidth=0.9, gid="means", zorder=1.5)
    else:
        axes.plot(means.index, means, "_", color="black", ms=9, mew=0.9, gid="means", zorder=1.5)


def _label_values(axes: Axes, name: str, positions: Positions) -> None:
    axes.set_xlabel(shorten(name))
    ticks = list(positions.at.values())
    if positions.labels is not None:
        axes.set_xticks(ticks, positions.labels, rotation=90 if positions.upright_characters else 0)
        axes.set_xlim(-0.6, len(ticks) - 0.4)
    elif positions.is_logarithmic:
        scales.make_logarithmic(axes, "x", min(ticks), max(ticks))
    else:
        axes.xaxis.get_major_locator().set_params(nbins=5)  # type: ignore[call-arg]


def _trials(scenario: Scenario) -> str:
    counts = {str(mutant): int(count) for mutant, count in scenario.rows["mutant"].value_counts().items()}
    return trials_text(counts.pop(ORIGINAL, 0), list(counts.values()))


def _not_drawn(scenario: Scenario) -> str:
    """Return how many trials have no dot, and why."""
    missing = {NAMES[m]: int((~np.isfinite(scenario.rows[m])).sum()) for m in scenario.metrics}
    parts = [f"{name} of {count}" for name, count in missing.items() if count]
    return f" Not drawn (not measured or not finite): {', '.join(parts)} trials." if parts else ""
