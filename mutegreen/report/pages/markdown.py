"""Write tables as Markdown: pipe tables, which GitHub, GitLab, Pandoc and most others read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from mutegreen.report.pages.table import PlainTable, TableRow

_SPECIAL = re.compile(
    r"""
    [\\`*~|$]                          # in every place
    | (?<![^\W_])_ | _(?![^\W_])        # at the edge of a word
    | \](?=[(\[:]) | \[(?=[\ xX]\])     # links, boxes to be ticked
    | <(?=[A-Za-z/!?]) | &(?=[\#\w])    # HTML
    | ^[\#>+-](?=\s) | ^\#             # at the beginning
    """,
    re.VERBOSE,
)
"""Characters that would be markup; each may be escaped with a backslash."""
_UNKNOWN = "-"


def markdown(title: str, tables: Iterable[PlainTable], notes: Sequence[str] = ()) -> str:
    """Return a document with a heading for each scenario and each table.

    Args:
        title: The title of the document.
        tables: The tables, those of a scenario together.
        notes: Sentences for the end.
    """
    parts, scenario = [f"# {escaped(title)}"], None
    for table in tables:
        if table.scenario != scenario:
            scenario = table.scenario
            parts.append(f"## {escaped(table.full_scenario)}")
        parts += [f"### {escaped(table.title)}", *_body(table)]
    parts += [f"Note: {escaped(note)}" for note in notes]
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """Return the text escaped and on one line, so no character is taken for markup or a new cell."""
    return _SPECIAL.sub(r"\\\g<0>", " ".join(text.split()))


def _body(table: PlainTable) -> Iterator[str]:
    if table.rows:
        yield _grid(table)
    if table.notes:
        yield "\n".join(f"- {escaped(note)}" for note in table.notes)


def _grid(table: PlainTable) -> str:
    import pandas as pd

    headings = [" ".join(filter(None, heading)) for heading in table.headings]
    aligned = ["right" if is_right else "left" for is_right in table.is_right]
    if table.is_grouped:
        headings, aligned = [table.group_heading, *headings], ["left", *aligned]
    frame = pd.DataFrame([_cells(row, table.is_grouped) for row in table.rows], columns=list(map(escaped, headings)))
    return frame.to_markdown(index=False, tablefmt="pipe", disable_numparse=True, colalign=aligned)


def _cells(row: TableRow, is_grouped: bool) -> list[str]:
    cells = [_UNKNOWN if cell is None else escaped(cell) for cell in row.cells]
    return [escaped(row.group), *cells] if is_grouped else cells
