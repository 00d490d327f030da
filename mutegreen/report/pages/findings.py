"""Build the tables on the precision of an audit, the recommended mutants and the Pareto front."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from mutegreen.report.attribution_sentences import attribution_lines, concurrency_effect_lines
from mutegreen.report.pages.cells import (
    INTERVAL,
    ColumnFormat,
    change,
    change_interval,
    column_format,
    p_cell,
    share_cell,
)
from mutegreen.report.pages.table import PlainTable, TableRow
from mutegreen.report.scenario_report import ScenarioReport
from mutegreen.report.terminal.advice_text import further_repetitions
from mutegreen.report.terminal.trust_table import flag_lines, trust_lines
from mutegreen.report.wording import reason_text
from mutegreen.stats.advice.advice import Advice, Recommendation
from mutegreen.stats.advice.trust import Trust
from mutegreen.stats.analysis import Analysis
from mutegreen.units import energy


def trust(scenario: ScenarioReport, analysis: Analysis) -> Iterator[PlainTable]:
    """Yield noise, minimum detectable effect, drift and quality of each metric, with the warnings as notes."""
    if not scenario.trust:
        return
    warnings = [line.plain for line in trust_lines(scenario.trust, scenario.names) if isinstance(line, Text)]
    yield PlainTable(
        name="trust",
        scenario=scenario.title,
        title="Precision: noise of a trial (coefficient of variation) and minimum detectable effect (80 % power)",
        headings=(
            ("", "Metric"),
            ("Noise", "(%)"),
            ("Detectable effect", "(%)"),
            ("Drift", "(%)"),
            ("Drift", "adjusted p"),
            ("", "Quality"),
        ),
        rows=tuple(TableRow((scenario.heading(row.metric), *_trust(row))) for row in scenario.trust),
        notes=(*warnings, *(line.plain for line in _conditions(scenario))),
    ).without_empty_columns()


def _conditions(scenario: ScenarioReport) -> Iterator[Text]:
    yield from flag_lines(scenario.flags)
    yield from concurrency_effect_lines(scenario.concurrency_effects)
    yield from attribution_lines(scenario.attribution, scenario.names)


def advice(scenario: ScenarioReport, analysis: Analysis) -> Iterator[PlainTable]:
    """Yield the recommended mutants; without any, the reason and the repetitions needed."""
    if scenario.advice is None:
        return
    recommended = scenario.advice.recommended
    yield _recommended(scenario, scenario.advice) if recommended else _undecided(scenario, scenario.advice)


def pareto(scenario: ScenarioReport, analysis: Analysis) -> Iterator[PlainTable]:
    """Yield the Pareto front: the mutants that no other one beats in both energy and performance."""
    points = scenario.advice.pareto if scenario.advice is not None else ()
    if not points:
        return
    joules = column_format("total_j", [point.energy_j for point in points])
    merit = column_format("performance", [point.performance for point in points])
    yield PlainTable(
        name="pareto",
        scenario=scenario.title,
        title="Pareto front of energy and performance",
        headings=(("", "Mutant"), ("Energy", joules.heading), ("Performance", merit.heading)),
        rows=tuple(
            TableRow((scenario.names[point.mutant], joules.cell(point.energy_j), merit.cell(point.performance)))
            for point in points
        ),
        notes=("By means only; differences are not tested.",),
    )


def _trust(row: Trust) -> list[str | None]:
    drift = row.drift
    return [
        share_cell(row.noise),
        share_cell(row.smallest_effect),
        None if drift is None else change(drift.trend),
        None if drift is None else p_cell(drift.p_adjusted),
        ", ".join(f"{count} {quality}" for quality, count in row.qualities.items())
        if len(row.qualities) > 1
        else "".join(row.qualities),
    ]


def _recommended(scenario: ScenarioReport, advice: Advice) -> PlainTable:
    rows = advice.recommended
    joules = column_format("total_j", [row.saving_j.value for row in rows])
    merit = column_format(
        "performance", [end for row in rows for end in (row.performance_change.low, row.performance_change.high)], 3
    )
    return PlainTable(
        name="advice",
        scenario=scenario.title,
        title="Recommended mutants: significantly less energy, performance within the tolerance",
        headings=(
            ("", "Mutant"),
            ("Saving", "(%)"),
            ("Saving", INTERVAL),
            ("Saving", joules.heading),
            ("Performance", f"change {merit.heading}".strip()),
            ("Performance", INTERVAL),
            ("Pays back", "after"),
        ),
        rows=tuple(TableRow((scenario.names[row.mutant], *_saving(row, joules, merit))) for row in rows),
        notes=tuple(_terms(advice)),
    ).without_empty_columns()


def _saving(row: Recommendation, joules: ColumnFormat, merit: ColumnFormat) -> list[str | None]:
    return [
        share_cell(row.saving.value),
        change_interval(row.saving.low, row.saving.high),
        joules.cell(row.saving_j.value),
        merit.cell(row.performance_change.value, "+"),
        merit.interval(row.performance_change.low, row.performance_change.high),
        None if row.pays_back_after is None else f"{row.pays_back_after:,}",
    ]


def _terms(advice: Advice) -> Iterator[str]:
    if advice.tolerance is not None:
        source = "" if advice.tolerance_is_given else " (default: 1 % of the original's)"
        yield f"Tolerance of performance: {advice.tolerance:.3g}{source}."
    yield "Saving: in total energy, per training."
    if advice.audit_j is not None:
        used = f"the energy used by the audit, {energy(advice.audit_j)}"
        yield f"Pays back after: number of trainings whose saving equals {used}."


def _undecided(scenario: ScenarioReport, advice: Advice) -> PlainTable:
    merit = column_format("performance", [row.performance_change for row in advice.needed], 3)
    return PlainTable(
        name="advice",
        scenario=scenario.title,
        title="Recommended mutants: none",
        headings=(
            ("", "Mutant"),
            ("Estimated saving", "(%)"),
            ("Performance", f"change {merit.heading}".strip()),
            ("Further repetitions", "needed"),
        ),
        rows=tuple(
            TableRow(
                (
                    scenario.names[row.mutant],
                    share_cell(row.saving),
                    merit.cell(row.performance_change, "+"),
                    further_repetitions(row),
                )
            )
            for row in advice.needed
        ),
        notes=(
            f"No mutant can be recommended: {reason_text(advice.reason, scenario.names)}.",
            *(["Further repetitions needed: beyond those done, for a power of 80 %."] if advice.needed else []),
        ),
    )
