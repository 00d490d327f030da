"""What is to be known of audits that trained several at a time, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from mutegreen.report.metric_names import TITLES
from mutegreen.report.units import p_value, percent, percent_interval
from mutegreen.stats.colocation.attribution import Attribution, ConcurrencyEffect

_MAX_NAMES = 6


def concurrency_effect_lines(rows: Sequence[ConcurrencyEffect]) -> Iterator[Text]:
    """What company did to each metric, which comparisons do without.

    Args:
        rows: Of one scenario.
    """
    if not rows:
        return
    fewest, most = min(row.fewest for row in rows), max(row.most for row in rows)
    known = [row for row in rows if row.doubling.value is not None]
    effects = ", ".join(f"{TITLES[row.metric]} {_doubling(row)}" for row in known)
    beside = f"Beside each training ran {fewest:.2g} to {most:.2g} others"
    if effects:
        yield Text(f"{beside}. Twice as many at a time: {effects}. This is taken out of every comparison.")
    else:
        yield Text(f"{beside}, which cannot be told from mutants and blocks.", style="yellow")


def attribution_lines(rows: Sequence[Attribution], names: Mapping[str, str]) -> Iterator[Text]:
    """How far verdicts rest on the division of energy.

    Args:
        rows: Of one scenario.
        names: What to call each arm.
    """
    for row in rows:
        unknown = f"{percent(row.blind)[1:]} of it is active power of which no use is known"
        blind = unknown if row.blind > 0 else "active power all by use"
        shares = f"The energy of {row.trainings} of {row.of} trainings is a share of the device's ({blind})"
        if not row.weak:
            yield Text(f"{shares}; all {row.decided} verdicts on {TITLES[row.metric]} hold, however that is divided.")
            continue
        weak = [f"{names[each.mutant]} ({each.verdict.value})" for each in row.weak]
        more = f" and {len(weak) - _MAX_NAMES} more" if len(weak) > _MAX_NAMES else ""
        verdicts = f"Too weak for {len(weak)} of {row.decided} verdicts on {TITLES[row.metric]}, which another division"
        yield Text(
            f"{shares}. {verdicts} could turn: {', '.join(weak[:_MAX_NAMES])}{more}. Train one at a time to be sure.",
            style="bold yellow",
        )


def _doubling(row: ConcurrencyEffect) -> str:
    ends = "" if row.doubling.ends is None else f" {percent_interval(*row.doubling.ends)}"
    p = "" if row.p is None else f" (p {p_value(row.p)})"
    return f"{percent(row.doubling.value or 0.0)}{ends}{p}"
