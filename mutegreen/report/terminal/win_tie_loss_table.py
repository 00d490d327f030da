"""Show the win-tie-loss counts: a 3 x 3 table for each hyperparameter and energy domain."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from mutegreen.model import DECIDED
from mutegreen.report.layout import FittingTable, empty_table
from mutegreen.report.metric_names import TITLES
from mutegreen.report.scenario_report import ScenarioReport
from mutegreen.stats.analysis import WinTieLoss


def win_tie_loss_table(scenario: ScenarioReport) -> FittingTable:
    """Return the number of mutants by verdict on energy (rows) and on performance (columns)."""
    by_hyperparameter: dict[str, dict[str, WinTieLoss]] = {}
    for row in (*scenario.win_tie_loss, *(scenario.overall if len(scenario.defaults) > 1 else ())):
        by_hyperparameter.setdefault(row.hyperparameter, {})[row.energy] = row
    return FittingTable(
        "Number of mutants by verdict on energy (rows) and on performance (columns)",
        _table(scenario, by_hyperparameter, " win  tie loss", gap=3),
        _table(scenario, by_hyperparameter, "win tie loss", gap=2),
    )


def _table(
    scenario: ScenarioReport, by_hyperparameter: dict[str, dict[str, WinTieLoss]], columns: str, gap: int
) -> Table:
    energies = list(dict.fromkeys(row.energy for row in scenario.win_tie_loss))
    widths = [len(part) for part in re.findall(r" *\w+", columns)]
    table = empty_table(["", "", *(f"{scenario.heading(energy)}\n{columns}" for energy in energies)], gap)
    for hyperparameter, by_energy in by_hyperparameter.items():
        for line, verdict in enumerate(DECIDED):
            label = Text((hyperparameter or "all together") if line == 0 else "", style="bold")
            rows = (zip(by_energy[energy].counts[line], widths, strict=True) for energy in energies)
            cells = ("".join(f"{count or '.':>{width}}" for count, width in row) for row in rows)
            table.add_row(label, verdict, *cells)
    return table


def undecided_lines(scenario: ScenarioReport) -> Iterator[Text]:
    """Yield how many mutants are not counted because they are undecided."""
    undecided = [row for row in scenario.win_tie_loss if row.undecided]
    if undecided:
        names = (f"{row.undecided} of {row.hyperparameter} for {TITLES[row.energy]}" for row in undecided)
        yield Text(f"Not counted, because undecided: {', '.join(names)}.", style="yellow")
