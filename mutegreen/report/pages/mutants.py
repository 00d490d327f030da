"""Tables for pages of what each mutant does: all metrics at a glance, one metric in full, energy to target, counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mutegreen.model import DECIDED, ENERGY_METRICS, TOTAL, Goal
from mutegreen.report.metric_names import TITLES
from mutegreen.report.pages.cells import (
    ADJUSTED,
    INTERVAL,
    Scale,
    adjusted_note,
    change,
    change_interval,
    coefficient,
    coefficient_interval,
    estimated_note,
    p_cell,
    scale_of,
    sentence_case,
    verdict_word,
)
from mutegreen.report.pages.table import PlainTable, Row, mutant_row
from mutegreen.report.section import Section
from mutegreen.report.terminal.verdict_table import GREENER_MARK
from mutegreen.report.terminal.win_tie_loss_table import uncounted
from mutegreen.report.wording import reason_text
from mutegreen.stats.advice.target import Reach, TargetComparison
from mutegreen.stats.analysis import Analysis, CarefulComparison, Comparison
from mutegreen.stats.careful import CarefulAnalysis
from mutegreen.stats.settings import ALPHA
from mutegreen.stats.verdicts.effect import NEGLIGIBLE
from mutegreen.units import quantity

_KINDS = {"bca": "bootstrap (BCa)", "t": "Student's t"}
_CHANGE = (("Change", "(%)"), ("Change", INTERVAL), ("", "p"))


def overview(section: Section, analysis: Analysis) -> Iterator[PlainTable]:
    """Every mutant's change of every metric, with its verdict."""
    originals = {row.metric: row.mean_original for row in section.comparisons}
    shown = (
        None if originals[metric] is None else quantity(metric, originals[metric] or 0.0) for metric in section.metrics
    )
    rows = [Row(("original", *shown))]
    for line in section.lines:
        cells = [_glance(line.comparisons[metric]) for metric in section.metrics]
        mark = f" {GREENER_MARK}" if line.mutant in section.greener else ""
        rows.append(mutant_row(line, *cells, mark=mark))
    mark = "recommended" if section.advice is not None else "wins energy, loses none, and does not lose performance"
    yield PlainTable(
        name="overview",
        place=section.title,
        title="Each mutant against the original: change (%) and verdict",
        headings=(("", "Mutant"), *(("", section.heading(metric)) for metric in section.metrics)),
        rows=tuple(rows),
        notes=(
            _meaning(analysis, "the margin"),
            *([f"{GREENER_MARK}: {mark}."] if section.greener else []),
            *_goal(section, analysis),
            *estimated_note(section),
        ),
    )


def verdict(section: Section, analysis: Analysis, metric: str | None = None) -> Iterator[PlainTable]:
    """A table for each metric, or for the only one wanted: means, intervals, p values, effect sizes, verdicts."""
    for each in section.metrics:
        if metric in (None, each):
            yield _verdict(section, analysis, each)


def energy_to_target(section: Section, analysis: Analysis) -> Iterator[PlainTable]:
    """What it took until the performance was that of the original in the end; energy, then time."""
    metrics = {row.metric for row in section.targets}
    energies = [TOTAL] if TOTAL in metrics else [metric for metric in ENERGY_METRICS if metric in metrics]
    for metric in (*energies, *(["duration_s"] if section.targets else [])):
        yield _target(section, analysis, [row for row in section.targets if row.metric == metric])


def win_tie_loss(section: Section, analysis: Analysis) -> Iterator[PlainTable]:
    """Mutants counted by their verdicts on energy and on performance."""
    counted = [*section.win_tie_loss, *(section.overall if len(section.defaults) > 1 else ())]
    energies = list(dict.fromkeys(row.energy for row in counted))
    counts = {(row.hyperparameter, row.energy): row.counts for row in counted}
    rows = [
        Row((verdict, *(str(n) for energy in energies for n in counts[name, energy][line])), name or "all together")
        for name in dict.fromkeys(row.hyperparameter for row in counted)
        for line, verdict in enumerate(DECIDED)
    ]
    if rows:
        yield PlainTable(
            name="win_tie_loss",
            place=section.title,
            title="Mutants by their verdict on energy (rows) and on performance (columns)",
            headings=(
                ("", "Energy"),
                *((section.heading(energy), word) for energy in energies for word in DECIDED),
            ),
            rows=tuple(rows),
            notes=(*(line.plain for line in uncounted(section)), *estimated_note(section)),
        )


def reasons(rows: Sequence[Comparison], section: Section) -> Iterator[str]:
    """Why figures are missing or special, each reason once."""
    for reason in dict.fromkeys(row.reason for row in rows if row.reason is not None):
        names = dict.fromkeys(section.names.get(row.mutant, row.mutant) for row in rows if row.reason == reason)
        yield f"{', '.join(names)}: {reason_text(reason)}."


