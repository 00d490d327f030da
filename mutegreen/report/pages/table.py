"""Tables for pages, of no format yet: cells as people read them, for `document_markdown` and `document_latex`."""

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
    """One line.

    Args:
        cells: The first is the line's label; None for a figure that is not known.
        group: What the line belongs to, as a rule a hyperparameter; lines of a group stand together. Empty: none.
    """

    cells: Cells
    group: str = ""


@dataclass(frozen=True)
class PlainTable:
    """A table of one subject beside one background.

    Args:
        name: As in `--table`.
        place: The subject and what it trained beside.
        title: What it shows.
        headings: One for each cell of a row: what neighbours have in common, then what is its own, with the unit.
        rows: None at all where `notes` say everything.
        notes: Sentences below it.
        group_heading: What groups are.
        part: What tells it apart from others of its name and place, such as a metric.
        about: What else there is to say of the place: the data.
    """

    name: str
    place: str
    title: str
    headings: tuple[Heading, ...]
    rows: tuple[TableRow, ...]
    notes: tuple[str, ...] = ()
    group_heading: str = "Hyperparameter"
    part: str = ""
    about: str = ""

    @property
    def full_place(self) -> str:
        """The place with what there is to say of it."""
        return ", ".join(filter(None, (self.place, self.about)))

    @property
    def is_grouped(self) -> bool:
        """Whether any line belongs to a group."""
        return any(row.group for row in self.rows)

    @property
    def is_right(self) -> list[bool]:
        """For each column whether it is aligned to the right, as figures are."""
        columns = zip(*(row.cells for row in self.rows), strict=True)
        figures = [any(character.isdigit() for cell in column if cell for character in cell) for column in columns]
        return [False, *figures[1:]]

    def without_empty_columns(self) -> PlainTable:
        """The same without the columns in which no figure is known."""
        known = [any(cells) for cells in zip(*(row.cells for row in self.rows), strict=True)]
        if not self.rows or all(known):
            return self
        return replace(
            self,
            headings=tuple(compress(self.headings, known)),
            rows=tuple(replace(row, cells=tuple(compress(row.cells, known))) for row in self.rows),
        )


Builder = Callable[[ScenarioReport, Analysis], Iterator[PlainTable]]
"""Makes the tables of one name; none where the scenario has nothing to show."""


def mutant_row(line: MutantLine, *cells: str | None, mark: str = "") -> TableRow:
    """The line of a mutant: its hyperparameter is the group, its value the label; a control has its name."""
    return TableRow((line.label + mark, *cells), "" if line.is_control else line.hyperparameter)
