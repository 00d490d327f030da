"""The study in the terminal: for each subject its figures beside the published ones, then the findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from mutegreen.replication import words
from mutegreen.replication.findings import Finding
from mutegreen.replication.published import NEVER_ARRIVED
from mutegreen.replication.results import Results
from mutegreen.replication.rules import Holds
from mutegreen.replication.side_by_side import Correlated, Counted, Greener, GreenerMutants, VerdictCounts
from mutegreen.report.layout import Widest, table_of
from mutegreen.report.section import Section, sections_of
from mutegreen.report.units import p_value
from mutegreen.stats.analysis import CarefulCorrelation, Correlation
from mutegreen.stats.settings import ALPHA

_LABELS = (Text("  published"), Text("  here"), Text("  careful"))
_NOTHING = (Text(), Text(), Text())
_STYLES = {Holds.YES: "green", Holds.NO: "red", Holds.UNKNOWN: "yellow"}
_Placed = TypeVar("_Placed", Correlated, Counted, GreenerMutants)
_Line = TypeVar("_Line", Correlated, Counted)
_Sides = tuple[Text, Text, Text]
"""Published, here, careful."""


def render(results: Results) -> RenderableType:
    """Everything, readable from 80 columns on; colours repeat what words say."""
    parts: list[RenderableType] = []
    for section in sections_of(results.here.careful):
        parts += [*_section(results, section), Text()]
    return Group(*parts, *_findings(results.findings), *_legend(results))


def _section(results: Results, section: Section) -> Iterator[RenderableType]:
    yield Rule(Text(section.title, style="bold"), align="left")
    yield Text(words.about(section))
    yield Text()
    yield _correlations(section, _own(results.correlated, section))
    yield Text()
    yield _verdicts(section, _own(results.counted, section), _own(results.greener, section))


def _own(lines: Iterable[_Placed], section: Section) -> list[_Placed]:
    return [line for line in lines if (line.subject, line.background) == (section.subject, section.background)]


def _correlations(section: Section, lines: Sequence[Correlated]) -> Widest:
    tables = (_grid(section, lines, "rho      p", gap, _correlation_cells) for gap in (3, 0))
    return Widest("Which hyperparameter moves what: Spearman's correlation", *tables)


def _verdicts(section: Section, lines: Sequence[Counted], greener: Sequence[GreenerMutants]) -> Widest:
    by_name = {line.hyperparameter: line for line in greener}
    tables = (
        _grid(section, lines, heading, gap, cells, by_name)
        for heading, gap, cells in (("win tie loss  ?", 3, _wide_tallies), ("w t l ?", 2, _narrow_tallies))
    )
    return Widest("Mutants by their verdict, and how many are greener", *tables)


def _grid(
    section: Section,
    lines: Sequence[_Line],
    heading: str,
    gap: int,
    cells: Callable[[_Line], _Sides],
    greener: Mapping[str, GreenerMutants] | None = None,
) -> Table:
    """Three lines for each hyperparameter, a column for each metric."""
    by_name: dict[str, dict[str, _Line]] = {}
    for line in lines:
        by_name.setdefault(line.hyperparameter, {})[line.metric] = line
    metrics: list[str] = list(dict.fromkeys(line.metric for line in lines))
    last: list[str] = ["greener"] if greener else []
    table = table_of(["", *(f"{section.heading(metric)}\n{heading}" for metric in metrics), *last], gap)
    for name, by_metric in by_name.items():
        table.add_row(Text(f"{name} {words.MARK}" if name in NEVER_ARRIVED else name, style="bold"))
        columns = [cells(by_metric[metric]) if metric in by_metric else _NOTHING for metric in metrics]
        columns += [_greener_cells(greener[name])] if greener and name in greener else []
        for row in zip(_LABELS, *columns, strict=True):
            table.add_row(*row)
    return table


def _correlation_cells(line: Correlated) -> _Sides:
    return _coefficient(line.published), _coefficient(line.paper), _coefficient(line.careful)


def _coefficient(row: Correlation | None) -> Text:
    if row is None or row.spearman.value is None:
        return Text(f"{'-':>5} {'-':>6}", style="dim")
    p = row.spearman_p_adjusted if isinstance(row, CarefulCorrelation) else row.spearman_p
    if p is None:
        return Text(f"{row.spearman.value:+.2f} {'-':>6}", style="dim")
    return Text(f"{row.spearman.value:+.2f} {p_value(p):>6}", style="" if p <= ALPHA else "dim")


def _wide_tallies(line: Counted) -> _Sides:
    return _tallies(line, "{:>3}{:>4}{:>5}{:>3}")


def _narrow_tallies(line: Counted) -> _Sides:
    return _tallies(line, "{} {} {} {}")


def _tallies(line: Counted, form: str) -> _Sides:
    return _tally(line.published, form), _tally(line.paper, form), _tally(line.careful, form)


def _tally(tally: VerdictCounts | None, form: str) -> Text:
    counts = (tally.win, tally.tie, tally.loss, tally.undecided) if tally is not None else ()
    return Text(form.format(*(count or "." for count in counts)) if counts else "-", style="" if counts else "dim")


def _greener_cells(line: GreenerMutants) -> _Sides:
    return _share(line.published), _share(line.paper), _share(line.careful)


def _share(count: Greener | None) -> Text:
    return Text("-", style="dim") if count is None else Text(f"{count.greener} of {count.mutants}")


def _findings(findings: Sequence[Finding]) -> Iterator[RenderableType]:
    yield Rule(Text("What the study found, and whether it holds here", style="bold"), align="left")
    for number, finding in enumerate(findings, 1):
        yield Text(f"{number}. {finding.claim.full}", style="bold")
        yield _sides(finding)
        yield Text()


def _sides(finding: Finding) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for label, judged in words.sides(finding).items():
        answer = Text.assemble((judged.holds.value, _STYLES[judged.holds]), f": {judged.figures}")
        table.add_row(f"   {label}", answer)
    table.add_row("   holds if", Text(finding.claim.rule, style="dim"))
    if finding.claim.caution:
        table.add_row("   mind", Text(finding.claim.caution, style="yellow"))
    return table


def _legend(results: Results) -> Iterator[RenderableType]:
    yield Rule(Text("How to read this", style="bold"), align="left")
    yield from (Text(line) for line in words.legend(results))