def _glance(row: Comparison) -> str | None:
    return None if row.n == 0 else f"{change(row.relative_change.value) or ''} {verdict_word(row.verdict)}".strip()


def _verdict(section: Section, analysis: Analysis, metric: str) -> PlainTable:
    own = [row for row in section.comparisons if row.metric == metric]
    scale = scale_of(metric, [own[0].mean_original, *(row.mean for row in own)])
    original = Row(("original", str(own[0].n_original), scale.cell(own[0].mean_original), *[""] * 6))
    return PlainTable(
        name="verdict",
        part=metric,
        place=section.title,
        title=f"{sentence_case(section.heading(metric))}: each mutant against the original",
        headings=(
            ("", "Mutant"),
            ("", "n"),
            ("Mean", scale.heading),
            *_CHANGE,
            ("", "Verdict"),
            ("Cliff's delta", ""),
            ("Cliff's delta", INTERVAL),
        ),
        rows=(original, *(mutant_row(line, *_cells(line.comparisons[metric], scale)) for line in section.lines)),
        notes=(
            _meaning(analysis, _margin(own)),
            *_intervals(own),
            *(_goal(section, analysis) if metric == "performance" else ()),
            *reasons(own, section),
            *estimated_note(section),
        ),
    ).without_empty_columns()


def _cells(row: Comparison, scale: Scale) -> list[str | None]:
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


def _target(section: Section, analysis: Analysis, rows: Sequence[TargetComparison]) -> PlainTable:
    first, lines = rows[0], {line.mutant: line for line in section.lines}
    scale = scale_of(first.metric, [first.mean_original, *(row.mean for row in rows)])
    original = Row(("original", *_reach(first.reach_original), scale.cell(first.mean_original), *[""] * 4))
    return PlainTable(
        name="energy_to_target",
        part=first.metric,
        place=section.title,
        title=f"{sentence_case(section.heading(first.metric))} until performance first reached the original's in the "
        f"end less the tolerance ({first.target:.4g})",
        headings=(
            ("", "Mutant"),
            ("", "Reached"),
            ("", "Epochs"),
            ("Mean", scale.heading),
            *_CHANGE,
            ("", "Verdict"),
        ),
        rows=(original, *(mutant_row(lines[row.mutant], *_target_cells(row, scale)) for row in rows)),
        notes=(*adjusted_note(analysis), *_intervals(rows), *reasons(rows, section), *estimated_note(section)),
    ).without_empty_columns()


def _target_cells(row: TargetComparison, scale: Scale) -> list[str | None]:
    ends = change_interval(row.relative_change.low, row.relative_change.high)
    known = [*_reach(row.reach), scale.cell(row.mean), change(row.relative_change.value), ends]
    return [*known, p_cell(row.p_adjusted), row.verdict.value]


def _reach(reach: Reach) -> tuple[str, str | None]:
    return f"{reach.reached} of {reach.trainings}", None if reach.epochs is None else f"{reach.epochs:.1f}"


def _meaning(analysis: Analysis, margin: str) -> str:
    """What the verdicts mean, in one sentence."""
    if not isinstance(analysis, CarefulAnalysis):
        return (
            f"win, loss: p at most {ALPHA} in Student's t-test and |Cliff's delta| at least {NEGLIGIBLE}; "
            "tie: any other, which does not prove that nothing changed."
        )
    settings = analysis.settings
    return (
        f"win, loss: p at most {settings.alpha:g}, adjusted over all mutants and metrics "
        f"({ADJUSTED[settings.adjustment]}); tie: shown to be equal within {margin}; ? or undecided: neither is shown."
    )


def _margin(rows: Sequence[Comparison]) -> str:
    """How large a difference does not matter, as far as it is known."""
    margin = next((row.margin for row in rows if isinstance(row, CarefulComparison) and row.margin is not None), None)
    if margin is None:
        return "the margin"
    return f"{margin:.3g}" if rows[0].metric == "performance" else f"{100 * margin:g} %"


def _intervals(rows: Sequence[Comparison]) -> Iterator[str]:
    kinds = dict.fromkeys(row.interval for row in rows if isinstance(row, CarefulComparison) and row.interval)
    if kinds:
        yield f"Intervals of changes are for one comparison, by {' or '.join(map(_KINDS.__getitem__, kinds))}."


def _goal(section: Section, analysis: Analysis) -> Iterator[str]:
    if analysis.goals.get(section.subject) is Goal.MINIMIZE and "performance" in section.metrics:
        yield f"Less is better for {TITLES['performance']}."
