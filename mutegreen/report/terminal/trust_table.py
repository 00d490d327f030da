"""Show the precision of an audit: noise, minimum detectable effect, drift, quality, outliers, A/A control."""

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
_OUTLIERS = "modified z score beyond 3.5; included in all results"
_FLAGS = {
    Flag.COUNTER_RESET: "an energy counter was reset. `mutegreen doctor` checks the meters.",
    Flag.COUNTER_WRAPPED: "an energy counter overflowed. This was corrected.",
    Flag.SHORT_WINDOW: "shorter than 10 updates of the meter, so energy is imprecise. Train longer, or on more data.",
    Flag.SAMPLER_GAP: "the sampler was late, so power is missing for a while. Leave a CPU to MuteGreen.",
    Flag.DEVICE_LOST: "a device did not answer, so its energy is missing. `mutegreen doctor` checks the meters.",
    Flag.CROSSCHECK_FAILED: "energy counter and power disagree. `mutegreen doctor` checks the meters.",
    Flag.WHOLE_DEVICE: "energy is that of the whole device; the trial may have used a part of it.",
    Flag.OTHER_LOAD: "other processes kept at least 0.2 CPUs busy. Stop them and run the audit again.",
}
"""What each flag means, with its threshold and a remedy."""
_HARMFUL = set(Flag) - {Flag.COUNTER_WRAPPED, Flag.WHOLE_DEVICE}


def trust_lines(trust: Sequence[Trust], names: Mapping[str, str]) -> Iterator[Text | FittingTable]:
    """Yield the table with a line for each metric, then the warnings.

    Args:
        trust: The precision of each metric in one scenario.
        names: The label of each arm.
    """
    drifts = any(row.drift is not None for row in trust)
    qualities = any(row.qualities for row in trust)
    headings = ["", "noise", "detectable\neffect", *(["drift"] if drifts else []), *(["quality"] if qualities else [])]
    table = empty_table(headings)
    for row in trust:
        cells = [share(row.noise), _effect(row.smallest_effect)]
        cells += [_drift(row.drift)] if drifts else []
        cells += [_quality(row)] if qualities else []
        table.add_row(Text(TITLES[row.metric], style="bold"), *cells)
    yield FittingTable("Precision: noise of a trial and minimum detectable effect (80 % power)", table)
    yield from _warnings(trust, names)


def flag_lines(flags: Sequence[FlagCount]) -> Iterator[Text]:
    """Yield a sentence for each flag of the measurements."""
    for row in flags:
        style = "yellow" if row.flag in _HARMFUL else "dim"
        kind = "Warning" if row.flag in _HARMFUL else "Note"
        yield Text(f"{kind}: {row.count} of {row.trainings} trials: {_FLAGS[row.flag]}", style=style)


def _effect(smallest: float | None) -> str:
    return "> 100%" if smallest is not None and smallest > 1.0 else share(smallest)


def _drift(drift: Drift | None) -> str:
    if drift is None:
        return "-"
    return f"{percent(drift.trend)} (p {p_value(drift.p_adjusted or drift.p)})" if drift.seen else "none found"


def _quality(row: Trust) -> str:
    if len(row.qualities) < 2:
        return "".join(row.qualities)
    if row.metric == TOTAL:
        return "mixed"
    return ", ".join(f"{count} {quality}" for quality, count in row.qualities.items())


def _warnings(trust: Sequence[Trust], names: Mapping[str, str]) -> Iterator[Text]:
    drifting = [row for row in trust if row.drift is not None and row.drift.seen]
    if drifting:
        where = ", ".join(f"{TITLES[row.metric]} {_drift(row.drift)}" for row in drifting)
        text = f"Warning: significant drift during the audit ({where}). All comparisons are adjusted for blocks."
        yield Text(text, style="yellow")
    mixed = [TITLES[row.metric] for row in trust if len(row.qualities) > 1]
    if mixed:
        yield Text(f"Warning: values of different quality are compared: {', '.join(mixed)}.", style="yellow")
    for row in trust:
        if row.outliers and row.metric != TOTAL:
            outliers = _outliers(row.metric, row.outliers, names)
            yield Text(f"Outliers in {TITLES[row.metric]} ({_OUTLIERS}): {outliers}.", style="yellow")
    yield from _controls(trust)


def _outliers(metric: str, outliers: Sequence[Outlier], names: Mapping[str, str]) -> str:
    first = (f"{names[one.mutant]} repetition {one.repetition} ({quantity(metric, one.figure)})" for one in outliers)
    named = ", ".join(itertools.islice(first, _MAX_NAMES))
    return named if len(outliers) <= _MAX_NAMES else f"{named} and {len(outliers) - _MAX_NAMES} more"


def _controls(trust: Sequence[Trust]) -> Iterator[Text]:
    controls = [(row.metric, control) for row in trust for control in row.controls]
    alarms = [(metric, one) for metric, one in controls if one.verdict in (Verdict.WIN, Verdict.LOSS)]
    if alarms:
        changes = ", ".join(f"{TITLES[m]} {percent(one.relative_change or 0.0)}" for m, one in alarms)
        text = f"Warning: the A/A control changes nothing, but differs significantly: {changes}. Run the audit again."
        yield Text(text, style="bold red")
    elif controls:
        tied = sum(one.verdict is Verdict.TIE for _, one in controls)
        yield Text(f"A/A control: no significant difference; equivalence in {tied} of {len(controls)} comparisons.")
