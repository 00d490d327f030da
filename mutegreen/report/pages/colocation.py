"""Tables for pages of a subject in company against the same alone."""

from __future__ import annotations

from collections.abc import Iterator

from mutegreen.model import DECIDED, ORIGINAL
from mutegreen.report import colocation_sentences as text
from mutegreen.report.pages.cells import (
    INTERVAL,
    ColumnFormat,
    adjusted_note,
    change,
    change_interval,
    coefficient,
    column_format,
    estimated_note,
    p_cell,
    share_cell,
    verdict_word,
)
from mutegreen.report.pages.table import PlainTable, TableRow
from mutegreen.report.scenario_report import ScenarioReport
from mutegreen.stats.analysis import Analysis
from mutegreen.stats.colocation.changes import ColocationComparison, ColocationCorrelation
from mutegreen.stats.colocation.slowdown import Slowdown
from mutegreen.stats.colocation.susceptibility import Susceptibility, SusceptibilityFinding

_FINDINGS = {
    SusceptibilityFinding.MORE: "more",
    SusceptibilityFinding.LESS: "less",
    SusceptibilityFinding.NOT_SHOWN: "neither is shown",
    SusceptibilityFinding.UNKNOWN: "cannot be told",
}


def susceptibility(scenario: ScenarioReport, analysis: Analysis) -> Iterator[PlainTable]:
    """Whether energy responds more to the same mutants in company."""
    rows, pairs = scenario.colocation.susceptibility, scenario.colocation.pairs
    if not rows:
        return
    yield PlainTable(
        name="company_susceptibility",
        place=scenario.title,
        title="Whether energy is more susceptible to change in company: the same mutants alone and there",
        headings=(
            ("", "Energy"),
            ("", "n"),
            ("True change (%)", "alone"),
            ("True change (%)", "in company"),
            ("True change (%)", "p"),
            ("", "More or less"),
            ("Shown to change", "alone"),
            ("Shown to change", "in company"),
            ("Shown to change", "McNemar's p"),
            ("Measured changes", "Wilcoxon's p"),
            ("All mutants", "Fisher's p"),
        ),
        rows=tuple(TableRow((scenario.heading(row.metric), *_susceptibility(row))) for row in rows),
        notes=(
            "n: mutants in both. True change: root mean square over them, what noise adds taken out; its p is adjusted "
            "over all energies and backgrounds. It is the answer: the other p values depend on the noise too.",
            *map(text.pair_sentence, pairs),
            *text.susceptibility_sentences(rows),
            *filter(None, [text.conclusion_sentence(scenario)]),
            *estimated_note(scenario),
        ),
    ).without_empty_columns()


def verdicts(scenario: ScenarioReport, analysis: Analysis) -> Iterator[PlainTable]:
    """Each mutant's effect and verdict alone and in company, a table for each metric."""
    for metric in dict.fromkeys(row.metric for row in scenario.colocation.verdict):
        rows = [row for row in scenario.colocation.verdict if row.metric == metric]
        scale = column_format(metric, [end for row in rows for end in (row.extra.low, row.extra.high)], 3)
        unit = scale.heading if metric == "performance" else "(%)"
        yield PlainTable(
            name="company_verdict",
            part=metric,
            place=scenario.title,
            title=f"Effects on {scenario.heading(metric)} alone and in company",
            headings=(
                ("", "Mutant"),
                ("Alone", "change (%)"),
                ("Alone", "verdict"),
                ("In company", "change (%)"),
                ("In company", "verdict"),
                ("Beyond that alone", unit),
                ("Beyond that alone", INTERVAL),
                ("Beyond that alone", "p"),
            ),
            rows=tuple(TableRow((scenario.names[row.mutant], *_effect(row, scale))) for row in rows),
            notes=(text.effect_sentence(rows, scenario.names), *adjusted_note(analysis), *estimated_note(scenario)),
        ).without_empty_columns()


