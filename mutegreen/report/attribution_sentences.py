"""Sentences on audits with concurrent trials: the effect of concurrency, and verdicts that depend on attribution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from mutegreen.report.metric_names import TITLES
from mutegreen.report.units import p_value, percent, share
from mutegreen.stats.colocation.attribution import Attribution, ConcurrencyEffect
from mutegreen.stats.interval import Interval

_MAX_NAMES = 6
_MAX_FACTOR = 10.0
"""Ratio of the ends of an interval up to which an effect of concurrency is shown."""
_VAGUE = "their number varies too little for the noise of the trials"


def concurrency_effect_lines(rows: Sequence[ConcurrencyEffect]) -> Iterator[Text]:
    """Yield the effect of concurrent trials on each metric; nothing in a scenario with a background load.

    Args:
        rows: The effects in one scenario.
    """
    if not rows or rows[0].background:
        return
    fewest, most = min(row.fewest for row in rows), max(row.most for row in rows)
    others = f"On average {fewest:.2g} to {most:.2g} other trainings ran at the same time as a trial."
    known = [row for row in rows if row.doubling.value is not None]
    if not known:
        yield Text(f"{others} Its effect cannot be separated from those of mutants and blocks.", style="yellow")
        return
    precise = [row for row in known if _is_precise(row.doubling)]
    vague = [TITLES[row.metric] for row in known if row not in precise]
    effect = "Effect of twice as many concurrent trainings"
    if precise:
        others += f" {effect}: {', '.join(f'{TITLES[row.metric]} {_doubling(row)}' for row in precise)}."
    if vague:
        others += f" {effect} on {', '.join(vague)}: cannot be estimated here, because {_VAGUE}."
    yield Text(f"{others} Comparisons of energy and time are adjusted for it.")


def attribution_lines(rows: Sequence[Attribution], names: Mapping[str, str]) -> Iterator[Text]:
    """Yield how far verdicts depend on the attribution of energy to concurrent trials.

    Args:
        rows: The attributed energies of one scenario.
        names: The label of each arm.
    """
    for row in rows:
        unknown = f"{share(row.blind)} of it is active energy divided evenly, because use is not known"
        blind = unknown if row.blind > 0 else "all active energy divided by use"
        counts = f"{row.trainings} of {row.of} trials have attributed energy ({blind})"
        if not row.weak:
            yield Text(f"{counts}. {_robust(row)}")
            continue
        weak = [f"{names[each.mutant]} ({each.verdict.value})" for each in row.weak]
        more = f" and {len(weak) - _MAX_NAMES} more" if len(weak) > _MAX_NAMES else ""
        verdicts = f"{len(weak)} of {row.decided} verdicts on {TITLES[row.metric]} depend on how that part is divided"
        yield Text(
            f"Warning: {counts}. {verdicts}: {', '.join(weak[:_MAX_NAMES])}{more}. "
            "Measure these mutants without --jobs to be sure.",
            style="bold yellow",
        )


def _robust(row: Attribution) -> str:
    if not row.decided:
        return f"No verdict on {TITLES[row.metric]} is decided, so none depends on the attribution."
    how = " for every division of that part" if row.blind > 0 else ""
    return f"All {row.decided} verdicts on {TITLES[row.metric]} hold{how}."


def _is_precise(doubling: Interval) -> bool:
    return doubling.ends is None or 1.0 + doubling.ends[1] <= _MAX_FACTOR * (1.0 + doubling.ends[0])


def _doubling(row: ConcurrencyEffect) -> str:
    ends = "" if row.doubling.ends is None else f"95 % CI {' to '.join(map(percent, row.doubling.ends))}"
    certainty = ", ".join(filter(None, (ends, "" if row.p is None else f"p {p_value(row.p)}")))
    return percent(row.doubling.value or 0.0) + (f" ({certainty})" if certainty else "")
