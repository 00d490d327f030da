"""Show the study in the terminal: for each scenario our results below the published ones, then the findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from mutegreen.replication import wording
from mutegreen.replication.comparison import (
    GreenerCount,
    ReplicatedCorrelation,
    ReplicatedGreener,
    ReplicatedVerdicts,
    VerdictCounts,
)
from mutegreen.replication.findings import ReplicatedFinding
from mutegreen.replication.published import NEVER_APPLIED
from mutegreen.replication.results import Results
from mutegreen.replication.rules import Holds
from mutegreen.report.layout import FittingTable, empty_table
from mutegreen.report.scenario_report import ScenarioReport, scenario_reports
from mutegreen.report.units import p_value
from mutegreen.stats.analysis import CarefulCorrelation, Correlation
from mutegreen.stats.settings import ALPHA

_LABELS = (Text("  published"), Text("  here"), Text("  careful"))
_NOTHING = (Text(), Text(), Text())
_STYLES = {Holds.YES: "green", Holds.NO: "red", Holds.UNKNOWN: "yellow"}
_OfScenario = TypeVar("_OfScenario", ReplicatedCorrelation, ReplicatedVerdicts, ReplicatedGreener)
_Line = TypeVar("_Line", ReplicatedCorrelation, ReplicatedVerdicts)
_Sides = tuple[Text, Text, Text]
"""Published, here, careful."""


def render(results: Results) -> RenderableType:
    """Return all tables and the legend; they fit 80 columns, and colours repeat what words say."""
    parts: list[RenderableType] = []
    for scenario in scenario_reports(results.measured.careful):
        parts += [*_scenario(results, scenario), Text()]
    return Group(*parts, *_findings(results.findings), *_legend(results))


def _scenario(results: Results, scenario: ScenarioReport) -> Iterator[RenderableType]:
    yield Rule(Text(scenario.title, style="bold"), align="left")
    yield Text(wording.about(scenario))
    yield Text()
    yield _correlations(scenario, _own(results.correlations, scenario))
    yield Text()
    yield _verdicts(scenario, _own(results.verdict_counts, scenario), _own(results.greener, scenario))


def _own(lines: Iterable[_OfScenario], scenario: ScenarioReport) -> list[_OfScenario]:
    return [line for line in lines if (line.subject, line.background) == (scenario.subject, scenario.background)]


def _correlations(scenario: ScenarioReport, lines: Sequence[ReplicatedCorrelation]) -> FittingTable:
    tables = (_grid(scenario, lines, "rho      p", gap, _correlation_cells) for gap in (3, 0))
    return FittingTable("Correlation of hyperparameters with energy, time and performance (Spearman)", *tables)


def _verdicts(
    scenario: ScenarioReport, lines: Sequence[ReplicatedVerdicts], greener: Sequence[ReplicatedGreener]
) -> FittingTable:
    by_name = {line.hyperparameter: line for line in greener}
    tables = (
        _grid(scenario, lines, heading, gap, cells, by_name)
        for heading, gap, cells in (("win tie loss  ?", 3, _wide_tallies), ("w t l ?", 2, _narrow_tallies))
    )
    return FittingTable("Number of mutants by verdict, and how many are greener", *tables)


def _grid(
    scenario: ScenarioReport,
    lines: Sequence[_Line],
    heading: str,
    gap: int,
    cells: Callable[[_Line], _Sides],
    greener: Mapping[str, ReplicatedGreener] | None = None,
) -> Table:
    """Return a table with three lines for each hyperparameter and a column for each metric."""
    by_name: dict[str, dict[str, _Line]] = {}
    for line in lines:
        by_name.setdefault(line.hyperparameter, {})[line.metric] = line
    metrics: list[str] = list(dict.fromkeys(line.metric for line in lines))
    last: list[str] = ["greener"] if greener else []
    table = empty_table(["", *(f"{scenario.heading(metric)}\n{heading}" for metric in metrics), *last], gap)
    for name, by_metric in by_name.items():
        table.add_row(Text(f"{name} {wording.MARK}" if name in NEVER_APPLIED else name, style="bold"))
        columns = [cells(by_metric[metric]) if metric in by_metric else _NOTHING for metric in metrics]
        columns += [_greener_cells(greener[name])] if greener and name in greener else []
        for row in zip(_LABELS, *columns, strict=True):
            table.add_row(*row)
    return table


def _correlation_cells(line: ReplicatedCorrelation) -> _Sides:
    return _coefficient(line.published), _coefficient(line.paper), _coefficient(line.careful)


def _coefficient(row: Correlation | None) -> Text:
    if row is None or row.spearman.value is None:
        return Text(f"{'-':>5} {'-':>6}", style="dim")
    p = row.spearman_p_adjusted if isinstance(row, CarefulCorrelation) else row.spearman_p
    if p is None:
        return Text(f"{row.spearman.value:+.2f} {'-':>6}", style="dim")
    return Text(f"{row.spearman.value:+.2f} {p_value(p):>6}", style="" if p <= ALPHA else "dim")


def _wide_tallies(line: ReplicatedVerdicts) -> _Sides:
    return _tallies(line, "{:>3}{:>4}{:>5}{:>3}")


def _narrow_tallies(line: ReplicatedVerdicts) -> _Sides:
    return _tallies(line, "{} {} {} {}")


def _tallies(line: ReplicatedVerdicts, form: str) -> _Sides:
    return _tally(line.published, form), _tally(line.paper, form), _tally(line.careful, form)


def _tally(tally: VerdictCounts | None, form: str) -> Text:
    counts = (tally.win, tally.tie, tally.loss, tally.undecided) if tally is not None else ()
    return Text(form.format(*(count or "." for count in counts)) if counts else "-", style="" if counts else "dim")


def _greener_cells(line: ReplicatedGreener) -> _Sides:
    return _share(line.published), _share(line.paper), _share(line.careful)


def _share(count: GreenerCount | None) -> Text:
    return Text("-", style="dim") if count is None else Text(f"{count.greener} of {count.mutants}")


def _findings(findings: Sequence[ReplicatedFinding]) -> Iterator[RenderableType]:
    yield Rule(Text("Findings of the study, and whether they hold here", style="bold"), align="left")
    for number, finding in enumerate(findings, 1):
        yield Text(f"{number}. {finding.claim.full}", style="bold")
        yield _sides(finding)
        yield Text()


def _sides(finding: ReplicatedFinding) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for label, judgement in wording.sides(finding).items():
        answer = Text.assemble((judgement.holds.word, _STYLES[judgement.holds]), f": {judgement.evidence}")
        table.add_row(f"   {label}", answer)
    table.add_row("   holds if", Text(finding.claim.rule, style="dim"))
    if finding.claim.caution:
        table.add_row("   caveat", Text(finding.claim.caution, style="yellow"))
    return table


def _legend(results: Results) -> Iterator[RenderableType]:
    yield Rule(Text("How to read this", style="bold"), align="left")
    yield from (Text(line) for line in wording.legend(results))
