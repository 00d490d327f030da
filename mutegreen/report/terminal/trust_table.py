"""How far to trust the results: noise, the smallest effect seen, quality, drift, outliers, A/A control."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from mutegreen.model import TOTAL, Flag, Verdict
from mutegreen.report.layout import FittingTable, empty_table
from mutegreen.report.metric_names import TITLES
from mutegreen.report.units import p_value, percent, share
from mutegreen.stats.advice.drift import Drift
from mutegreen.stats.advice.trust import FlagCount, Outlier, Trust
from mutegreen.units import quantity

_MAX_NAMES = 3
_FLAGS = {
    Flag.COUNTER_RESET: "an energy counter was reset",
    Flag.COUNTER_WRAPPED: "an energy counter wrapped, which was corrected",
    Flag.SHORT_WINDOW: "so short that the meter could hardly follow",
    Flag.SAMPLER_GAP: "the sampler was held up, so power is missing for a while",
    Flag.DEVICE_LOST: "a device was lost",
    Flag.CROSSCHECK_FAILED: "two ways of measuring disagreed",
    Flag.WHOLE_DEVICE: "energy is that of the whole device, of which they may have used a part",
    Flag.OTHER_LOAD: "something else kept the machine busy at the same time",
}
_HARMFUL = set(Flag) - {Flag.COUNTER_WRAPPED, Flag.WHOLE_DEVICE}


def trust_lines(trust: Sequence[Trust], names: Mapping[str, str]) -> Iterator[Text | FittingTable]:
    """A line for each metric, then what deserves a sentence.

    Args:
        trust: Of one scenario.
        names: What to call each arm.
    """
    drifts = any(row.drift is not None for row in trust)
    qualities = any(row.qualities for row in trust)
    headings = ["", "noise", "sees from", *(["drift"] if drifts else []), *(["quality"] if qualities else [])]
    table = empty_table(headings)
    for row in trust:
        cells = [share(row.noise), share(row.smallest_effect)]
        cells += [_drift(row.drift)] if drifts else []
        cells += [_quality(row)] if qualities else []
        table.add_row(Text(TITLES[row.metric], style="bold"), *cells)
    yield FittingTable("How far to trust it: noise of a training, smallest effect that this audit sees", table)
    yield from _warnings(trust, names)


def flag_lines(flags: Sequence[FlagCount]) -> Iterator[Text]:
    """What was amiss with measurements, a sentence each."""
    for row in flags:
        style = "yellow" if row.flag in _HARMFUL else "dim"
        yield Text(f"{row.count} of {row.trainings} trainings: {_FLAGS[row.flag]}.", style=style)


def _drift(drift: Drift | None) -> str:
    if drift is None:
        return "-"
    return f"{percent(drift.trend)} (p {p_value(drift.p_adjusted or drift.p)})" if drift.seen else "none seen"


def _quality(row: Trust) -> str:
    if len(row.qualities) < 2:
        return "".join(row.qualities)
    if row.metric == TOTAL:
        return "mixed"
    return ", ".join(f"{count} {quality}" for quality, count in row.qualities.items())


def _warnings(trust: Sequence[Trust], names: Mapping[str, str]) -> Iterator[Text]:
    drifting = [row for row in trust if row.drift is not None and row.drift.seen]
    if drifting:
        where = ", ".join(TITLES[row.metric] for row in drifting)
        text = f"The machine drifted while the audit ran ({where}). Blocks take this out of every comparison."
        yield Text(text, style="yellow")
    mixed = [TITLES[row.metric] for row in trust if len(row.qualities) > 1]
    if mixed:
        yield Text(f"Figures of different quality are compared: {', '.join(mixed)}.", style="yellow")
    for row in trust:
        if row.outliers and row.metric != TOTAL:
            found = _outliers(row.metric, row.outliers, names)
            yield Text(f"Outliers in {TITLES[row.metric]}, kept: {found}.", style="yellow")
    yield from _controls(trust)


def _outliers(metric: str, outliers: Sequence[Outlier], names: Mapping[str, str]) -> str:
    first = (f"{names[one.mutant]} repetition {one.repetition} ({quantity(metric, one.figure)})" for one in outliers)
    named = ", ".join(itertools.islice(first, _MAX_NAMES))
    return named if len(outliers) <= _MAX_NAMES else f"{named} and {len(outliers) - _MAX_NAMES} more"


def _controls(trust: Sequence[Trust]) -> Iterator[Text]:
    controls = [(row.metric, control) for row in trust for control in row.controls]
    alarms = [(metric, one) for metric, one in controls if one.verdict in (Verdict.WIN, Verdict.LOSS)]
    if alarms:
        found = ", ".join(f"{TITLES[m]} {percent(one.relative_change or 0.0)}" for m, one in alarms)
        yield Text(f"The A/A control, which changes nothing, was called different: {found}.", style="bold red")
    elif controls:
        tied = sum(one.verdict is Verdict.TIE for _, one in controls)
        found = f"no difference found, equality shown in {tied} of {len(controls)} comparisons"
        yield Text(f"The A/A control, which changes nothing: {found}.")
