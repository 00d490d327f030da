"""Show the interactions: a line for each pair of hyperparameters, a column for each metric."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.table import Table
from rich.text import Text

from mutegreen.model import JOINT, METRICS, Quality
from mutegreen.report.interaction_sentences import interaction_sentence
from mutegreen.report.layout import FittingTable, empty_table
from mutegreen.report.metric_names import TITLES
from mutegreen.report.units import p_value, percent
from mutegreen.report.wording import reason_text
from mutegreen.stats.interaction.interaction import Interaction

_Line = dict[str, Interaction]


def interaction_table(interactions: Sequence[Interaction]) -> FittingTable:
    """Return the effect of each pair beyond its single effects, with adjusted p, and the interval on a wide terminal.

    Args:
        interactions: The interactions in one scenario, at least one.
    """
    return FittingTable(
        "Interactions: extra effect of two changes together beyond their single effects",
        _table(interactions, _with_interval, "extra          95 % CI       p", gap=3),
        _table(interactions, _extra, "extra      p", gap=3),
        _table(interactions, _extra, "extra      p", gap=1),
        _table(interactions, _extra, "extra      p", gap=0),
    )


def interaction_lines(interactions: Sequence[Interaction]) -> Iterator[Text]:
    """Yield a sentence for each significant interaction, then why others are missing, each reason once."""
    tested = [row for row in interactions if row.p is not None]
    for row in interactions:
        if row.matters:
            yield Text(interaction_sentence(row), style="bold")
    if tested and not any(row.matters for row in tested):
        yield Text("No interaction is significant. This does not prove that there is none.")
    for reason in dict.fromkeys(row.reason for row in interactions if row.reason is not None):
        names = dict.fromkeys(
            f"{TITLES[row.metric]} of {' and '.join(row.hyperparameters)}"
            for row in interactions
            if row.reason == reason
        )
        yield Text(f"{', '.join(names)}: {reason_text(reason)}.", style="yellow")


def _table(rows: Sequence[Interaction], cell: Callable[[Interaction], str], columns: str, gap: int) -> Table:
    metrics = [metric for metric in METRICS if any(row.metric == metric for row in rows)]
    table = empty_table(["", *(f"{_heading(metric, rows)}\n{columns}" for metric in metrics)], gap)
    for label, line in _lines(rows).items():
        cells = [_cell(line[metric], cell) if metric in line else Text("-") for metric in metrics]
        table.add_row(Text(label), *cells)
    return table


def _lines(rows: Sequence[Interaction]) -> dict[str, _Line]:
    """Return the results by label (the mutant, one change a line) and metric."""
    lines: dict[str, _Line] = {}
    for row in rows:
        label = row.mutant or JOINT.join(row.hyperparameters)
        lines.setdefault(label.replace(JOINT, f"{JOINT}\n"), {})[row.metric] = row
    return lines


def _heading(metric: str, rows: Sequence[Interaction]) -> str:
    estimated = any(row.metric == metric and row.quality is Quality.ESTIMATED for row in rows)
    return f"{TITLES[metric]} (est.)" if estimated else TITLES[metric]


def _cell(row: Interaction, cell: Callable[[Interaction], str]) -> Text:
    return Text("-") if row.extra.value is None else Text(cell(row), style="bold" if row.matters else "")


def _extra(row: Interaction) -> str:
    return f"{_shown(row, row.extra.value)} {_p(row):>6}"


def _with_interval(row: Interaction) -> str:
    ends = row.extra.ends
    interval = "-" if ends is None else f"{_shown(row, ends[0])} to {_shown(row, ends[1])}"
    return f"{_shown(row, row.extra.value)} {interval:>18} {_p(row):>6}"


def _p(row: Interaction) -> str:
    return "-" if row.p_adjusted is None else p_value(row.p_adjusted)


def _shown(row: Interaction, extra: float | None) -> str:
    if extra is None:
        return "-"
    return f"{extra:+.2g}" if row.metric == "performance" else percent(extra)
