"""Show the energy of each phase: of epochs, and of windows that a program marked."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from mutegreen.model import ENERGY_METRICS
from mutegreen.report.layout import FittingTable, empty_table
from mutegreen.report.metric_names import TITLES
from mutegreen.stats.advice.phases import PhaseSummary
from mutegreen.units import duration, energy


def phase_table(summaries: Sequence[PhaseSummary], estimated: bool) -> FittingTable:
    """Return energy and time of one occurrence of each phase, mutant by mutant.

    Args:
        summaries: The phases of all mutants.
        estimated: Whether any of the energies is estimated.
    """
    metrics = [metric for metric in ENERGY_METRICS if any(s.mean[metric] is not None for s in summaries)]
    mark = " (est.)" if estimated else ""
    headings = ["", "count", *(TITLES[metric] + mark for metric in metrics), "time"]
    table = empty_table(headings)
    for mutant in dict.fromkeys(summary.mutant for summary in summaries):
        phases = [summary for summary in summaries if summary.mutant == mutant]
        table.add_row(Text(mutant, style="bold"))
        for summary in phases:
            _add(table, summary, metrics)
    return FittingTable("Energy and time of one occurrence of each phase (epochs end at output lines)", table)


def _add(table: Table, summary: PhaseSummary, metrics: Sequence[str]) -> None:
    energies = [summary.mean[metric] for metric in metrics]
    shown = ["not measured" if energy_j is None else energy(energy_j) for energy_j in energies]
    time_s = summary.mean["duration_s"]
    count = f"{summary.occurrences:.3g}"
    table.add_row(f"  {summary.phase}", count, *shown, "" if time_s is None else duration(time_s))
