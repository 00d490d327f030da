"""What company changes, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mutegreen.model import ORIGINAL
from mutegreen.report.metric_names import TITLES
from mutegreen.report.scenario_report import ScenarioReport
from mutegreen.report.susceptibility_sentences import claim_text
from mutegreen.report.wording import reason_text
from mutegreen.stats.colocation.changes import ColocationComparison, ColocationCorrelation
from mutegreen.stats.colocation.report import ColocationCounts, ColocationPair
from mutegreen.stats.colocation.slowdown import BackgroundSlowdown, Slowdown
from mutegreen.stats.colocation.susceptibility import Susceptibility, SusceptibilityFinding
from mutegreen.stats.interval import Interval, or_nan
from mutegreen.stats.settings import ALPHA
from mutegreen.units import duration

_MAX_NAMES = 6
_FINDINGS = {
    SusceptibilityFinding.MORE: "More susceptible to change in company than alone",
    SusceptibilityFinding.LESS: "Less susceptible to change in company than alone",
    SusceptibilityFinding.NOT_SHOWN: "Neither is shown",
}


def pair_sentence(pair: ColocationPair) -> str:
    """How far the mutants are the same."""
    text = f"Mutants trained both alone and in company: {pair.mutants}"
    if not pair.only_alone and not pair.only_beside:
        return f"{text}, which are all."
    return f"{text}; {len(pair.only_alone)} others only alone, {len(pair.only_beside)} others only in company."


def susceptibility_sentences(rows: Sequence[Susceptibility]) -> Iterator[str]:
    """What was shown of which energy; then why others are missing, each reason once."""
    for finding, text in _FINDINGS.items():
        names = [TITLES[row.metric] for row in rows if row.finding is finding]
        if names:
            yield f"{text}: {', '.join(names)}."
    for reason in dict.fromkeys(row.reason for row in rows if row.reason is not None):
        yield f"{', '.join(TITLES[row.metric] for row in rows if row.reason == reason)}: {reason_text(reason)}."


def effect_sentence(rows: Sequence[ColocationComparison], names: Mapping[str, str]) -> str:
    """Which mutants do something else in company, beyond verdicts that changed."""
    changed = sum(row.changes for row in rows)
    differ = [f"{TITLES[row.metric]} of {names[row.mutant]}" for row in rows if is_significant(row.p_adjusted)]
    verdicts = f"{changed} of {len(rows)} verdicts change in company"
    if not differ:
        return f"{verdicts}; no effect is shown to change{', so noise may be all there is to it' if changed else ''}."
    more = f" and {len(differ) - _MAX_NAMES} more" if len(differ) > _MAX_NAMES else ""
    return f"{verdicts}; effects shown to change: {', '.join(differ[:_MAX_NAMES])}{more}."


def correlation_sentences(rows: Sequence[ColocationCorrelation]) -> Iterator[str]:
    """Which correlations differ, and whether they are of the same values."""
    found = [f"{TITLES[row.metric]} of {row.hyperparameter}" for row in rows if is_significant(row.spearman_p_adjusted)]
    yield f"Correlations shown to differ: {', '.join(found) or 'none'}."
    others = dict.fromkeys(row.hyperparameter for row in rows if not row.same_values)
    if others:
        yield f"The values tried are not the same alone and in company, which may be why: {', '.join(others)}."


def slowdown_sentences(
    rows: Sequence[Slowdown], background: Sequence[BackgroundSlowdown], names: Mapping[str, str]
) -> Iterator[str]:
    """How much longer the original trains in company, the range of the mutants, and the background's own slowdown."""
    for row in rows:
        if row.mutant == ORIGINAL:
            times = f"{duration(row.duration_s)} against {duration(row.duration_alone_s)}"
            yield f"The original takes {_times(row)} times as long in company{_ends(row.slowdown)}; {times}."
    mutants = sorted((row for row in rows if row.mutant != ORIGINAL), key=lambda row: or_nan(row.slowdown.value))
    if mutants:
        least, most = mutants[0], mutants[-1]
        ends = (f"{_times(row)} ({names[row.mutant]})" for row in (least, most))
        yield f"The mutants take {' to '.join(ends)} times as long."
    for each in background:
        yield _background(each)


def is_significant(p: float | None) -> bool:
    """Whether a difference is shown."""
    return p is not None and p <= ALPHA


def conclusion_sentence(scenario: ScenarioReport) -> str:
    """On the claim, for all scenarios together; empty where there is none to be judged."""
    return "" if scenario.colocation.claim is None else claim_text(scenario.colocation.claim)


def undecided_sentences(scenario: ScenarioReport, rows: Sequence[ColocationCounts]) -> Iterator[str]:
    """Mutants in no count of all together; nothing if there are none."""
    open_ones = [row for row in rows if not row.hyperparameter and (row.undecided_alone or row.undecided)]
    if open_ones:
        counts = (f"{scenario.heading(row.energy)} {row.undecided_alone} and {row.undecided}" for row in open_ones)
        yield f"Not counted, because undecided, alone and in company: {', '.join(counts)}."


def _times(row: Slowdown) -> str:
    return f"{row.slowdown.value:.3f}"


def _ends(found: Interval) -> str:
    return "" if found.ends is None else f" (95 % [{found.ends[0]:.3f}, {found.ends[1]:.3f}])"


def _background(each: BackgroundSlowdown) -> str:
    restarts = "" if each.restarts is None else f"; it was started again {each.restarts} times in all"
    times = f"{each.slowdown.value:.3f} times as long for an epoch as alone{_ends(each.slowdown)}"
    return f"The background took {times}{restarts}."
