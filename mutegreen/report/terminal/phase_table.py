"""The table of phases: joules for each epoch, and for each window that a program marked."""

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
    """Energy and time of one occurrence of each phase, mutant by mutant.

    Args:
        summaries: Of all mutants.
        estimated: Whether any of the energies is an estimate.
    """
    metrics = [metric for metric in ENERGY_METRICS if any(s.mean[metric] is not None for s in summaries)]
    mark = " (est.)" if estimated else ""
    headings = ["", "times", *(TITLES[metric] + mark for metric in metrics), "time"]
    table = empty_table(headings)
    for mutant in dict.fromkeys(summary.mutant for summary in summaries):
        own = [summary for summary in summaries if summary.mutant == mutant]
        table.add_row(Text(mutant, style="bold"))
        for summary in own:
            _add(table, summary, metrics)
    return FittingTable(
        "Energy and time of each phase: mean of one occurrence (epochs are cut at their output lines)", table
    )


def _add(table: Table, summary: PhaseSummary, metrics: Sequence[str]) -> None:
    figures = [summary.mean[metric] for metric in metrics]
    shown = ["not measured" if figure is None else energy(figure) for figure in figures]
    time_s = summary.mean["duration_s"]
    times = f"{summary.occurrences:.3g}"
    table.add_row(f"  {summary.phase}", times, *shown, "" if time_s is None else duration(time_s))
