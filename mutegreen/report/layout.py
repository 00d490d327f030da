"""Choose the form of a table that fits the width of the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

_ANY_WIDTH = 10_000
_RULED = box.MINIMAL


class FittingTable:
    """A title, and the widest of several forms of a table that fits.

    Args:
        title: The line above the table.
        tables: The forms, the widest first. If none fits, the last one folds its labels.
        narrow_title: The title of all forms but the widest; None: the same.
    """

    def __init__(self, title: str, *tables: Table, narrow_title: str | None = None) -> None:
        self.title = title
        self.tables = tables
        self.narrow_title = narrow_title

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        free = options.update(width=_ANY_WIDTH)
        for table in self.tables:
            if Measurement.get(console, free, table).maximum <= options.max_width:
                break
        is_narrow = self.narrow_title is not None and table is not self.tables[0]
        yield Text(self.narrow_title or "" if is_narrow else self.title, style="bold")
        yield table


def empty_table(headings: Sequence[str], gap: int = 2) -> Table:
    """Return an empty table: a column of labels, then a right-aligned column for each further heading.

    Args:
        headings: The heading of each column, the first for the labels.
        gap: Characters between columns; 0 draws a line between them instead.
    """
    table = Table(
        box=box.SIMPLE_HEAD if gap else _RULED,
        show_edge=False,
        pad_edge=False,
        padding=(0, max(gap - 1, 0), 0, 0),
        header_style="bold",
    )
    label, *others = headings
    table.add_column(label, overflow="fold")
    for heading in others:
        table.add_column(heading, justify="right", overflow="fold")
    return table
