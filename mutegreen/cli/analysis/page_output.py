"""`mutegreen stats --format`: the results for pages and for other programs."""

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
    """What the user wants to have written.

    Args:
        form: `markdown`, `latex` or `csv`.
        names: Of the tables; none: all there are.
        metric: The only one wanted in the table of verdicts.
    """

    form: str
    names: tuple[str, ...]
    metric: str | None

    def text(self, analysis: Analysis) -> str:
        """The tables of an analysis in the format wanted; says on stderr which of them it does not have.

        Raises:
            RowsError: It has none of them.
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
            common.messages().print(f"nothing to show in: {', '.join(missing)}", style="yellow", soft_wrap=True)
        write = {"markdown": markdown, "latex": latex}[self.form]
        notes = [note_text(note) for note in analysis.notes]
        return write(f"MuteGreen {__version__}, protocol {analysis.protocol}", tables, notes)

    def _nothing(self) -> RowsError:
        of = f" of {self.metric}" if self.metric else ""
        names = f" in {', '.join(self.names)}" if self.names else ""
        return RowsError(f"there is nothing to show{names}{of}", "mutegreen stats without --format says what there is")


def page_request(form: str, names: Sequence[str], metric: str | None, phases: bool) -> PageRequest | None:
    """What is to be written; None for tables in the terminal.

    Raises:
        UsageError: The options do not go together, or name a table that there is not.
    """
    if form == "tables":
        if names:
            raise UsageError("--table is of pages and CSV", "add --format markdown, latex or csv")
        return None
    if phases:
        raise UsageError("phases are in no page", "leave --phases or --format away, or take --json")
    _check(form, names)
    if metric is not None and names and _VERDICT not in names:
        raise UsageError("--metric is of the table verdict, which is not asked for", "add --table verdict")
    is_verdict = not names and (form == "csv" or metric is not None)
    return PageRequest(form, (_VERDICT,) if is_verdict else tuple(dict.fromkeys(names)), metric)


def _check(form: str, names: Sequence[str]) -> None:
    known = _names(form)
    for name in names:
        if name not in known:
            raise UsageError(f"--format {form} has no table {name}", f"it has {', '.join(known)}")
    if form == "csv" and len(set(names)) > 1:
        raise UsageError("a CSV file holds one table", "give one --table, and a command for each file")


def _names(form: str) -> tuple[str, ...]:
    if form == "csv":
        from mutegreen.report.pages.csv_records import NAMES

        return NAMES
    from mutegreen.report.pages.builders import BUILDERS

    return tuple(BUILDERS)
