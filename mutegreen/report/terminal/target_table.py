"""The table of energy to target: what it took until a training was as good as the original in the end."""

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
    """Energy and time until the target, mutant by mutant; rows of one scenario, at least one."""
    metrics = {row.metric for row in rows}
    spent = TOTAL if TOTAL in metrics else next((metric for metric in ENERGY_METRICS if metric in metrics), None)
    table = empty_table(["", "reached", "epochs", *(["energy", "change"] if spent else []), "time", "change"])
    by_mutant: dict[str, dict[str, TargetComparison]] = {}
    for row in rows:
        by_mutant.setdefault(row.mutant, {})[row.metric] = row
    table.add_row("original", *_reach(rows[0].reach_original), *_original(next(iter(by_mutant.values())), spent))
    for mutant, found in by_mutant.items():
        table.add_row(_label(mutant, rows), *_reach(found["duration_s"].reach), *_cells(found, spent))
    title = f"Until performance first reached the original's in the end less the tolerance ({rows[0].target:.4g})"
    return FittingTable(title, table)


def _label(mutant: str, rows: Sequence[TargetComparison]) -> str:
    row = next(row for row in rows if row.mutant == mutant)
    return f"{row.hyperparameter} {value_label(row.value, 3)}" if row.value is not None else mutant


def _reach(reach: TargetReach) -> tuple[str, str]:
    return f"{reach.reached} of {reach.trainings}", "-" if reach.epochs is None else f"{reach.epochs:.1f}"


def _original(found: dict[str, TargetComparison], spent: str | None) -> list[str]:
    cells: list[str] = []
    for metric in (*([spent] if spent else []), "duration_s"):
        mean = found[metric].mean_original
        cells += ["-" if mean is None else quantity(metric, mean), ""]
    return cells


def _cells(found: dict[str, TargetComparison], spent: str | None) -> list[str | Text]:
    cells: list[str | Text] = []
    for metric in (*([spent] if spent else []), "duration_s"):
        row = found[metric]
        word = "?" if row.verdict is Verdict.UNDECIDED else row.verdict.value
        change = "" if row.relative_change.value is None else percent(row.relative_change.value)
        cells += [
            "-" if row.mean is None else quantity(metric, row.mean),
            Text(f"{change} {word:>4}", style=_STYLES[row.verdict]),
        ]
    return cells
