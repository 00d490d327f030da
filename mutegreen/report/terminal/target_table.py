"""Show energy and time to target: until a trial performs as well as the original at its end, within the tolerance."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from mutegreen.model import ENERGY_METRICS, TOTAL, Verdict
from mutegreen.report.layout import FittingTable, empty_table
from mutegreen.report.units import percent, value_label
from mutegreen.stats.advice.target import TargetComparison, TargetReach
from mutegreen.units import quantity

_STYLES = {Verdict.WIN: "green", Verdict.LOSS: "red", Verdict.UNDECIDED: "yellow", Verdict.TIE: ""}


def target_table(rows: Sequence[TargetComparison]) -> FittingTable:
    """Return energy and time to target, mutant by mutant.

    Args:
        rows: The comparisons of one scenario, at least one.
    """
    metrics = {row.metric for row in rows}
    spent = TOTAL if TOTAL in metrics else next((metric for metric in ENERGY_METRICS if metric in metrics), None)
    table = empty_table(["", "reached", "mean\nepochs", *(["energy", "change"] if spent else []), "time", "change"])
    by_mutant: dict[str, dict[str, TargetComparison]] = {}
    for row in rows:
        by_mutant.setdefault(row.mutant, {})[row.metric] = row
    table.add_row("original", *_reach(rows[0].reach_original), *_original(next(iter(by_mutant.values())), spent))
    for mutant, comparisons in by_mutant.items():
        table.add_row(_label(mutant, rows), *_reach(comparisons["duration_s"].reach), *_cells(comparisons, spent))
    title = f"Energy and time to target: performance {rows[0].target:.4g}, the original's within tolerance"
    return FittingTable(title, table)


def _label(mutant: str, rows: Sequence[TargetComparison]) -> str:
    row = next(row for row in rows if row.mutant == mutant)
    return f"{row.hyperparameter} {value_label(row.value, 3)}" if row.value is not None else mutant


def _reach(reach: TargetReach) -> tuple[str, str]:
    return f"{reach.reached} of {reach.trainings}", "-" if reach.epochs is None else f"{reach.epochs:.1f}"


def _original(comparisons: dict[str, TargetComparison], spent: str | None) -> list[str]:
    cells: list[str] = []
    for metric in (*([spent] if spent else []), "duration_s"):
        mean = comparisons[metric].mean_original
        cells += ["-" if mean is None else quantity(metric, mean), ""]
    return cells


def _cells(comparisons: dict[str, TargetComparison], spent: str | None) -> list[str | Text]:
    cells: list[str | Text] = []
    for metric in (*([spent] if spent else []), "duration_s"):
        row = comparisons[metric]
        word = "?" if row.verdict is Verdict.UNDECIDED else row.verdict.value
        change = "" if row.relative_change.value is None else percent(row.relative_change.value)
        cells += [
            "-" if row.mean is None else quantity(metric, row.mean),
            Text(f"{change} {word:>4}", style=_STYLES[row.verdict]),
        ]
    return cells
