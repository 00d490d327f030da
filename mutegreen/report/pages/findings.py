"""Tables for pages of how far to trust an audit, and of what to do."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from mutegreen.report.attribution_sentences import attribution_lines, company_effect_lines
from mutegreen.report.pages.cells import INTERVAL, Scale, change, change_interval, p_cell, scale_of, share_cell
from mutegreen.report.pages.table import PlainTable, Row
from mutegreen.report.section import Section
from mutegreen.report.terminal.trust_table import flag_lines, trust_lines
from mutegreen.report.wording import reason_text
from mutegreen.stats.advice.advice import Advice, Recommendation
from mutegreen.stats.advice.repetitions import MOST, Needed
from mutegreen.stats.advice.trust import Trust
from mutegreen.stats.analysis import Analysis
from mutegreen.units import energy


def trust(section: Section, analysis: Analysis) -> Iterator[PlainTable]:
    """Noise, the smallest effect to be seen, drift and quality of each metric; then outliers and the A/A control."""
    if not section.trust:
        return
    warnings = [line.plain for line in trust_lines(section.trust, section.names) if isinstance(line, Text)]
    yield PlainTable(
        name="trust",
        place=section.title,
        title="Noise of a training (coefficient of variation) and smallest effect that this audit sees",
        headings=(
            ("", "Metric"),
            ("Noise", "(%)"),
            ("Sees from", "(%)"),
            ("Drift", "(%)"),
            ("Drift", "adjusted p"),
            ("", "Quality"),
        ),
        rows=tuple(Row((section.heading(row.metric), *_trust(row))) for row in section.trust),
        notes=(*warnings, *(line.plain for line in _further(section))),
    ).without_empty_columns()


def _further(section: Section) -> Iterator[Text]:
    yield from flag_lines(section.flags)
    yield from company_effect_lines(section.company_effects)
    yield from attribution_lines(section.attribution, section.names)


def advice(section: Section, analysis: Analysis) -> Iterator[PlainTable]:
    """The settings recommended; where there are none, why, and what would be needed."""
    if section.advice is None:
        return
    recommended = section.advice.recommended
    yield _recommended(section, section.advice) if recommended else _undecided(section, section.advice)


def pareto(section: Section, analysis: Analysis) -> Iterator[PlainTable]:
    """The settings that no other one beats in energy and in performance."""
    points = section.advice.pareto if section.advice is not None else ()
    if not points:
        return
    joules = scale_of("total_j", [point.energy_j for point in points])
    merit = scale_of("performance", [point.performance for point in points])
    yield PlainTable(
        name="pareto",
        place=section.title,
        title="Pareto front of energy and performance",
        headings=(("", "Mutant"), ("Energy", joules.heading), ("Performance", merit.heading)),
        rows=tuple(
            Row((section.names[point.mutant], joules.cell(point.energy_j), merit.cell(point.performance)))
            for point in points
        ),
        notes=("By means alone, which is no proof.",),
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


def _recommended(section: Section, advice: Advice) -> PlainTable:
    rows = advice.recommended
    joules = scale_of("total_j", [row.saving_j.value for row in rows])
    merit = scale_of(
        "performance", [end for row in rows for end in (row.performance_change.low, row.performance_change.high)], 3
    )
    return PlainTable(
        name="advice",
        place=section.title,
        title="Settings shown to save energy, and to keep performance within the tolerance",
        headings=(
            ("", "Mutant"),
            ("Saves", "(%)"),
            ("Saves", INTERVAL),
            ("Saves", joules.heading),
            ("Performance", f"change {merit.heading}".strip()),
            ("Performance", INTERVAL),
            ("Pays back", "after"),
        ),
        rows=tuple(Row((section.names[row.mutant], *_saving(row, joules, merit))) for row in rows),
        notes=tuple(_terms(advice)),
    ).without_empty_columns()


def _saving(row: Recommendation, joules: Scale, merit: Scale) -> list[str | None]:
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
        source = "" if advice.tolerance_is_given else ", 1 % of the original's, as none is given"
        yield f"Tolerance of performance: {advice.tolerance:.3g}{source}."
    if advice.audit_j is not None:
        yield f"Pays back after: trainings that save as much energy as the audit took, {energy(advice.audit_j)}."


def _undecided(section: Section, advice: Advice) -> PlainTable:
    merit = scale_of("performance", [row.performance_change for row in advice.needed], 3)
    return PlainTable(
        name="advice",
        place=section.title,
        title="What to do: nothing can be recommended",
        headings=(
            ("", "Mutant"),
            ("Seems to save", "(%)"),
            ("Performance", f"change {merit.heading}".strip()),
            ("More repetitions", "needed"),
        ),
        rows=tuple(
            Row(
                (section.names[row.mutant], share_cell(row.saving), merit.cell(row.performance_change, "+"), _more(row))
            )
            for row in advice.needed
        ),
        notes=(f"Nothing can be recommended: {reason_text(advice.reason)}.",),
    )


def _more(row: Needed) -> str:
    return f"more than {MOST}" if row.more is None else f"about {row.more}"
