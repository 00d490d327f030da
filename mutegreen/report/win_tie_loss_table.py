"""The table of win-tie-loss counts: for each hyperparameter and energy domain a 3 x 3 table."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from mutegreen.report.layout import Widest, table_of
from mutegreen.report.section import TITLES, Section
from mutegreen.stats.analysis import WinTieLoss

_VERDICTS = ("win", "tie", "loss")


def win_tie_loss_table(section: Section) -> Widest:
    """Mutants counted: rows are the verdict on energy, columns that on performance."""
    found: dict[str, dict[str, WinTieLoss]] = {}
    for row in section.win_tie_loss:
        found.setdefault(row.hyperparameter, {})[row.energy] = row
    energies = list(dict.fromkeys(row.energy for row in section.win_tie_loss))
    table = table_of(["", "", *(f"{section.heading(energy)}\n win  tie loss" for energy in energies)], gap=3)
    for hyperparameter, by_energy in found.items():
        for line, verdict in enumerate(_VERDICTS):
            label = Text(hyperparameter if line == 0 else "", style="bold")
            counts = (by_energy[energy].counts[line] for energy in energies)
            table.add_row(label, verdict, *("".join(f"{count or '.':>5}" for count in three)[1:] for three in counts))
    return Widest("Mutants by their verdict on energy (rows) and on performance (columns)", table)


def uncounted(section: Section) -> Iterator[Text]:
    """What the table leaves out."""
    undecided = [row for row in section.win_tie_loss if row.undecided]
    if undecided:
        names = (f"{row.undecided} of {row.hyperparameter} for {TITLES[row.energy]}" for row in undecided)
        yield Text(f"Not counted, because undecided: {', '.join(names)}.", style="yellow")
