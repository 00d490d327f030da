"""Build the tables on hyperparameters and metrics: correlations, trends, interactions."""

from __future__ import annotations

from collections.abc import Iterator

from mutegreen.report.pages.cells import (
    INTERVAL,
    ColumnFormat,
    adjusted_note,
    change,
    change_interval,
    coefficient,
    coefficient_interval,
    column_format,
    estimated_note,
    p_cell,
)
from mutegreen.report.pages.table import Heading, PlainTable, TableRow
from mutegreen.report.scenario_report import ScenarioReport
from mutegreen.report.terminal.interaction_table import interaction_lines
from mutegreen.report.units import value_label, value_labels
from mutegreen.report.wording import reason_text
from mutegreen.stats.analysis import Analysis, CarefulCorrelation, Correlation
from mutegreen.stats.interaction.interaction import Interaction
from mutegreen.stats.trend.curve import Shape
from mutegreen.stats.trend.trend import Trend, TrendFinding

_FINDINGS = {
    TrendFinding.TREND: "trend",
    TrendFinding.NO_TREND: "no trend",
    TrendFinding.NO_SIMPLE_TREND: "irregular",
    TrendFinding.UNDECIDED: "undecided",
}
_DIGITS = 3
"""Significant digits of effects, which are less precise than means."""


def correlation(scenario: ScenarioReport, analysis: Analysis) -> Iterator[PlainTable]:
    """Yield Spearman's and Pearson's coefficients, with intervals if the protocol has them."""
    rows = scenario.correlations
    if not rows:
        return
    yield PlainTable(
        name="correlation",
        scenario=scenario.title,
        title="Correlation of hyperparameters with energy, time and performance",
        headings=(("", "Metric"), ("", "n"), *_of("Spearman's", "rho"), *_of("Pearson's", "r")),
        rows=tuple(TableRow((scenario.heading(row.metric), *_coefficients(row)), row.hyperparameter) for row in rows),
        notes=(*adjusted_note(analysis), *_reasons(scenario, rows), *estimated_note(scenario)),
    ).without_empty_columns()


def trend(scenario: ScenarioReport, analysis: Analysis) -> Iterator[PlainTable]:
    """Yield the effect of one unit more of a hyperparameter, and the change over all values."""
    if not scenario.trends:
        return
    yield PlainTable(
        name="trend",
        scenario=scenario.title,
        title="Trends: effect of one unit more of a hyperparameter, and change over all values",
        headings=(
            ("", "Metric"),
            ("", "Finding"),
            ("", "Step"),
            ("Effect of a step", ""),
            ("Effect of a step", INTERVAL),
            ("", "Unit"),
            ("All values (%)", INTERVAL),
            ("", "p"),
        ),
        rows=tuple(TableRow((scenario.heading(row.metric), *_trend(row)), _range(row)) for row in scenario.trends),
        notes=(
            "Step: + for a straight line, × for a power law (performance: a logarithm). All values: change from "
            "the lowest to the highest value. No trend: equivalence, the metric changes significantly less than the "
            "margin. Irregular: the values differ significantly, but along no line or power law.",
            *adjusted_note(analysis),
            *_exponents(scenario),
            *_reasons(scenario, scenario.trends),
            *estimated_note(scenario),
        ),
    ).without_empty_columns()


def interaction(scenario: ScenarioReport, analysis: Analysis) -> Iterator[PlainTable]:
    """Yield the effects of pairs of changes beyond their single effects."""
    if not scenario.interactions:
        return
    yield PlainTable(
        name="interaction",
        scenario=scenario.title,
        title="Interactions: extra effect of two changes together beyond their single effects",
        headings=(("", "Metric"), ("", "n"), ("Extra effect", ""), ("Extra effect", INTERVAL), ("", "Unit"), ("", "p")),
        rows=tuple(
            TableRow(
                (scenario.heading(row.metric), str(row.n), *_extra(row)),
                row.mutant or " and ".join(row.hyperparameters),
            )
            for row in scenario.interactions
        ),
        notes=(
            *(line.plain for line in interaction_lines(scenario.interactions)),
            *adjusted_note(analysis),
            *estimated_note(scenario),
        ),
        group_heading="Mutant",
    ).without_empty_columns()


def _of(whose: str, coefficient: str) -> tuple[Heading, ...]:
    return ((whose, coefficient), (whose, INTERVAL), (whose, "p"))


def _coefficients(row: Correlation) -> list[str | None]:
    spearman, pearson = coefficient(row.spearman.value), coefficient(row.pearson.value)
    if not isinstance(row, CarefulCorrelation):
        return [str(row.n), spearman, None, p_cell(row.spearman_p), pearson, None, p_cell(row.pearson_p)]
    return [
        str(row.n),
        spearman,
        coefficient_interval(row.spearman.low, row.spearman.high),
        p_cell(row.spearman_p_adjusted),
        pearson,
        coefficient_interval(row.pearson.low, row.pearson.high),
        p_cell(row.pearson_p_adjusted),
    ]


def _scale(row: Trend) -> ColumnFormat:
    return column_format(row.metric, (row.slope.value, row.slope.low, row.slope.high), _DIGITS)


def _range(row: Trend) -> str:
    if row.lowest is None or row.highest is None:
        return row.hyperparameter
    return f"{row.hyperparameter} {' to '.join(value_labels([row.lowest, row.highest]))}"


def _trend(row: Trend) -> list[str | None]:
    scale = _scale(row)
    return [
        None if row.p is None else _FINDINGS[row.finding],
        _step(row),
        scale.cell(row.slope.value, "+"),
        scale.interval(row.slope.low, row.slope.high),
        scale.unit if row.slope.value is not None else None,
        change_interval(row.change.low, row.change.high),
        p_cell(row.p_adjusted),
    ]


def _step(row: Trend) -> str | None:
    if row.step is None:
        return None
    return f"{'+' if row.shape is Shape.LINEAR else '×'}{value_label(row.step)}"


def _exponents(scenario: ScenarioReport) -> Iterator[str]:
    for row in scenario.trends:
        if row.finding is TrendFinding.TREND and row.exponent.value is not None:
            ends = coefficient_interval(row.exponent.low, row.exponent.high)
            label = f"{scenario.heading(row.metric)} of {row.hyperparameter}"
            yield f"Exponent of the power law, {label}: {coefficient(row.exponent.value)} {ends or ''}.".replace(
                " .", "."
            )


def _extra(row: Interaction) -> list[str | None]:
    value, low, high = row.extra.value, row.extra.low, row.extra.high
    if row.metric != "performance":
        return [change(value), change_interval(low, high), "%", p_cell(row.p_adjusted)]
    scale = column_format(row.metric, (value, low, high), _DIGITS)
    return [scale.cell(value, "+"), scale.interval(low, high), scale.unit, p_cell(row.p_adjusted)]


def _reasons(scenario: ScenarioReport, rows: list[Correlation] | list[Trend]) -> Iterator[str]:
    for reason in dict.fromkeys(row.reason for row in rows if row.reason is not None):
        of = dict.fromkeys(
            f"{scenario.heading(row.metric)} of {row.hyperparameter}" for row in rows if row.reason == reason
        )
        yield f"{', '.join(of)}: {reason_text(reason)}."
