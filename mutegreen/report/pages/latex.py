"""Write tables as LaTeX: with booktabs, a caption and a label, ready to be included in a paper."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from mutegreen.report.pages.latex_text import escaped, slug, width_em
from mutegreen.report.pages.table import PlainTable

_TEXT_WIDTH_PT, _TEXT_HEIGHT_PT = 345.0, 550.0
"""Text size of the class `article`; most others have wider lines."""
_SIZES = {"": 10.0, r"\small": 9.25, r"\footnotesize": 8.5, r"\scriptsize": 8.0}
"""Points of an em by font size: small sizes are wider than their name says."""
_GAP_PT = 5.0
_PAGE_LINES = 40
"""Number of lines, with those of groups, beyond which a table may be broken over pages."""
_UNKNOWN = "--"
_PACKAGES = {"longtable": r"\begin{longtable}", "pdflscape": r"\begin{landscape}"}
"""LaTeX packages, with the command that needs each."""
_SCENARIO_BREAK = "\n\n\\clearpage\n\n"
"""Between scenarios: LaTeX fails with too many floats that wait for a page."""
_LAST_LATIN = "\u017f"


def latex(title: str, tables: Iterable[PlainTable], notes: Sequence[str] = ()) -> str:
    r"""Return tables for `\input`, after a comment with their origin and the packages they need.

    Labels are `tab:` with the scenario, the table and its part. The font is as large as the text width of the class
    `article` allows. A table that is too wide in any size is rotated; one that is too long is broken over pages.

    Args:
        title: The origin of the tables, for the comment.
        tables: The tables in their order.
        notes: Sentences for the author, for the comment.
    """
    body = _SCENARIO_BREAK.join(
        "\n\n".join(_float(table, label) for table, label in own)
        for _, own in groupby(_labelled(tables), lambda pair: pair[0].scenario)
    )
    packages = ["booktabs", *(name for name, sign in _PACKAGES.items() if sign in body)]
    head = [title, rf"Needs \usepackage{{{','.join(packages)}}}.", *notes]
    if max(body) > _LAST_LATIN:
        head.append("Has letters that pdfLaTeX may not know; LuaLaTeX and XeLaTeX do, with a font that has them.")
    return "\n".join(f"% {' '.join(line.split())}" for line in head) + f"\n\n{body}\n"


def _labelled(tables: Iterable[PlainTable]) -> Iterator[tuple[PlainTable, str]]:
    """Yield the tables with unique labels."""
    taken: set[str] = set()
    for table in tables:
        label = name = slug(f"{table.key or table.scenario} {table.name} {table.part}")
        number = 1
        while label in taken:
            number += 1
            label = f"{name}-{number}"
        taken.add(label)
        yield table, f"tab:{label}"


def _float(table: PlainTable, label: str) -> str:
    caption, notes = escaped(f"{table.title} ({table.full_scenario})."), escaped(" ".join(table.notes))
    if not table.rows:
        return rf"\paragraph{{{caption}}}\label{{{label}}} {notes}"
    size, is_wide = _size(table)
    size += rf"\setlength{{\tabcolsep}}{{{_GAP_PT / 2:g}pt}}"
    if not is_wide and _lines(table) <= _PAGE_LINES:
        below = rf"\par\smallskip\parbox{{\linewidth}}{{\footnotesize {notes}}}" if notes else ""
        parts = [r"\centering", rf"\caption{{{caption}}}", rf"\label{{{label}}}\smallskip", size, _grid(table), below]
        return _environment("table", "[!htbp]", *parts)
    grid = _grid(table, environment="longtable", caption=caption, label=label)
    long = "\n".join([r"\begingroup", size, grid, r"\endgroup", rf"\noindent{{\footnotesize {notes}\par}}"])
    return _environment("landscape", "", long) if is_wide else long


def _environment(name: str, options: str, *parts: str) -> str:
    return "\n".join([rf"\begin{{{name}}}{options}", *filter(None, parts), rf"\end{{{name}}}"])


def _lines(table: PlainTable) -> int:
    return len(table.rows) + len({row.group for row in table.rows if row.group})


def _size(table: PlainTable) -> tuple[str, bool]:
    """Return the largest size in which the table is no wider than the text, and whether it must be rotated for that."""
    em = _width_em(table)
    gaps_pt = _GAP_PT * (len(table.headings) - 1)
    for limit_pt in (_TEXT_WIDTH_PT, _TEXT_HEIGHT_PT):
        for size, points in _SIZES.items():
            if em * points + gaps_pt <= limit_pt:
                return size, limit_pt > _TEXT_WIDTH_PT
    return r"\scriptsize", True


def _width_em(table: PlainTable) -> float:
    """Return the approximate width of the columns, without the gaps between them."""
    texts = [[own for _, own in table.headings], *([cell or _UNKNOWN for cell in row.cells] for row in table.rows)]
    widths = [max(map(width_em, column)) for column in zip(*texts, strict=True)]
    widths[0] += table.is_grouped
    own = zip(table.headings, widths, strict=True)
    spans = groupby(own, lambda column: column[0][0])
    return sum(max(width_em(span), sum(width for _, width in columns)) for span, columns in spans)


def _grid(table: PlainTable, **options: Any) -> str:
    """Return the tabular or longtable, made by pandas."""
    import pandas as pd

    headings = [(escaped(span), escaped(own)) for span, own in table.headings]
    has_spans = any(span for span, _ in headings)
    columns = pd.MultiIndex.from_tuples(headings) if has_spans else [own for _, own in headings]
    style = pd.DataFrame(list(_rows(table)), columns=columns).style.hide(axis="index")
    aligned = "".join("r" if is_right else "l" for is_right in table.is_right)
    options |= {"hrules": True, "column_format": f"@{{}}{aligned}@{{}}", "multicol_align": "c"}
    return str(style.to_latex(**options)).strip()


def _rows(table: PlainTable) -> Iterator[list[str]]:
    """Yield the cells as LaTeX; the name of a group has a line of its own, its lines are indented."""
    for number, (group, rows) in enumerate(groupby(table.rows, lambda row: row.group)):
        lines = [[_UNKNOWN if cell is None else escaped(cell) for cell in row.cells] for row in rows]
        for line in lines:
            line[0] = rf"\quad {line[0]}" if group else _start(line[0])
        if group:
            lines.insert(0, [rf"\rlap{{\textbf{{{escaped(group)}}}}}", *[""] * (len(table.headings) - 1)])
        if number and table.is_grouped:
            lines[0][0] = rf"\addlinespace {lines[0][0]}"
        yield from lines


def _start(cell: str) -> str:
    r"""Return the first cell of a line, protected from being read as an argument of the `\\` before it."""
    return f"{{}}{cell}" if re.match(r"[\[*]", cell) else cell