def correlations(scenario: ScenarioReport, analysis: Analysis) -> Iterator[PlainTable]:
    """Each correlation alone and in company, with the p of equality."""
    rows = scenario.colocation.correlation
    if rows:
        yield PlainTable(
            name="company_correlation",
            place=scenario.title,
            title="Correlations alone and in company",
            headings=(
                ("", "Metric"),
                *((whose, each) for whose in ("Spearman's", "Pearson's") for each in ("alone", "in company", "p")),
            ),
            rows=tuple(
                TableRow((scenario.heading(row.metric), *_correlation(row)), row.hyperparameter) for row in rows
            ),
            notes=(
                "p: of equal coefficients, by Fisher's z of independent samples.",
                *text.correlation_sentences(rows),
                *adjusted_note(analysis),
                *estimated_note(scenario),
            ),
        ).without_empty_columns()


def win_tie_loss(scenario: ScenarioReport, analysis: Analysis) -> Iterator[PlainTable]:
    """Mutants counted alone and in company, a table for each energy."""
    for energy in dict.fromkeys(row.energy for row in scenario.colocation.win_tie_loss):
        counted = [row for row in scenario.colocation.win_tie_loss if row.energy == energy]
        yield PlainTable(
            name="company_win_tie_loss",
            part=energy,
            place=scenario.title,
            title=f"Mutants by their verdict on {scenario.heading(energy)} (rows) and on performance (columns)",
            headings=(("", "Energy"), *((where, word) for where in ("Alone", "In company") for word in DECIDED)),
            rows=tuple(
                TableRow((word, *map(str, (*alone, *beside))), row.hyperparameter or "all together")
                for row in counted
                for word, alone, beside in zip(DECIDED, row.counts_alone, row.counts, strict=True)
            ),
            notes=(*text.undecided_sentences(scenario, counted), *estimated_note(scenario)),
        )


def slowdown(scenario: ScenarioReport, analysis: Analysis) -> Iterator[PlainTable]:
    """How much longer each arm trains in company."""
    rows = scenario.colocation.slowdown
    if rows:
        yield PlainTable(
            name="company_slowdown",
            place=scenario.title,
            title="Time of a training in company, as a multiple of that alone",
            headings=(
                ("", "Mutant"),
                ("Trainings", "alone"),
                ("Trainings", "in company"),
                ("Times", ""),
                ("Times", INTERVAL),
            ),
            rows=tuple(TableRow((scenario.names.get(row.mutant, ORIGINAL), *_times(row))) for row in rows),
            notes=tuple(text.slowdown_sentences(rows, scenario.colocation.background_slowdown, scenario.names)),
        ).without_empty_columns()


def _susceptibility(row: Susceptibility) -> list[str | None]:
    return [
        str(row.mutants),
        share_cell(row.size_alone),
        share_cell(row.size),
        p_cell(row.p_adjusted),
        _FINDINGS[row.finding],
        str(row.changed_alone),
        str(row.changed),
        p_cell(row.mcnemar_p),
        p_cell(row.wilcoxon_p),
        p_cell(row.fisher_p),
    ]


def _effect(row: ColocationComparison, scale: ColumnFormat) -> list[str | None]:
    if row.metric == "performance":
        extra = scale.cell(row.extra.value, "+"), scale.interval(row.extra.low, row.extra.high)
    else:
        extra = change(row.extra.value), change_interval(row.extra.low, row.extra.high)
    verdicts = verdict_word(row.verdict_alone), verdict_word(row.verdict)
    both = change(row.relative_change_alone), change(row.relative_change)
    return [both[0], verdicts[0], both[1], verdicts[1], *extra, p_cell(row.p_adjusted)]


def _correlation(row: ColocationCorrelation) -> list[str | None]:
    spearman = coefficient(row.spearman_alone), coefficient(row.spearman), p_cell(row.spearman_p_adjusted)
    return [*spearman, coefficient(row.pearson_alone), coefficient(row.pearson), p_cell(row.pearson_p_adjusted)]


def _times(row: Slowdown) -> list[str | None]:
    ends = row.slowdown.ends
    interval = None if ends is None else f"[{ends[0]:.3f}, {ends[1]:.3f}]"
    return [str(row.n_alone), str(row.n), f"{row.slowdown.value:.3f}", interval]
