"""Draw win-tie-loss counts: a heat map for each hyperparameter and domain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from mutegreen.model import DECIDED
from mutegreen.report.figures.captions import split_into_pages, trials_sentence
from mutegreen.report.figures.heat import COUNTS, heat_map, label_cells
from mutegreen.report.figures.scales import metric_label
from mutegreen.report.figures.style import Drawing, figure_style, new_figure, shorten
from mutegreen.report.scenario_report import ScenarioReport
from mutegreen.stats.analysis import WinTieLoss

KIND = "win-tie-loss"

_PANEL_IN = 1.3
_MARGIN_IN = 1.0
_MAX_ROWS = 5
_ALL = "all"
_GREENER = ((0, 0), (0, 1))
"""The cells of mutants that win energy and do not lose performance."""
_CAPTION = (
    "Number of mutants by verdict on energy (rows) and on performance (columns). Frame: less energy and no loss of "
    "performance."
)
_UNDECIDED = " Above a panel: mutants that are undecided in either and not counted."


@figure_style()
def draw(scenario: ScenarioReport) -> list[Drawing]:
    """Draw three by three cells with numbers of mutants for each hyperparameter (rows) and domain (columns).

    Returns:
        As many drawings as the hyperparameters need pages; none where there are no counts.
    """
    by_name: dict[str, dict[str, WinTieLoss]] = {}
    for row in scenario.win_tie_loss:
        by_name.setdefault(row.hyperparameter, {})[row.energy] = row
    if len(by_name) > 1:
        by_name |= {_ALL: {row.energy: row for row in scenario.overall}} if scenario.overall else {}
    energies = list(dict.fromkeys(row.energy for row in scenario.win_tie_loss))
    pages = split_into_pages(list(by_name), _MAX_ROWS)
    return [_drawing(scenario, {name: by_name[name] for name in names}, energies, part) for part, names in pages]


def _drawing(
    scenario: ScenarioReport, by_name: dict[str, dict[str, WinTieLoss]], energies: Sequence[str], part: str
) -> Drawing:
    undecided = any(row.undecided for by_energy in by_name.values() for row in by_energy.values())
    caption = f"{trials_sentence(scenario)} {_CAPTION}{_UNDECIDED if undecided else ''}"
    width_in = max(_PANEL_IN * len(energies) + _MARGIN_IN, 3.0)
    figure = new_figure(scenario.full_title, caption, _PANEL_IN * len(by_name) + 0.8, width_in)
    grid = figure.subplots(len(by_name), len(energies), squeeze=False, sharex=True, sharey=True)
    for panels, (name, by_energy) in zip(grid, by_name.items(), strict=True):
        panels[0].set_ylabel(f"{shorten(name, 20)}\n\nenergy")
        for axes, energy in zip(panels, energies, strict=True):
            if energy in by_energy:
                _panel(axes, by_energy[energy])
    for axes, energy in zip(grid[0], energies, strict=True):
        qualities = [row.quality for row in scenario.comparisons if row.metric == energy]
        axes.set_title("\n".join(filter(None, [metric_label(energy, qualities).replace(", ", "\n"), axes.get_title()])))
    for axes in grid[-1]:
        axes.set_xlabel("performance")
    return Drawing(KIND, part, scenario.full_title, caption, figure)


def _panel(axes: Axes, row: WinTieLoss) -> None:
    counts = np.array(row.counts)
    heat_map(axes, counts / max(counts.sum(), 1), [[str(count) for count in line] for line in row.counts], COUNTS, 0.0)
    label_cells(axes, DECIDED, DECIDED)
    down, right = _GREENER[0]
    axes.add_patch(Rectangle((right, down), len(_GREENER), 1, fill=False, linewidth=1.5, zorder=3, clip_on=False))
    if row.undecided:
        axes.set_title(f"{row.undecided} undecided")
