"""Write the study as a page of Markdown and as CSV files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mutegreen import __version__
from mutegreen.errors import MuteGreenError
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
from mutegreen.replication.records import correlation_records, finding_records, verdict_records
from mutegreen.replication.results import Results
from mutegreen.report.pages.cells import coefficient, p_cell
from mutegreen.report.pages.csv_records import csv_text
from mutegreen.report.pages.markdown import markdown
from mutegreen.report.pages.table import PlainTable, TableRow
from mutegreen.report.scenario_report import ScenarioReport, scenario_reports
from mutegreen.stats.analysis import CarefulCorrelation, Correlation

PAGE = "study.md"
_SIDES = ("Published", "Here", "Careful")


def write(results: Results, folder: Path) -> list[Path]:
    """Write the page and a CSV file of each table; return the paths.

    Raises:
        MuteGreenError: The folder or a file in it cannot be written.
    """
    texts = {
        PAGE: page(results),
        "correlations.csv": csv_text(correlation_records(results)),
        "verdicts.csv": csv_text(verdict_records(results)),
        "findings.csv": csv_text(finding_records(results)),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise MuteGreenError(f"{error.filename}: {error.strerror}", "name another folder with --out DIR") from error
    return [folder / name for name in texts]


def page(results: Results) -> str:
    """Return the study as Markdown: findings, then the tables of each scenario, then the legend."""
    scenarios = [
        table for scenario in scenario_reports(results.measured.careful) for table in _scenario(results, scenario)
    ]
    title = f"{wording.TITLE} (MuteGreen {__version__}, preset {results.preset})"
    skipped = [f"Skipped: {each.subject}: {each.reason}" for each in results.skipped]
    return markdown(title, [_findings(results.findings), *scenarios], [*skipped, *wording.legend(results)])


def _findings(findings: Sequence[ReplicatedFinding]) -> PlainTable:
    numbered = list(enumerate(findings, 1))
    rows = [TableRow((f"{number}. {each.claim.full}", *_answers(each))) for number, each in numbered]
    return PlainTable(
        name="findings",
        scenario="Findings",
        title="Findings of the study, and whether they hold here",
        headings=(("", "Finding"), *(("", side) for side in _SIDES)),
        rows=tuple(rows),
        notes=tuple(f"Finding {number}: {_evidence(finding)}" for number, finding in numbered),
    )


def _answers(finding: ReplicatedFinding) -> tuple[str, ...]:
    return tuple(judgement.holds.word for judgement in wording.sides(finding).values())


def _evidence(finding: ReplicatedFinding) -> str:
    """Return the evidence for the answers, the condition and the caveat."""
    parts = [f"{side}: {judgement.evidence}." for side, judgement in wording.sides(finding).items()]
    parts.append(f"Holds if {finding.claim.rule}.")
    return " ".join([*parts, finding.claim.caution or ""]).strip()


def _scenario(results: Results, scenario: ScenarioReport) -> Iterator[PlainTable]:
    key = (scenario.subject, scenario.background)
    yield _correlations(scenario, [row for row in results.correlations if (row.subject, row.background) == key])
    yield _verdicts(
        scenario,
        [row for row in results.verdict_counts if (row.subject, row.background) == key],
        [row for row in results.greener if (row.subject, row.background) == key],
    )


def _correlations(scenario: ScenarioReport, lines: Iterable[ReplicatedCorrelation]) -> PlainTable:
    return PlainTable(
        name="correlation",
        scenario=scenario.title,
        title="Correlation of hyperparameters with energy, time and performance (Spearman)",
        headings=(
            ("", "Metric"),
            *((side, own) for side in _SIDES[:2] for own in ("rho", "p", "n")),
            ("Careful", "adjusted p"),
        ),
        rows=tuple(
            TableRow(
                (scenario.heading(line.metric), *_cells(line.published), *_cells(line.paper), _adjusted(line.careful)),
                _marked(line.hyperparameter),
            )
            for line in lines
        ),
        notes=(wording.about(scenario),),
    )


def _cells(row: Correlation | None) -> tuple[str | None, ...]:
    if row is None:
        return (None, None, None)
    return coefficient(row.spearman.value), p_cell(row.spearman_p), str(row.n)


def _adjusted(row: CarefulCorrelation | None) -> str | None:
    return None if row is None else p_cell(row.spearman_p_adjusted)


def _verdicts(
    scenario: ScenarioReport, lines: Iterable[ReplicatedVerdicts], greener: Iterable[ReplicatedGreener]
) -> PlainTable:
    rows = [
        TableRow(
            (scenario.heading(line.metric), *map(_tally, (line.published, line.paper, line.careful))),
            _marked(line.hyperparameter),
        )
        for line in lines
    ]
    rows += [
        TableRow(("greener", *map(_share, (line.published, line.paper, line.careful))), _marked(line.hyperparameter))
        for line in greener
    ]
    names = list(dict.fromkeys(row.group for row in rows))
    return PlainTable(
        name="verdict",
        scenario=scenario.title,
        title="Number of mutants by verdict (win, tie, loss, undecided), and how many are greener",
        headings=(("", "Metric"), *(("", side) for side in _SIDES)),
        rows=tuple(sorted(rows, key=lambda row: names.index(row.group))),
    )


def _tally(tally: VerdictCounts | None) -> str | None:
    return None if tally is None else f"{tally.win}, {tally.tie}, {tally.loss}, {tally.undecided}"


def _share(count: GreenerCount | None) -> str | None:
    return None if count is None else f"{count.greener} of {count.mutants}"


def _marked(hyperparameter: str) -> str:
    return f"{hyperparameter} {wording.MARK}" if hyperparameter in NEVER_APPLIED else hyperparameter
