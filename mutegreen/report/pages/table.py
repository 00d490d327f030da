"""Hold tables for pages independent of the format, for `markdown` and `latex`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import compress

from mutegreen.report.scenario_report import MutantLine, ScenarioReport
from mutegreen.stats.analysis import Analysis

Cells = tuple[str | None, ...]
Heading = tuple[str, str]


@dataclass(frozen=True)
class TableRow:
    """One line of a table.

    Args:
        cells: The label of the line, then its values; None for an unknown value.
        group: The group of the line, usually a hyperparameter; lines of a group follow each other. Empty: none.
    """

    cells: Cells
    group: str = ""


@dataclass(frozen=True)
class PlainTable:
    """A table of one scenario.

    Args:
        name: The name, as in `--table`.
        scenario: The title of the scenario.
        title: What the table shows.
        headings: For each column the heading that adjacent columns share, then its own, with the unit.
        rows: The lines; empty if `notes` say everything.
        notes: Sentences below the table.
        group_heading: The heading of the column of groups.
        part: The difference to other tables of the same name and scenario, such as a metric.
        about: Further facts on the scenario: its data.
        key: The scenario in labels of LaTeX tables; empty: its title.
    """

    name: str
    scenario: str
    title: str
    headings: tuple[Heading, ...]
    rows: tuple[TableRow, ...]
    notes: tuple[str, ...] = ()
    group_heading: str = "Hyperparameter"
    part: str = ""
    about: str = ""
    key: str = ""

    @property
    def full_scenario(self) -> str:
        """The title of the scenario with its data."""
        return ", ".join(filter(None, (self.scenario, self.about)))

    @property
    def is_grouped(self) -> bool:
        """Whether any line belongs to a group."""
        return any(row.group for row in self.rows)

    @property
    def is_right(self) -> list[bool]:
        """For each column whether it is aligned to the right, as numbers are."""
        columns = zip(*(row.cells for row in self.rows), strict=True)
        numeric = [any(character.isdigit() for cell in column if cell for character in cell) for column in columns]
        return [False, *numeric[1:]]

    def without_empty_columns(self) -> PlainTable:
        """Return the table without columns that have no known value."""
        known = [any(cells) for cells in zip(*(row.cells for row in self.rows), strict=True)]
        if not self.rows or all(known):
            return self
        return replace(
            self,
            headings=tuple(compress(self.headings, known)),
            rows=tuple(replace(row, cells=tuple(compress(row.cells, known))) for row in self.rows),
        )


Builder = Callable[[ScenarioReport, Analysis], Iterator[PlainTable]]
"""Yields the tables of one name; none if the scenario has no data for them."""


def mutant_row(line: MutantLine, *cells: str | None, mark: str = "") -> TableRow:
    """Return the line of a mutant: its hyperparameter is the group, its value the label; a control has its name."""
    return TableRow((line.label + mark, *cells), "" if line.is_control else line.hyperparameter)
