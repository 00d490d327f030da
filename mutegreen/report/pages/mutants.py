"""Build the tables on mutants: all metrics in short, one metric in full, energy to target, win-tie-loss counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mutegreen.model import DECIDED, ENERGY_METRICS, TOTAL, Goal
from mutegreen.report.pages.cells import (
    ADJUSTED,
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
    sentence_case,
    verdict_word,
)
from mutegreen.report.pages.table import PlainTable, TableRow, mutant_row
from mutegreen.report.scenario_report import ScenarioReport
from mutegreen.report.terminal.verdict_table import GREENER_MARK
from mutegreen.report.terminal.win_tie_loss_table import undecided_lines
from mutegreen.report.wording import direction, reason_text
from mutegreen.stats.advice.target import TargetComparison, TargetReach
from mutegreen.stats.analysis import Analysis, CarefulComparison, Comparison
from mutegreen.stats.careful import CarefulAnalysis
from mutegreen.stats.settings import ALPHA
from mutegreen.stats.verdicts.effect import NEGLIGIBLE
from mutegreen.units import quantity

_KINDS = {"bca": "bootstrap (BCa)", "t": "Student's t"}
_CHANGE = (("Change", "(%)"), ("Change", INTERVAL), ("", "p"))


def overview(scenario: ScenarioReport, analysis: Analysis) -> Iterator[PlainTable]:
    """Yield change and verdict of every mutant for every metric."""
    originals = {row.metric: row.mean_original for row in scenario.comparisons}
    shown = (
        None if originals[metric] is None else quantity(metric, originals[metric] or 0.0) for metric in scenario.metrics
    )
    rows = [TableRow(("original", *shown))]
    for line in scenario.lines:
        cells = [_glance(line.comparisons[metric]) for metric in scenario.metrics]
        mark = f" {GREENER_MARK}" if line.mutant in scenario.greener else ""
        rows.append(mutant_row(line, *cells, mark=mark))
    greener = "wins energy in at least one domain, loses it in none, and does not lose performance"
    mark = "recommended" if scenario.advice is not None else greener
    yield PlainTable(
        name="overview",
        scenario=scenario.title,
        title="Each mutant against the original: change (%) and verdict",
        headings=(("", "Mutant"), *(("", scenario.heading(metric)) for metric in scenario.metrics)),
        rows=tuple(rows),
        notes=(
            _meaning(analysis, "the margin"),
            *([f"{GREENER_MARK}: {mark}."] if scenario.greener else []),
            *_goal(scenario, analysis),
            *estimated_note(scenario),
        ),
    )


def verdict(scenario: ScenarioReport, analysis: Analysis, metric: str | None = None) -> Iterator[PlainTable]:
    """Yield a table for each metric, or for the given one: means, intervals, p values, effect sizes, verdicts."""
    for each in scenario.metrics:
        if metric in (None, each):
            yield _verdict(scenario, analysis, each)


def energy_to_target(scenario: ScenarioReport, analysis: Analysis) -> Iterator[PlainTable]:
    """Yield energy, then time, until the target: the final performance of the original, within the tolerance."""
    metrics = {row.metric for row in scenario.targets}
    energies = [TOTAL] if TOTAL in metrics else [metric for metric in ENERGY_METRICS if metric in metrics]
    for metric in (*energies, *(["duration_s"] if scenario.targets else [])):
        yield _target(scenario, analysis, [row for row in scenario.targets if row.metric == metric])


def win_tie_loss(scenario: ScenarioReport, analysis: Analysis) -> Iterator[PlainTable]:
    """Yield the number of mutants by verdict on energy and on performance."""
    rows_of_counts = [*scenario.win_tie_loss, *(scenario.overall if len(scenario.defaults) > 1 else ())]
    energies = list(dict.fromkeys(row.energy for row in rows_of_counts))
    counts = {(row.hyperparameter, row.energy): row.counts for row in rows_of_counts}
    rows = [
        TableRow(
            (verdict, *(str(n) for energy in energies for n in counts[name, energy][line])), name or "all together"
        )
        for name in dict.fromkeys(row.hyperparameter for row in rows_of_counts)
        for line, verdict in enumerate(DECIDED)
    ]
    if rows:
        yield PlainTable(
            name="win_tie_loss",
            scenario=scenario.title,
            title="Number of mutants by verdict on energy (rows) and on performance (columns)",
            headings=(
                ("", "Energy"),
                *((scenario.heading(energy), word) for energy in energies for word in DECIDED),
            ),
            rows=tuple(rows),
            notes=(*(line.plain for line in undecided_lines(scenario)), *estimated_note(scenario)),
        )


def reasons(rows: Sequence[Comparison], scenario: ScenarioReport) -> Iterator[str]:
    """Yield why values are missing or special, each reason once."""
    for reason in dict.fromkeys(row.reason for row in rows if row.reason is not None):
        names = dict.fromkeys(scenario.names.get(row.mutant, row.mutant) for row in rows if row.reason == reason)
        yield f"{', '.join(names)}: {reason_text(reason)}."


def _glance(row: Comparison) -> str | None:
    return None if row.n == 0 else f"{change(row.relative_change.value) or ''} {verdict_word(row.verdict)}".strip()


def _verdict(scenario: ScenarioReport, analysis: Analysis, metric: str) -> PlainTable:
    own = [row for row in scenario.comparisons if row.metric == metric]
    scale = column_format(metric, [own[0].mean_original, *(row.mean for row in own)])
    original = TableRow(("original", str(own[0].n_original), scale.cell(own[0].mean_original), *[""] * 6))
    return PlainTable(
        name="verdict",
        part=metric,
        scenario=scenario.title,
        title=f"{sentence_case(scenario.heading(metric))}: each mutant against the original",
        headings=(
            ("", "Mutant"),
            ("", "n"),
            ("Mean", scale.heading),
            *_CHANGE,
            ("", "Verdict"),
            ("Cliff's delta", ""),
            ("Cliff's delta", INTERVAL),
        ),
        rows=(original, *(mutant_row(line, *_cells(line.comparisons[metric], scale)) for line in scenario.lines)),
        notes=(
            _meaning(analysis, _margin(own)),
            *_intervals(own),
            *(_goal(scenario, analysis) if metric == "performance" else ()),
            *reasons(own, scenario),
            *estimated_note(scenario),
        ),
    ).without_empty_columns()


def _cells(row: Comparison, scale: ColumnFormat) -> list[str | None]:
    known = [str(row.n), scale.cell(row.mean), change(row.relative_change.value)]
    word, delta = row.verdict.value, coefficient(row.cliffs_delta.value)
    if not isinstance(row, CarefulComparison):
        return [*known, None, p_cell(row.p), word, delta, None]
    return [
        *known,
        change_interval(row.relative_change.low, row.relative_change.high),
        p_cell(row.p_adjusted),
        word,
        delta,
        coefficient_interval(row.cliffs_delta.low, row.cliffs_delta.high),
    ]


def _target(scenario: ScenarioReport, analysis: Analysis, rows: Sequence[TargetComparison]) -> PlainTable:
    first, lines = rows[0], {line.mutant: line for line in scenario.lines}
    scale = column_format(first.metric, [first.mean_original, *(row.mean for row in rows)])
    original = TableRow(("original", *_reach(first.reach_original), scale.cell(first.mean_original), *[""] * 4))
    return PlainTable(
        name="energy_to_target",
        part=first.metric,
        scenario=scenario.title,
        title=f"{sentence_case(scenario.heading(first.metric))} to target: performance {first.target:.4g}, "
        "the original's within tolerance",
        headings=(
            ("", "Mutant"),
            ("", "Reached"),
            ("", "Epochs"),
            ("Mean", scale.heading),
            *_CHANGE,
            ("", "Verdict"),
        ),
        rows=(original, *(mutant_row(lines[row.mutant], *_target_cells(row, scale)) for row in rows)),
        notes=(*adjusted_note(analysis), *_intervals(rows), *reasons(rows, scenario), *estimated_note(scenario)),
    ).without_empty_columns()


def _target_cells(row: TargetComparison, scale: ColumnFormat) -> list[str | None]:
    ends = change_interval(row.relative_change.low, row.relative_change.high)
    known = [*_reach(row.reach), scale.cell(row.mean), change(row.relative_change.value), ends]
    return [*known, p_cell(row.p_adjusted), row.verdict.value]


def _reach(reach: TargetReach) -> tuple[str, str | None]:
    return f"{reach.reached} of {reach.trainings}", None if reach.epochs is None else f"{reach.epochs:.1f}"


def _meaning(analysis: Analysis, margin: str) -> str:
    """Return the meaning of the verdicts in one sentence."""
    if not isinstance(analysis, CarefulAnalysis):
        return (
            f"win, loss: p at most {ALPHA} in Student's t-test and |Cliff's delta| at least {NEGLIGIBLE}; "
            "tie: otherwise, which does not prove that nothing changed."
        )
    settings = analysis.settings
    return (
        f"win, loss: p at most {settings.alpha:g}, adjusted over all mutants and metrics "
        f"({ADJUSTED[settings.adjustment]}); tie: significantly equivalent within {margin}; ? or undecided: neither."
    )


def _margin(rows: Sequence[Comparison]) -> str:
    """Return the margin within which mutants are equivalent, if it is known."""
    margin = next((row.margin for row in rows if isinstance(row, CarefulComparison) and row.margin is not None), None)
    if margin is None:
        return "the margin"
    return f"{margin:.3g}" if rows[0].metric == "performance" else f"{100 * margin:g} %"


def _intervals(rows: Sequence[Comparison]) -> Iterator[str]:
    kinds = dict.fromkeys(row.interval for row in rows if isinstance(row, CarefulComparison) and row.interval)
    if kinds:
        yield f"CI of changes: not adjusted, each for one comparison, by {' or '.join(map(_KINDS.__getitem__, kinds))}."


def _goal(scenario: ScenarioReport, analysis: Analysis) -> Iterator[str]:
    if "performance" in scenario.metrics:
        yield direction(analysis.goals.get(scenario.subject, Goal.MAXIMIZE))
