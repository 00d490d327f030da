"""Sentences on the effects of co-location."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mutegreen.model import ORIGINAL
from mutegreen.report.metric_names import TITLES
from mutegreen.report.scenario_report import ScenarioReport
from mutegreen.report.susceptibility_sentences import FINDINGS, claim_text
from mutegreen.report.wording import reason_text
from mutegreen.stats.colocation.changes import ColocationComparison, ColocationCorrelation
from mutegreen.stats.colocation.report import ColocationCounts, ColocationPair
from mutegreen.stats.colocation.slowdown import BackgroundSlowdown, Slowdown
from mutegreen.stats.colocation.susceptibility import Susceptibility
from mutegreen.stats.interval import Interval, or_nan
from mutegreen.stats.settings import ALPHA
from mutegreen.units import duration

_MAX_NAMES = 6


def pair_sentence(pair: ColocationPair) -> str:
    """Return how many mutants were trained in both scenarios, and how many in one of them."""
    text = f"Mutants trained both exclusively and co-located: {pair.mutants}"
    if not pair.only_alone and not pair.only_beside:
        return f"{text} (all)."
    return f"{text}; only exclusively: {len(pair.only_alone)}; only co-located: {len(pair.only_beside)}."


def susceptibility_sentences(rows: Sequence[Susceptibility]) -> Iterator[str]:
    """Yield the finding on each energy metric, then why others have none, each reason once."""
    for finding, text in FINDINGS.items():
        names = [TITLES[row.metric] for row in rows if row.finding is finding]
        if names:
            yield f"{text}: {', '.join(names)}."
    for reason in dict.fromkeys(row.reason for row in rows if row.reason is not None):
        yield f"{', '.join(TITLES[row.metric] for row in rows if row.reason == reason)}: {reason_text(reason)}."


def effect_sentence(rows: Sequence[ColocationComparison], names: Mapping[str, str]) -> str:
    """Return how many verdicts differ, and which effects differ significantly."""
    changed = sum(row.changes for row in rows)
    differ = [f"{TITLES[row.metric]} of {names[row.mutant]}" for row in rows if is_significant(row.p_adjusted)]
    verdicts = f"{changed} of {len(rows)} verdicts differ when co-located"
    if not differ:
        chance = ", so the different verdicts may be due to noise" if changed else ""
        return f"{verdicts}; no effect differs significantly{chance}."
    more = f" and {len(differ) - _MAX_NAMES} more" if len(differ) > _MAX_NAMES else ""
    return f"{verdicts}; effects that differ significantly: {', '.join(differ[:_MAX_NAMES])}{more}."


def correlation_sentences(rows: Sequence[ColocationCorrelation]) -> Iterator[str]:
    """Yield which correlations differ significantly, and for which hyperparameters the values differ."""
    different = [
        f"{TITLES[row.metric]} of {row.hyperparameter}" for row in rows if is_significant(row.spearman_p_adjusted)
    ]
    yield f"Correlations that differ significantly: {', '.join(different) or 'none'}."
    others = dict.fromkeys(row.hyperparameter for row in rows if not row.same_values)
    if others:
        yield f"Other values were tried when co-located, a possible cause of differences: {', '.join(others)}."


def slowdown_sentences(
    rows: Sequence[Slowdown], background: Sequence[BackgroundSlowdown], names: Mapping[str, str]
) -> Iterator[str]:
    """Yield the slowdown of the original, the range over the mutants, and the slowdown of the background load."""
    for row in rows:
        if row.mutant == ORIGINAL:
            times = f"{duration(row.duration_s)} instead of {duration(row.duration_alone_s)} (geometric means)"
            factor = f"{_factor(row)} times that of exclusive trials{_ends(row.slowdown)}"
            yield f"Duration of the original when co-located: {factor}, {times}."
    mutants = sorted((row for row in rows if row.mutant != ORIGINAL), key=lambda row: or_nan(row.slowdown.value))
    if mutants:
        least, most = mutants[0], mutants[-1]
        ends = (f"{_factor(row)} ({names[row.mutant]})" for row in (least, most))
        yield f"Duration of the mutants when co-located: {' to '.join(ends)} times that of exclusive trials."
    for each in background:
        yield _background(each)


def is_significant(p: float | None) -> bool:
    """Whether an adjusted p value is significant."""
    return p is not None and p <= ALPHA


def conclusion_sentence(scenario: ScenarioReport) -> str:
    """Return the conclusion over all scenarios together; empty where nothing was compared."""
    return "" if scenario.colocation.claim is None else claim_text(scenario.colocation.claim)


def undecided_sentences(scenario: ScenarioReport, rows: Sequence[ColocationCounts]) -> Iterator[str]:
    """Yield how many mutants are not counted because they are undecided; nothing if there are none."""
    open_ones = [row for row in rows if not row.hyperparameter and (row.undecided_alone or row.undecided)]
    if open_ones:
        counts = (f"{scenario.heading(row.energy)} {row.undecided_alone} and {row.undecided}" for row in open_ones)
        yield f"Not counted, because undecided (exclusive and co-located): {', '.join(counts)}."


def _factor(row: Slowdown) -> str:
    return f"{row.slowdown.value:.3f}"


def _ends(slowdown: Interval) -> str:
    return "" if slowdown.ends is None else f" (95 % CI [{slowdown.ends[0]:.3f}, {slowdown.ends[1]:.3f}])"


def _background(each: BackgroundSlowdown) -> str:
    restarts = "" if each.restarts is None else f"; restarts in total: {each.restarts}"
    factor = f"factor {each.slowdown.value:.3f} per epoch{_ends(each.slowdown)}"
    return f"Slowdown of the background load: {factor}{restarts}."
