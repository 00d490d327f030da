"""The table of win-tie-loss counts: for each hyperparameter and energy domain a 3 x 3 table."""

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
    """Mutants counted: rows are the verdict on energy, columns that on performance."""
    found: dict[str, dict[str, WinTieLoss]] = {}
    for row in (*scenario.win_tie_loss, *(scenario.overall if len(scenario.defaults) > 1 else ())):
        found.setdefault(row.hyperparameter, {})[row.energy] = row
    return FittingTable(
        "Mutants by their verdict on energy (rows) and on performance (columns)",
        _table(scenario, found, " win  tie loss", gap=3),
        _table(scenario, found, "win tie loss", gap=2),
    )


def _table(scenario: ScenarioReport, found: dict[str, dict[str, WinTieLoss]], columns: str, gap: int) -> Table:
    energies = list(dict.fromkeys(row.energy for row in scenario.win_tie_loss))
    widths = [len(part) for part in re.findall(r" *\w+", columns)]
    table = empty_table(["", "", *(f"{scenario.heading(energy)}\n{columns}" for energy in energies)], gap)
    for hyperparameter, by_energy in found.items():
        for line, verdict in enumerate(DECIDED):
            label = Text((hyperparameter or "all together") if line == 0 else "", style="bold")
            rows = (zip(by_energy[energy].counts[line], widths, strict=True) for energy in energies)
            cells = ("".join(f"{count or '.':>{width}}" for count, width in row) for row in rows)
            table.add_row(label, verdict, *cells)
    return table


def undecided_lines(scenario: ScenarioReport) -> Iterator[Text]:
    """What the table leaves out."""
    undecided = [row for row in scenario.win_tie_loss if row.undecided]
    if undecided:
        names = (f"{row.undecided} of {row.hyperparameter} for {TITLES[row.energy]}" for row in undecided)
        yield Text(f"Not counted, because undecided: {', '.join(names)}.", style="yellow")
