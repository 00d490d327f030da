"""Compare exclusive with co-located trials of one subject: susceptibility, effects, correlations, counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from mutegreen.model import DECIDED, METRICS, Verdict
from mutegreen.report import colocation_sentences as text
from mutegreen.report.layout import FittingTable, empty_table
from mutegreen.report.metric_names import TITLES
from mutegreen.report.scenario_report import ScenarioReport
from mutegreen.report.units import p_value, percent, share
from mutegreen.stats.colocation.changes import ColocationComparison, ColocationCorrelation
from mutegreen.stats.colocation.report import ColocationCounts
from mutegreen.stats.colocation.susceptibility import Susceptibility

DIFFERENCE_MARK = "!"


def colocation_lines(scenario: ScenarioReport) -> Iterator[RenderableType]:
    """Yield the comparison of a co-located scenario with the exclusive one; nothing for other scenarios."""
    report = scenario.colocation
    for pair in report.pairs:
        yield Text(text.pair_sentence(pair))
        yield from map(Text, text.slowdown_sentences(report.slowdown, report.background_slowdown, scenario.names))
    if report.susceptibility:
        yield Text()
        yield _susceptibility_table(scenario)
        yield from map(Text, text.susceptibility_sentences(report.susceptibility))
    if report.verdict:
        yield Text()
        yield _effect_table(scenario)
        yield Text(text.effect_sentence(report.verdict, scenario.names))
    if report.correlation:
        yield Text()
        yield _correlation_table(scenario)
        yield from map(Text, text.correlation_sentences(report.correlation))
    if report.win_tie_loss:
        yield Text()
        yield _counts_table(scenario)
        yield from map(Text, text.undecided_sentences(scenario, report.win_tie_loss))


def _susceptibility_table(scenario: ScenarioReport) -> FittingTable:
    rows = scenario.colocation.susceptibility
    title = "Susceptibility of energy: RMS of changes, noise subtracted; significant changes"
    return FittingTable(title, *(_susceptibilities(scenario, rows, with_tests) for with_tests in (True, False)))


def _susceptibilities(scenario: ScenarioReport, rows: Sequence[Susceptibility], with_tests: bool) -> Table:
    headings = ["", "RMS\nexclusive", "RMS\nco-located", "p", "significant\nexclusive", "significant\nco-located"]
    table = empty_table([*headings, *(["McNemar p", "Wilcoxon p", "Fisher p"] if with_tests else [])])
    for row in rows:
        cells = [share(row.size_alone), share(row.size), _p(row.p_adjusted)]
        cells += [f"{row.changed_alone} of {row.mutants}", f"{row.changed} of {row.mutants}"]
        cells += [_p(row.mcnemar_p), _p(row.wilcoxon_p), _p(row.fisher_p)] if with_tests else []
        table.add_row(Text(scenario.heading(row.metric), style="bold"), *cells)
    return table


def _effect_table(scenario: ScenarioReport) -> FittingTable:
    return FittingTable(
        f"Mutants, exclusive → co-located: change, verdict ({DIFFERENCE_MARK}: significant difference)",
        _effects(scenario, _changes, gap=3),
        _effects(scenario, _verdicts, gap=2),
        _effects(scenario, _shortest, gap=1),
        narrow_title=f"Mutants, exclusive → co-located: verdict ({DIFFERENCE_MARK}: significant difference)",
    )


def _effects(scenario: ScenarioReport, cell: Callable[[ColocationComparison], str], gap: int) -> Table:
    by_mutant: dict[str, dict[str, ColocationComparison]] = {}
    for row in scenario.colocation.verdict:
        by_mutant.setdefault(row.mutant, {})[row.metric] = row
    metrics = [metric for metric in TITLES if any(metric in row for row in by_mutant.values())]
    table = empty_table(["", *(scenario.heading(metric) for metric in metrics)], gap)
    for line in scenario.shown:
        if line.mutant in by_mutant:
            comparisons = by_mutant[line.mutant]
            table.add_row(Text(scenario.names[line.mutant]), *(_cell(comparisons[metric], cell) for metric in metrics))
    return table


def _cell(row: ColocationComparison, cell: Callable[[ColocationComparison], str]) -> Text:
    mark = DIFFERENCE_MARK if text.is_significant(row.p_adjusted) else " "
    return Text(f"{cell(row)}{mark}", style="bold" if row.changes else "")


def _changes(row: ColocationComparison) -> str:
    both = (row.relative_change_alone, row.relative_change)
    exclusive, co_located = ("-" if change is None else percent(change) for change in both)
    return f"{exclusive:>6} → {co_located:>6} {_verdicts(row):>11}"


def _verdicts(row: ColocationComparison) -> str:
    return f"{_word(row.verdict_alone)} → {_word(row.verdict)}" if row.changes else _word(row.verdict)


def _shortest(row: ColocationComparison) -> str:
    return f"{_word(row.verdict_alone)[0]}→{_word(row.verdict)[0]}" if row.changes else _word(row.verdict)[0]


def _word(verdict: Verdict) -> str:
    return "?" if verdict is Verdict.UNDECIDED else verdict.value


def _correlation_table(scenario: ScenarioReport) -> FittingTable:
    return FittingTable(
        f"Rank correlation, exclusive → co-located ({DIFFERENCE_MARK}: significant difference)",
        _correlations(scenario, _with_p, gap=3),
        _correlations(scenario, _coefficients, gap=2),
        _correlations(scenario, _coefficients, gap=1),
    )


def _correlations(scenario: ScenarioReport, cell: Callable[[ColocationCorrelation], str], gap: int) -> Table:
    by_hyperparameter: dict[str, dict[str, ColocationCorrelation]] = {}
    for row in scenario.colocation.correlation:
        by_hyperparameter.setdefault(row.hyperparameter, {})[row.metric] = row
    metrics = [metric for metric in METRICS if any(metric in row for row in by_hyperparameter.values())]
    table = empty_table(["", *(scenario.heading(metric) for metric in metrics)], gap)
    for hyperparameter, rows in by_hyperparameter.items():
        cells = [_correlation(rows[metric], cell) if metric in rows else Text("-") for metric in metrics]
        table.add_row(Text(hyperparameter, style="bold"), *cells)
    return table


def _correlation(row: ColocationCorrelation, cell: Callable[[ColocationCorrelation], str]) -> Text:
    is_different = text.is_significant(row.spearman_p_adjusted)
    return Text(f"{cell(row)}{DIFFERENCE_MARK if is_different else ' '}", style="" if is_different else "dim")


def _coefficients(row: ColocationCorrelation) -> str:
    return f"{_coefficient(row.spearman_alone)}→{_coefficient(row.spearman)}"


def _with_p(row: ColocationCorrelation) -> str:
    return f"{_coefficient(row.spearman_alone)} → {_coefficient(row.spearman)} {_p(row.spearman_p_adjusted):>6}"


def _counts_table(scenario: ScenarioReport) -> FittingTable:
    """Return the counts of all hyperparameters together."""
    table = empty_table(["", "", "exclusive\n win  tie loss", "co-located\n win  tie loss"], gap=3)
    for row in scenario.colocation.win_tie_loss:
        if not row.hyperparameter:
            for line, verdict in enumerate(DECIDED):
                label = Text(scenario.heading(row.energy) if line == 0 else "", style="bold")
                table.add_row(label, verdict, *_counted(row, line))
    return FittingTable("Number of mutants by verdict on energy (rows) and on performance (columns)", table)


def _counted(row: ColocationCounts, line: int) -> list[str]:
    return ["".join(f"{count or '.':>5}" for count in counts[line]) for counts in (row.counts_alone, row.counts)]


def _coefficient(coefficient: float | None) -> str:
    return "-" if coefficient is None else f"{coefficient:+.2f}"


def _p(p: float | None) -> str:
    return "-" if p is None else p_value(p)
