"""Show the recommended mutants, or why there are none and how many repetitions are needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from mutegreen.report.layout import FittingTable, empty_table
from mutegreen.report.units import count_range, percent_interval, share
from mutegreen.report.wording import reason_text
from mutegreen.stats.advice.advice import Advice, Recommendation
from mutegreen.stats.advice.repetitions import MAX_REPETITIONS, RequiredRepetitions
from mutegreen.stats.interval import Interval, or_nan
from mutegreen.units import energy

_SHOWN = 10
"""Recommendations shown; more are counted."""


def advice_lines(advice: Advice, names: Mapping[str, str]) -> Iterator[Text | FittingTable]:
    """Yield the ranked recommendations, or the reason for none, then the Pareto front.

    Args:
        advice: The advice for one scenario.
        names: The label of each arm.
    """
    if advice.recommended:
        yield _table(advice, names)
        yield from _below(advice, names)
    else:
        yield Text("Recommended mutants: none", style="bold")
        yield Text(f"Reason: {reason_text(advice.reason, names)}.", style="yellow")
        if advice.needed:
            yield Text(f"{_heading(advice.needed)} to test the most promising mutants with 80 % power:")
        yield from (Text(f"  {_needed(each, names)}") for each in advice.needed)
    if len(advice.pareto) > 1:
        points = (f"{names[one.mutant]} ({energy(one.energy_j)}, {one.performance:.4g})" for one in advice.pareto)
        front = (
            "Pareto front of the means (no significance test): no arm has both less energy and better performance than"
        )
        yield Text(f"{front} {', '.join(points)}.")


def _table(advice: Advice, names: Mapping[str, str]) -> FittingTable:
    title = "Recommended mutants: significantly less energy, performance within the tolerance"
    headings = [
        "",
        "saves",
        "95 % CI (%)",
        "saving per\ntraining",
        "performance\nchange\n(own unit)",
        "95 % CI\n(own unit)",
        "pays back\nafter",
    ]
    tables = [empty_table(headings[:length]) for length in (7, 6, 5)]
    for each in advice.recommended[:_SHOWN]:
        saves = share(each.saving.value), _ends(each.saving)
        cells = [*saves, energy(or_nan(each.saving_j.value)), *_performance(each), _payback(each)]
        for table in tables:
            table.add_row(Text(names[each.mutant], style="green"), *cells[: len(table.columns) - 1])
    return FittingTable(title, *tables)


def _performance(each: Recommendation) -> tuple[str, str]:
    change = each.performance_change
    ends = "" if change.ends is None else f"[{change.ends[0]:+.2g}, {change.ends[1]:+.2g}]"
    return f"{or_nan(change.value):+.2g}", ends


def _ends(saving: Interval) -> str:
    return percent_interval(or_nan(saving.low), or_nan(saving.high))


def _payback(each: Recommendation) -> str:
    return "" if each.pays_back_after is None else f"{each.pays_back_after:,} trainings"


def _below(advice: Advice, names: Mapping[str, str]) -> Iterator[Text]:
    hidden = len(advice.recommended) - _SHOWN
    if hidden > 0:
        yield Text(f"{hidden} more recommended mutants save less; --json lists all.")
    yield Text(_tolerance(advice))
    best = advice.recommended[0]
    if advice.audit_j is not None and best.pays_back_after is not None:
        trainings = f"{best.pays_back_after:,} trainings with {names[best.mutant]}"
        yield Text(
            f"The audit pays back after {trainings}: their saving equals the {energy(advice.audit_j)} that it used."
        )


def _tolerance(advice: Advice) -> str:
    if advice.tolerance is None:
        return "Tolerance of performance: unknown."
    source = "" if advice.tolerance_is_given else " (default: 1 % of the original's; set it with --tolerance)"
    return f"Tolerance of performance: {advice.tolerance:.3g}{source}."


def further_repetitions(each: RequiredRepetitions) -> str:
    """Return how many repetitions a mutant needs beyond those done, and the total."""
    if each.more is None:
        return f"more than {MAX_REPETITIONS} in all"
    return f"about {each.more} ({each.repetitions} in all)"


def _heading(needed: Sequence[RequiredRepetitions]) -> str:
    done = {each.repetitions - each.more for each in needed if each.repetitions is not None and each.more is not None}
    return "Further repetitions needed" + (f", beyond the {count_range(done)} done," if done else "")


def _needed(each: RequiredRepetitions, names: Mapping[str, str]) -> str:
    estimate = f"estimated saving {share(each.saving)}, performance {each.performance_change:+.2g}"
    return f"{names[each.mutant]}: {further_repetitions(each)}; {estimate}"
