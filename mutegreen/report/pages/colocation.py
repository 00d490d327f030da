"""Build the tables that compare co-located with exclusive trials."""

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
    SusceptibilityFinding.NOT_SHOWN: "not significant",
    SusceptibilityFinding.UNKNOWN: "unknown",
}


def susceptibility(scenario: ScenarioReport, analysis: Analysis) -> Iterator[PlainTable]:
    """Yield the table on whether energy responds more to the same mutants when co-located."""
    rows, pairs = scenario.colocation.susceptibility, scenario.colocation.pairs
    if not rows:
        return
    yield PlainTable(
        name="company_susceptibility",
        scenario=scenario.title,
        title="Susceptibility of energy to change, exclusive and co-located",
        headings=(
            ("", "Energy"),
            ("", "n"),
            ("RMS of changes (%)", "exclusive"),
            ("RMS of changes (%)", "co-located"),
            ("RMS of changes (%)", "p"),
            ("", "Susceptibility"),
            ("Significant changes", "exclusive"),
            ("Significant changes", "co-located"),
            ("Significant changes", "McNemar's p"),
            ("Measured changes", "Wilcoxon's p"),
            ("All mutants", "Fisher's p"),
        ),
        rows=tuple(TableRow((scenario.heading(row.metric), *_susceptibility(row))) for row in rows),
        notes=(
            "n: mutants in both scenarios. RMS of changes: root mean square over the mutants, with the part "
            "due to noise subtracted; its p is adjusted over all energy metrics and background loads. Only this p "
            "decides the conclusion, because the others also depend on the noise.",
            *map(text.pair_sentence, pairs),
            *text.susceptibility_sentences(rows),
            *filter(None, [text.conclusion_sentence(scenario)]),
            *estimated_note(scenario),
        ),
    ).without_empty_columns()


def verdicts(scenario: ScenarioReport, analysis: Analysis) -> Iterator[PlainTable]:
    """Yield the effect and verdict of each mutant, exclusive and co-located, a table for each metric."""
    for metric in dict.fromkeys(row.metric for row in scenario.colocation.verdict):
        rows = [row for row in scenario.colocation.verdict if row.metric == metric]
        scale = column_format(metric, [end for row in rows for end in (row.extra.low, row.extra.high)], 3)
        unit = scale.heading if metric == "performance" else "(%)"
        yield PlainTable(
            name="company_verdict",
            part=metric,
            scenario=scenario.title,
            title=f"Effects on {scenario.heading(metric)}, exclusive and co-located",
            headings=(
                ("", "Mutant"),
                ("Exclusive", "change (%)"),
                ("Exclusive", "verdict"),
                ("Co-located", "change (%)"),
                ("Co-located", "verdict"),
                ("Difference", unit),
                ("Difference", INTERVAL),
                ("Difference", "p"),
            ),
            rows=tuple(TableRow((scenario.names[row.mutant], *_effect(row, scale))) for row in rows),
            notes=(text.effect_sentence(rows, scenario.names), *adjusted_note(analysis), *estimated_note(scenario)),
        ).without_empty_columns()


def correlations(scenario: ScenarioReport, analysis: Analysis) -> Iterator[PlainTable]:
    """Yield the correlations, exclusive and co-located, with the p value of their difference."""
    rows = scenario.colocation.correlation
    if rows:
        yield PlainTable(
            name="company_correlation",
            scenario=scenario.title,
            title="Correlations, exclusive and co-located",
            headings=(
                ("", "Metric"),
                *((whose, each) for whose in ("Spearman's", "Pearson's") for each in ("exclusive", "co-located", "p")),
            ),
            rows=tuple(
                TableRow((scenario.heading(row.metric), *_correlation(row)), row.hyperparameter) for row in rows
            ),
            notes=(
                "p: test of equal coefficients by Fisher's z transformation, independent samples.",
                *text.correlation_sentences(rows),
                *adjusted_note(analysis),
                *estimated_note(scenario),
            ),
        ).without_empty_columns()


def win_tie_loss(scenario: ScenarioReport, analysis: Analysis) -> Iterator[PlainTable]:
    """Yield the number of mutants by verdict, exclusive and co-located, a table for each energy metric."""
    for energy in dict.fromkeys(row.energy for row in scenario.colocation.win_tie_loss):
        counts = [row for row in scenario.colocation.win_tie_loss if row.energy == energy]
        yield PlainTable(
            name="company_win_tie_loss",
            part=energy,
            scenario=scenario.title,
            title=f"Number of mutants by verdict on {scenario.heading(energy)} (rows) and on performance (columns)",
            headings=(("", "Energy"), *((where, word) for where in ("Exclusive", "Co-located") for word in DECIDED)),
            rows=tuple(
                TableRow((word, *map(str, (*exclusive, *co_located))), row.hyperparameter or "all together")
                for row in counts
                for word, exclusive, co_located in zip(DECIDED, row.counts_alone, row.counts, strict=True)
            ),
            notes=(*text.undecided_sentences(scenario, counts), *estimated_note(scenario)),
        )


def slowdown(scenario: ScenarioReport, analysis: Analysis) -> Iterator[PlainTable]:
    """Yield the slowdown of each arm by co-location."""
    rows = scenario.colocation.slowdown
    if rows:
        yield PlainTable(
            name="company_slowdown",
            scenario=scenario.title,
            title="Slowdown by co-location: time of a trial relative to exclusive trials",
            headings=(
                ("", "Mutant"),
                ("Trials", "exclusive"),
                ("Trials", "co-located"),
                ("Slowdown", "factor"),
                ("Slowdown", INTERVAL),
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
