"""The study as a page of Markdown and as CSV files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mutegreen import __version__
from mutegreen.errors import MuteGreenError
from mutegreen.replication import words
from mutegreen.replication.findings import Finding
from mutegreen.replication.published import NEVER_ARRIVED
from mutegreen.replication.records import correlation_records, finding_records, verdict_records
from mutegreen.replication.results import Results
from mutegreen.replication.side_by_side import Correlated, Counted, Greener, GreenerMutants, VerdictCounts
from mutegreen.report.pages.cells import coefficient, p_cell
from mutegreen.report.pages.csv_records import csv_text
from mutegreen.report.pages.markdown import markdown
from mutegreen.report.pages.table import PlainTable, Row
from mutegreen.report.section import Section, sections_of
from mutegreen.stats.analysis import CarefulCorrelation, Correlation

PAGE = "study.md"
_SIDES = ("Published", "Here", "Careful")


def write(results: Results, folder: Path) -> list[Path]:
    """Writes the page and a CSV file of each table; returns what was written.

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
    """The whole study as Markdown: findings, then each subject's tables, then how to read them."""
    sections = [table for section in sections_of(results.here.careful) for table in _section(results, section)]
    title = f"{words.TITLE} (MuteGreen {__version__}, preset {results.preset})"
    skipped = [f"Not trained here: {each.subject}: {each.reason}" for each in results.skipped]
    return markdown(title, [_findings(results.findings), *sections], [*skipped, *words.legend(results)])


def _findings(findings: Sequence[Finding]) -> PlainTable:
    numbered = list(enumerate(findings, 1))
    rows = [Row((f"{number}. {each.claim.full}", *_answers(each))) for number, each in numbered]
    return PlainTable(
        name="findings",
        place="Findings",
        title="What the study found, and whether it holds here",
        headings=(("", "Finding"), *(("", side) for side in _SIDES)),
        rows=tuple(rows),
        notes=tuple(f"Finding {number}: {_figures(finding)}" for number, finding in numbered),
    )


def _answers(finding: Finding) -> tuple[str, ...]:
    return tuple(judged.holds.value for judged in words.sides(finding).values())


def _figures(finding: Finding) -> str:
    """What the answers are read off, and what to mind."""
    parts = [f"{side}: {judged.figures}." for side, judged in words.sides(finding).items()]
    parts.append(f"Holds if {finding.claim.rule}.")
    return " ".join([*parts, finding.claim.caution or ""]).strip()


def _section(results: Results, section: Section) -> Iterator[PlainTable]:
    here = (section.subject, section.background)
    yield _correlations(section, [row for row in results.correlated if (row.subject, row.background) == here])
    yield _verdicts(
        section,
        [row for row in results.counted if (row.subject, row.background) == here],
        [row for row in results.greener if (row.subject, row.background) == here],
    )


def _correlations(section: Section, lines: Iterable[Correlated]) -> PlainTable:
    return PlainTable(
        name="correlation",
        place=section.title,
        title="Which hyperparameter moves what: Spearman's correlation",
        headings=(
            ("", "Metric"),
            *((side, own) for side in _SIDES[:2] for own in ("rho", "p", "n")),
            ("Careful", "adjusted p"),
        ),
        rows=tuple(
            Row(
                (section.heading(line.metric), *_cells(line.published), *_cells(line.paper), _adjusted(line.careful)),
                _marked(line.hyperparameter),
            )
            for line in lines
        ),
        notes=(words.about(section),),
    )


def _cells(row: Correlation | None) -> tuple[str | None, ...]:
    if row is None:
        return (None, None, None)
    return coefficient(row.spearman.value), p_cell(row.spearman_p), str(row.n)


def _adjusted(row: CarefulCorrelation | None) -> str | None:
    return None if row is None else p_cell(row.spearman_p_adjusted)


def _verdicts(section: Section, lines: Iterable[Counted], greener: Iterable[GreenerMutants]) -> PlainTable:
    rows = [
        Row(
            (section.heading(line.metric), *map(_tally, (line.published, line.paper, line.careful))),
            _marked(line.hyperparameter),
        )
        for line in lines
    ]
    rows += [
        Row(("greener", *map(_share, (line.published, line.paper, line.careful))), _marked(line.hyperparameter))
        for line in greener
    ]
    names = list(dict.fromkeys(row.group for row in rows))
    return PlainTable(
        name="verdict",
        place=section.title,
        title="Mutants by their verdict: wins, ties, losses, undecided; and how many are greener",
        headings=(("", "Metric"), *(("", side) for side in _SIDES)),
        rows=tuple(sorted(rows, key=lambda row: names.index(row.group))),
    )


def _tally(tally: VerdictCounts | None) -> str | None:
    return None if tally is None else f"{tally.win}, {tally.tie}, {tally.loss}, {tally.undecided}"


def _share(count: Greener | None) -> str | None:
    return None if count is None else f"{count.greener} of {count.mutants}"


def _marked(hyperparameter: str) -> str:
    return f"{hyperparameter} {words.MARK}" if hyperparameter in NEVER_ARRIVED else hyperparameter
