"""`mutegreen stats --format`: the tables of an analysis as Markdown, LaTeX or CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mutegreen import __version__
from mutegreen.cli import common
from mutegreen.errors import RowsError, UsageError

if TYPE_CHECKING:
    from mutegreen.stats.analysis import Analysis

FORMATS = ("tables", "markdown", "latex", "csv")
_VERDICT = "verdict"


@dataclass(frozen=True)
class PageRequest:
    """The tables that the user wants, and their format.

    Args:
        form: `markdown`, `latex` or `csv`.
        names: Names of the tables; none: all.
        metric: The only metric in the table of verdicts; None: all.
    """

    form: str
    names: tuple[str, ...]
    metric: str | None

    def text(self, analysis: Analysis) -> str:
        """Return the tables in the chosen format; print on stderr the names of those that are empty.

        Raises:
            RowsError: All of them are empty.
        """
        return self._csv(analysis) if self.form == "csv" else self._pages(analysis)

    def _csv(self, analysis: Analysis) -> str:
        from mutegreen.report.pages.csv_records import csv_of

        text = csv_of(analysis, self.names[0], self.metric)
        if not text:
            raise self._nothing()
        return text

    def _pages(self, analysis: Analysis) -> str:
        from mutegreen.report.pages.builders import tables_of
        from mutegreen.report.pages.latex import latex
        from mutegreen.report.pages.markdown import markdown
        from mutegreen.report.wording import note_text

        tables = list(tables_of(analysis, self.names, self.metric))
        if not tables:
            raise self._nothing()
        missing = [name for name in self.names if name not in {table.name for table in tables}]
        if missing:
            common.messages().print(f"these tables are empty: {', '.join(missing)}", style="yellow", soft_wrap=True)
        write = {"markdown": markdown, "latex": latex}[self.form]
        notes = [note_text(note) for note in analysis.notes]
        return write(f"MuteGreen {__version__}, protocol {analysis.protocol}", tables, notes)

    def _nothing(self) -> RowsError:
        metric = f" for the metric {self.metric}" if self.metric else ""
        if len(self.names) == 1:
            subject = f"table {self.names[0]} is"
        else:
            subject = f"tables {', '.join(self.names)} are" if self.names else "all tables are"
        return RowsError(f"{subject} empty{metric}", "`mutegreen stats` without --format shows the results there are")


def page_request(form: str, names: Sequence[str], metric: str | None, phases: bool) -> PageRequest | None:
    """Return the tables to be written; None for the tables of the terminal.

    Raises:
        UsageError: The options cannot be combined, or there is no such table.
    """
    if form == "tables":
        if names:
            raise UsageError("--table needs --format", "add --format markdown, latex or csv")
        return None
    if phases:
        raise UsageError("--phases and --format cannot be combined", "drop one of them, or use --json")
    _check(form, names)
    if metric is not None and names and _VERDICT not in names:
        raise UsageError("--metric needs the table verdict", "add --table verdict, or drop --metric")
    is_verdict = not names and (form == "csv" or metric is not None)
    return PageRequest(form, (_VERDICT,) if is_verdict else tuple(dict.fromkeys(names)), metric)


def _check(form: str, names: Sequence[str]) -> None:
    known = _names(form)
    for name in names:
        if name not in known:
            raise UsageError(f"--table {name}: no such table in --format {form}", f"the tables are: {', '.join(known)}")
    if form == "csv" and len(set(names)) > 1:
        raise UsageError("--format csv writes one table", "give one --table, and run a command for each table")


def _names(form: str) -> tuple[str, ...]:
    if form == "csv":
        from mutegreen.report.pages.csv_records import NAMES

        return NAMES
    from mutegreen.report.pages.builders import BUILDERS

    return tuple(BUILDERS)
