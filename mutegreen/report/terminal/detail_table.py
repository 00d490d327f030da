"""Everything about one metric: a line for each mutant, with intervals and p values, in 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from rich.text import Text

from mutegreen.model import IDENTITY, Verdict
from mutegreen.report.layout import Widest, table_of
from mutegreen.report.section import TITLES, Section
from mutegreen.report.terminal.verdict_table import STYLES
from mutegreen.report.units import interval, p_value, percent
from mutegreen.stats.analysis import CarefulComparison, Comparison
from mutegreen.units import quantity

_HEADINGS = ["n", "mean", "change", "95 %", "adjusted p", "verdict", "delta", "95 %"]
_NARROW = 6
"""Columns shown where there is little room."""


def detail_table(section: Section, metric: str) -> Widest:
    """The comparisons of one metric.

    Args:
        section: Of an analysis by the careful protocol.
        metric: One that was measured.
    """
    tables = [table_of(["", *_HEADINGS]), table_of(["", *_HEADINGS[:_NARROW]])]
    for label, cells, style in _lines(section, metric):
        for table in tables:
            table.add_row(label, *cells[: len(table.columns) - 1], style=style)
    title = TITLES[metric]
    return Widest(f"{title[0].upper()}{title[1:]}: each mutant against the original", *tables)


def _lines(section: Section, metric: str) -> Iterator[tuple[Text, list[str], str]]:
    """For each line its label, cells and style."""
    first = next(row for row in section.comparisons if row.metric == metric)
    mean = "-" if first.mean_original is None else quantity(metric, first.mean_original)
    yield Text("original"), [str(first.n_original), mean], ""
    for hyperparameter, lines in groupby(section.shown, lambda line: line.hyperparameter):
        if hyperparameter != IDENTITY:
            yield Text(hyperparameter, style="bold"), [], ""
        for line in lines:
            row = line.comparisons[metric]
            yield Text(f"{'' if line.is_control else '  '}{line.label}"), _cells(row), STYLES[row.verdict]


def _cells(row: Comparison) -> list[str]:
    mean = "-" if row.mean is None else quantity(row.metric, row.mean)
    change = "" if row.relative_change is None else percent(row.relative_change)
    verdict = "?" if row.verdict is Verdict.UNDECIDED else row.verdict.value
    if not isinstance(row, CarefulComparison):
        delta = "" if row.cliffs_delta is None else f"{row.cliffs_delta:+.2f}"
        return [str(row.n), mean, change, "", "" if row.p is None else p_value(row.p), verdict, delta, ""]
    ends = _interval(row.relative_low, row.relative_high)
    p = "" if row.p_adjusted is None else p_value(row.p_adjusted)
    return [str(row.n), mean, change, ends, p, verdict, *_delta(row)]


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else interval(low, high)


def _delta(row: CarefulComparison) -> tuple[str, str]:
    if row.cliffs_delta is None:
        return "", ""
    low, high = row.cliffs_delta_low, row.cliffs_delta_high
    return f"{row.cliffs_delta:+.2f}", "" if low is None or high is None else f"[{low:+.2f}, {high:+.2f}]"
