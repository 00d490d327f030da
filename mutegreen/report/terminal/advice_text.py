"""What to do, in sentences: the settings recommended, or why there are none and what would be needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.text import Text

from mutegreen.report.layout import FittingTable, empty_table
from mutegreen.report.units import percent, percent_interval
from mutegreen.report.wording import reason_text
from mutegreen.stats.advice.advice import Advice, Recommendation
from mutegreen.stats.advice.repetitions import MAX_REPETITIONS, RequiredRepetitions
from mutegreen.stats.interval import Interval, or_nan
from mutegreen.units import energy

_SHOWN = 10
"""Recommendations shown; more are counted."""


def advice_lines(advice: Advice, names: Mapping[str, str]) -> Iterator[Text | FittingTable]:
    """The recommendations ranked, or the reason for none; the Pareto front.

    Args:
        advice: Of one scenario.
        names: What to call each arm.
    """
    if advice.recommended:
        yield _table(advice, names)
        yield from _below(advice)
    else:
        yield Text("What to do", style="bold")
        yield Text(f"Nothing can be recommended: {reason_text(advice.reason)}.", style="yellow")
        yield from (Text(f"  {_needed(each, names)}") for each in advice.needed)
    if len(advice.pareto) > 1:
        points = (f"{names[one.mutant]} ({energy(one.energy_j)}, {one.performance:.4g})" for one in advice.pareto)
        yield Text(f"Pareto front, by means alone: {', '.join(points)}.")


def _table(advice: Advice, names: Mapping[str, str]) -> FittingTable:
    title = f"What to do: settings shown to save energy, performance shown to stay within {_tolerance(advice)}"
    headings = ["", "saves", "95 %", "a training", "performance", "95 %", "pays back after"]
    tables = [empty_table(headings[:length]) for length in (7, 6, 5)]
    for each in advice.recommended[:_SHOWN]:
        saves = _share(each.saving.value), _ends(each.saving)
        cells = [*saves, energy(or_nan(each.saving_j.value)), *_performance(each), _payback(each)]
        for table in tables:
            table.add_row(Text(names[each.mutant], style="green"), *cells[: len(table.columns) - 1])
    return FittingTable(title, *tables)


def _performance(each: Recommendation) -> tuple[str, str]:
    change = each.performance_change
    ends = "" if change.ends is None else f"[{change.ends[0]:+.2g}, {change.ends[1]:+.2g}]"
    return f"{or_nan(change.value):+.2g}", ends


def _share(share: float | None) -> str:
    return percent(or_nan(share)).replace("+", "")


def _ends(found: Interval) -> str:
    return percent_interval(or_nan(found.low), or_nan(found.high))


def _payback(each: Recommendation) -> str:
    return "" if each.pays_back_after is None else f"{each.pays_back_after:,} trainings"


def _below(advice: Advice) -> Iterator[Text]:
    hidden = len(advice.recommended) - _SHOWN
    if hidden > 0:
        yield Text(f"{hidden} more, which save less, are in --json.")
    best = advice.recommended[0]
    if advice.audit_j is not None and best.pays_back_after is not None:
        spent = f"The audit took {energy(advice.audit_j)}"
        yield Text(f"{spent}: {best.pays_back_after:,} trainings with the first setting save as much.")


def _tolerance(advice: Advice) -> str:
    if advice.tolerance is None:
        return "its tolerance"
    source = "" if advice.tolerance_is_given else ", 1 % of the original's, as no tolerance is given"
    return f"{advice.tolerance:.3g}{source}"


def _needed(each: RequiredRepetitions, names: Mapping[str, str]) -> str:
    seems = f"{names[each.mutant]} seems to save {_share(each.saving)} at {each.performance_change:+.2g} performance"
    if each.more is None:
        return f"{seems}: more than {MAX_REPETITIONS} repetitions would be needed to show it."
    return f"{seems}: if so, about {each.more} more repetitions of it and the original would show it."
