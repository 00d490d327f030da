"""Sentences on audits with concurrent trials: the effect of concurrency, and verdicts that depend on attribution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from mutegreen.report.metric_names import TITLES
from mutegreen.report.units import p_value, percent, percent_interval
from mutegreen.stats.colocation.attribution import Attribution, ConcurrencyEffect

_MAX_NAMES = 6


def concurrency_effect_lines(rows: Sequence[ConcurrencyEffect]) -> Iterator[Text]:
    """Yield the effect of concurrency on each metric, for which all comparisons are adjusted.

    Args:
        rows: The effects in one scenario.
    """
    if not rows:
        return
    fewest, most = min(row.fewest for row in rows), max(row.most for row in rows)
    known = [row for row in rows if row.doubling.value is not None]
    effects = ", ".join(f"{TITLES[row.metric]} {_doubling(row)}" for row in known)
    others = f"On average {fewest:.2g} to {most:.2g} other trainings ran at the same time as a trial"
    if effects:
        yield Text(
            f"{others}. Effect of twice as many concurrent trainings: {effects}. All comparisons are adjusted for it."
        )
    else:
        yield Text(f"{others}. Its effect cannot be separated from those of mutants and blocks.", style="yellow")


def attribution_lines(rows: Sequence[Attribution], names: Mapping[str, str]) -> Iterator[Text]:
    """Yield how far verdicts depend on the attribution of energy to concurrent trials.

    Args:
        rows: The attributed energies of one scenario.
        names: The label of each arm.
    """
    for row in rows:
        unknown = f"{percent(row.blind)[1:]} of it without known utilisation"
        blind = unknown if row.blind > 0 else "all active power by utilisation"
        shares = f"{row.trainings} of {row.of} trials have attributed energy ({blind})"
        if not row.weak:
            yield Text(f"{shares}. {_robust(row)}")
            continue
        weak = [f"{names[each.mutant]} ({each.verdict.value})" for each in row.weak]
        more = f" and {len(weak) - _MAX_NAMES} more" if len(weak) > _MAX_NAMES else ""
        verdicts = f"{len(weak)} of {row.decided} verdicts on {TITLES[row.metric]} depend on how that part is divided"
        yield Text(
            f"Warning: {shares}. {verdicts}: {', '.join(weak[:_MAX_NAMES])}{more}. "
            "Measure these mutants without --jobs to be sure.",
            style="bold yellow",
        )


def _robust(row: Attribution) -> str:
    if not row.decided:
        return f"No verdict on {TITLES[row.metric]} is decided, so none depends on the attribution."
    how = " for every division of that part" if row.blind > 0 else ""
    return f"All {row.decided} verdicts on {TITLES[row.metric]} hold{how}."


def _doubling(row: ConcurrencyEffect) -> str:
    ends = "" if row.doubling.ends is None else f" {percent_interval(*row.doubling.ends)}"
    p = "" if row.p is None else f" (p {p_value(row.p)})"
    return f"{percent(row.doubling.value or 0.0)}{ends}{p}"
