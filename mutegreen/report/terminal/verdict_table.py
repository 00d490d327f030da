"""Show the verdicts: a line for each mutant, a column for each metric."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

from rich.table import Table
from rich.text import Text

from mutegreen.model import IDENTITY, Verdict
from mutegreen.report.layout import FittingTable, empty_table
from mutegreen.report.scenario_report import MutantLine, ScenarioReport
from mutegreen.report.units import p_value, percent, percent_interval
from mutegreen.stats.analysis import CarefulComparison, Comparison
from mutegreen.units import quantity

GREENER_MARK = "*"
_PAPER_COLUMNS = "\n   mean change            p delta"
_WORDS = {Verdict.UNDECIDED: "?"}
STYLES = {Verdict.WIN: "green", Verdict.LOSS: "red", Verdict.UNDECIDED: "yellow", Verdict.TIE: ""}


def verdict_table(scenario: ScenarioReport) -> FittingTable:
    """Return change and verdict of every mutant, with means, intervals, p and delta on a wide terminal."""
    careful = any(isinstance(row, CarefulComparison) for row in scenario.comparisons)
    wide = (_change_and_interval, 3, "\nchange          95 % CI") if careful else (_all, 3, _PAPER_COLUMNS)
    return FittingTable(
        f"Each mutant against the original: change{'' if careful else ' of the mean'}, verdict",
        _table(scenario, *wide),
        _table(scenario, _mean_and_change, gap=3),
        _table(scenario, _change, gap=2),
        _table(scenario, _change, gap=1),
        _table(scenario, _shortest, gap=2, folded=True),
    )


def _table(
    scenario: ScenarioReport, cell: Callable[[Comparison], str], gap: int, columns: str = "", folded: bool = False
) -> Table:
    headings = [scenario.heading(metric) + columns for metric in scenario.metrics]
    if folded:
        headings = [heading.replace(" (", "\n(") for heading in headings]
    table = empty_table(["", *headings], gap)
    originals = {row.metric: row.mean_original for row in scenario.comparisons}
    table.add_row("original", *(_mean(metric, originals[metric]) for metric in scenario.metrics))
    for hyperparameter, lines in groupby(scenario.shown, lambda line: line.hyperparameter):
        if hyperparameter != IDENTITY:
            table.add_row(Text(hyperparameter, style="bold"))
        for line in lines:
            table.add_row(
                _label(line, line.mutant in scenario.greener),
                *(_cell(line.comparisons[metric], cell) for metric in scenario.metrics),
            )
    return table


def _label(line: MutantLine, is_greener: bool) -> Text:
    indent = "" if line.hyperparameter == IDENTITY else "  "
    mark = f" {GREENER_MARK}" if is_greener else ""
    return Text(f"{indent}{line.label}").append(mark, style="bold green")


def _cell(row: Comparison, cell: Callable[[Comparison], str]) -> Text:
    return Text("-") if row.n == 0 else Text(cell(row), style=STYLES[row.verdict])


def _change(row: Comparison) -> str:
    change = "" if row.relative_change.value is None else percent(row.relative_change.value)
    word = _WORDS.get(row.verdict, row.verdict.value)
    return f"{change:>6} {word:>4}"


def _shortest(row: Comparison) -> str:
    change = "" if row.relative_change.value is None else percent(row.relative_change.value)
    return f"{change:>6} {_WORDS.get(row.verdict, row.verdict.value[0])}"


def _change_and_interval(row: Comparison) -> str:
    if not isinstance(row, CarefulComparison) or row.relative_change.ends is None:
        return f"{'':>18} {_change(row)}"
    change = "" if row.relative_change.value is None else percent(row.relative_change.value)
    word = _WORDS.get(row.verdict, row.verdict.value)
    return f"{change:>6} {percent_interval(*row.relative_change.ends):>17} {word:>4}"


def _mean_and_change(row: Comparison) -> str:
    return f"{_mean(row.metric, row.mean):>7} {_change(row)}"


def _all(row: Comparison) -> str:
    p = "" if row.p is None else p_value(row.p)
    delta = "" if row.cliffs_delta.value is None else f"{row.cliffs_delta.value:+.2f}"
    return f"{_mean_and_change(row)} {p:>6} {delta:>5}"


def _mean(metric: str, mean: float | None) -> str:
    return "-" if mean is None else quantity(metric, mean)
