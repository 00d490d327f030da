"""Show one metric in full: a line for each mutant, with intervals and p values, in 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from rich.text import Text

from mutegreen.model import IDENTITY, Verdict
from mutegreen.report.layout import FittingTable, empty_table
from mutegreen.report.metric_names import TITLES
from mutegreen.report.scenario_report import ScenarioReport
from mutegreen.report.terminal.verdict_table import STYLES
from mutegreen.report.units import p_value, percent, percent_interval
from mutegreen.stats.analysis import CarefulComparison, Comparison
from mutegreen.units import quantity

_HEADINGS = ["n", "mean", "change", "95 % CI", "adjusted p", "verdict", "delta", "95 % CI"]
_NARROW = 6
"""Number of columns on a narrow terminal."""


def detail_table(scenario: ScenarioReport, metric: str) -> FittingTable:
    """Return the comparisons of one metric.

    Args:
        scenario: A scenario analysed by any protocol.
        metric: A metric that was measured.
    """
    tables = [empty_table(["", *_HEADINGS]), empty_table(["", *_HEADINGS[:_NARROW]])]
    for label, cells, style in _lines(scenario, metric):
        for table in tables:
            table.add_row(label, *cells[: len(table.columns) - 1], style=style)
    title = TITLES[metric]
    return FittingTable(f"{title[0].upper()}{title[1:]}: each mutant against the original", *tables)


def _lines(scenario: ScenarioReport, metric: str) -> Iterator[tuple[Text, list[str], str]]:
    """Yield label, cells and style of each line."""
    first = next(row for row in scenario.comparisons if row.metric == metric)
    mean = "-" if first.mean_original is None else quantity(metric, first.mean_original)
    yield Text("original"), [str(first.n_original), mean], ""
    for hyperparameter, lines in groupby(scenario.shown, lambda line: line.hyperparameter):
        if hyperparameter != IDENTITY:
            yield Text(hyperparameter, style="bold"), [], ""
        for line in lines:
            row = line.comparisons[metric]
            yield Text(f"{'' if line.is_control else '  '}{line.label}"), _cells(row), STYLES[row.verdict]


def _cells(row: Comparison) -> list[str]:
    mean = "-" if row.mean is None else quantity(row.metric, row.mean)
    change = "" if row.relative_change.value is None else percent(row.relative_change.value)
    verdict = "?" if row.verdict is Verdict.UNDECIDED else row.verdict.value
    if not isinstance(row, CarefulComparison):
        return [str(row.n), mean, change, "", "" if row.p is None else p_value(row.p), verdict, *_delta(row)]
    ends = "" if row.relative_change.ends is None else percent_interval(*row.relative_change.ends)
    p = "" if row.p_adjusted is None else p_value(row.p_adjusted)
    return [str(row.n), mean, change, ends, p, verdict, *_delta(row)]


def _delta(row: Comparison) -> tuple[str, str]:
    delta = row.cliffs_delta
    return (
        "" if delta.value is None else f"{delta.value:+.2f}",
        "" if delta.ends is None else "[{:+.2f}, {:+.2f}]".format(*delta.ends),
    )
