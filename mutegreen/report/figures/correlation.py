"""Draw the correlation of hyperparameters and metrics as heat maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from matplotlib.axes import Axes

from mutegreen.report.figures.captions import split_into_pages
from mutegreen.report.figures.heat import SIGNED, heat_map, label_cells
from mutegreen.report.figures.scales import metric_label
from mutegreen.report.figures.style import WIDTH_IN, Drawing, figure_style, new_figure, shorten
from mutegreen.report.metric_names import NAMES
from mutegreen.report.scenario_report import ScenarioReport
from mutegreen.report.units import count_range, p_value
from mutegreen.stats.analysis import CarefulCorrelation, Correlation
from mutegreen.stats.interval import UNKNOWN, Interval, or_nan
from mutegreen.stats.settings import ALPHA

KIND = "correlation"

_Coefficient = Literal["spearman", "pearson"]
_TITLES: dict[_Coefficient, str] = {"spearman": "Spearman's rank correlation", "pearson": "Pearson's correlation"}
_CELL_IN = 0.42
_MAX_ROWS = 8
_Cells = dict[str, dict[str, Correlation]]


@figure_style()
def draw(scenario: ScenarioReport) -> list[Drawing]:
    """Draw Spearman's coefficients and, below, Pearson's: hyperparameters in rows, metrics in columns.

    Returns:
        As many drawings as the hyperparameters need pages; none where there are no correlations.
    """
    by_name: _Cells = {}
    for row in scenario.correlations:
        by_name.setdefault(row.hyperparameter, {})[row.metric] = row
    pages = split_into_pages(list(by_name), _MAX_ROWS)
    return [_drawing(scenario, {name: by_name[name] for name in names}, part) for part, names in pages]


def _drawing(scenario: ScenarioReport, by_name: _Cells, part: str) -> Drawing:
    measured = {row.metric for row in scenario.correlations}
    metrics = [metric for metric in NAMES if metric in measured]
    caption = _caption(scenario.correlations)
    figure = new_figure(scenario.full_title, caption, 2 * _CELL_IN * len(by_name) + 1.6, WIDTH_IN)
    for axes, which in zip(figure.subplots(2, 1, sharex=True), _TITLES, strict=True):
        _panel(axes, which, by_name, metrics)
    qualities = {metric: [row.quality for row in scenario.correlations if row.metric == metric] for metric in metrics}
    names = [metric_label(metric, qualities[metric]).replace(", ", ",\n") for metric in metrics]
    label_cells(axes, [shorten(name) for name in by_name], names)
    return Drawing(KIND, part, scenario.full_title, caption, figure)


def _panel(axes: Axes, which: _Coefficient, by_name: _Cells, metrics: Sequence[str]) -> None:
    rows = [[by_metric.get(metric) for metric in metrics] for by_metric in by_name.values()]
    coefficients = [[or_nan(_coefficient(row, which).value) for row in line] for line in rows]
    heat_map(axes, coefficients, [[_text(row, which) for row in line] for line in rows], SIGNED, -1.0)
    axes.set_title(_TITLES[which], loc="left")
    axes.set_yticks([place + 0.5 for place in range(len(by_name))], [shorten(name) for name in by_name])


def _coefficient(row: Correlation | None, which: _Coefficient) -> Interval:
    if row is None:
        return UNKNOWN
    return row.spearman if which == "spearman" else row.pearson


def _text(row: Correlation | None, which: _Coefficient) -> str:
    if row is None or (coefficient := _coefficient(row, which)).value is None:
        return "-"
    p = _p(row, which)
    mark = "*" if p is not None and p <= ALPHA else ""
    second = _p_text(p) if coefficient.ends is None else "\n{:+.2f} to {:+.2f}".format(*coefficient.ends)
    return f"{coefficient.value:+.2f}{mark}{second}".replace("-", "−")


def _p(row: Correlation, which: _Coefficient) -> float | None:
    if isinstance(row, CarefulCorrelation):
        return row.spearman_p_adjusted if which == "spearman" else row.pearson_p_adjusted
    return row.spearman_p if which == "spearman" else row.pearson_p


def _p_text(p: float | None) -> str:
    if p is None:
        return ""
    shown = p_value(p)
    return f"\np {shown}" if shown.startswith("<") else f"\np = {shown}"


def _caption(rows: Sequence[Correlation]) -> str:
    adjusted = any(isinstance(row, CarefulCorrelation) for row in rows)
    below = "95 % confidence interval" if adjusted else "p"
    trials = count_range({row.n for row in rows})
    return (
        f"Over {trials} trials of the original and the mutants of a hyperparameter. Below each coefficient: "
        f"{below}. *: {'adjusted ' if adjusted else ''}p at most {ALPHA}."
    )
