"""Show the correlations: a line for each hyperparameter, a column for each metric."""

from __future__ import annotations

from collections.abc import Callable

from rich.table import Table
from rich.text import Text

from mutegreen.report.layout import FittingTable, empty_table
from mutegreen.report.scenario_report import ScenarioReport
from mutegreen.report.units import count_range, p_value
from mutegreen.stats.analysis import CarefulCorrelation, Correlation
from mutegreen.stats.settings import ALPHA


def correlation_table(scenario: ScenarioReport) -> FittingTable:
    """Return the table of Spearman's coefficients and p values, with Pearson's on a wide terminal."""
    trials = count_range({row.n for row in scenario.correlations})
    return FittingTable(
        f"Correlation of hyperparameters with energy, time, performance ({trials} trials each)",
        _table(scenario, _both, "rho      p     r      p", gap=3),
        _table(scenario, _spearman, "rho      p", gap=3),
        _table(scenario, _spearman, "rho      p", gap=0),
    )


def _table(scenario: ScenarioReport, cell: Callable[[Correlation], str], columns: str, gap: int) -> Table:
    by_hyperparameter: dict[str, dict[str, Correlation]] = {}
    for row in scenario.correlations:
        by_hyperparameter.setdefault(row.hyperparameter, {})[row.metric] = row
    metrics = [metric for metric in scenario.metrics if any(metric in row for row in by_hyperparameter.values())]
    headings = ["", *(f"{scenario.heading(metric)}\n{columns}" for metric in metrics)]
    table = empty_table(headings, gap)
    for hyperparameter, by_metric in by_hyperparameter.items():
        table.add_row(Text(hyperparameter, style="bold"), *(_cell(by_metric[m], cell) for m in metrics))
    return table


def _cell(row: Correlation, cell: Callable[[Correlation], str]) -> Text:
    p = _p(row)[0]
    significant = p is not None and p <= ALPHA
    return Text(cell(row), style="" if significant else "dim")


def _p(row: Correlation) -> tuple[float | None, float | None]:
    """Return Spearman's and Pearson's p, adjusted if the protocol adjusts them."""
    if isinstance(row, CarefulCorrelation):
        return row.spearman_p_adjusted, row.pearson_p_adjusted
    return row.spearman_p, row.pearson_p


def _spearman(row: Correlation) -> str:
    return _coefficient(row.spearman.value, _p(row)[0])


def _both(row: Correlation) -> str:
    return f"{_spearman(row)} {_coefficient(row.pearson.value, _p(row)[1])}"


def _coefficient(coefficient: float | None, p: float | None) -> str:
    if coefficient is None or p is None:
        return f"{'-':>5} {'-':>6}"
    return f"{coefficient:+.2f} {p_value(p):>6}"
