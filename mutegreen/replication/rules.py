"""Judges of the study's findings: each reads an analysis, of the published figures or of ours, and answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mutegreen.model import ENERGY_METRICS, Verdict
from mutegreen.replication.comparison import GreenerCount, greener_counts, verdicts_of
from mutegreen.replication.design import EXCLUSIVE
from mutegreen.replication.relations import Relation, Relations, relations, relations_of
from mutegreen.stats.analysis import Analysis
from mutegreen.stats.careful import CarefulAnalysis
from mutegreen.stats.colocation.susceptibility import Susceptibility, SusceptibilityFinding

NO_ENERGY = "no energy was measured"


class Holds(StrEnum):
    """Whether a finding of the study holds."""

    YES = "holds"
    NO = "does not hold"
    UNKNOWN = "cannot be said"


@dataclass(frozen=True)
class Judgement:
    """An answer, and the figures that it is read off; where it cannot be said, why."""

    holds: Holds
    figures: str


Rule = Callable[[Analysis], Judgement]


class Spread(StrEnum):
    """In how many programs a hyperparameter correlates with energy."""

    EVERY = "in every program"
    SOME = "in some programs, not in all"
    NONE = "in no program"


def many_correlate(analysis: Analysis) -> Judgement:
    """Whether at least half of the hyperparameters, each counted once in every program, correlate with energy."""
    found = relations(analysis)
    if not found:
        return Judgement(Holds.UNKNOWN, NO_ENERGY)
    shown = sum(relation.is_found for relation in found.values())
    undecided = sum(relation is Relation.OPEN for relation in found.values())
    parts = (f"{name} {_share(relations_of(found, name))}" for name in _names(found))
    holds = _half(shown, undecided, len(found))
    return Judgement(holds, f"{shown} of {len(found)} do: {', '.join(parts)}{_open(undecided)}")


def spread(found: Sequence[Relation]) -> Spread:
    """In how many programs they correlate, where nothing is open."""
    shown = sum(relation.is_found for relation in found)
    return Spread.NONE if not shown else Spread.EVERY if shown == len(found) else Spread.SOME


def correlates(hyperparameter: str, expected: Spread) -> Rule:
    """A judge of whether a hyperparameter correlates with energy in as many programs as the study found."""

    def judge(analysis: Analysis) -> Judgement:
        found = relations_of(relations(analysis), hyperparameter)
        if not found:
            return Judgement(Holds.UNKNOWN, f"{hyperparameter} was not mutated where energy was measured")
        undecided = sum(relation is Relation.OPEN for relation in found)
        figures = f"{_directions(found)}{_open(undecided)}"
        return Judgement(_as_expected(found, expected), figures)

    return judge


def some_are_greener(analysis: Analysis) -> Judgement:
    """Whether at least half of the programs have a mutant that saves energy and keeps performance."""
    found = {key: count for key, count in greener_counts(analysis).items() if key[1] == EXCLUSIVE}
    if not found:
        return Judgement(Holds.UNKNOWN, NO_ENERGY)
    subjects = dict.fromkeys(subject for subject, _, _ in found)
    have = {subject for (subject, _, _), count in found.items() if count.greener}
    undecided = {subject for subject in subjects if subject not in have and _is_undecided(analysis, subject)}
    holds = _half(len(have), len(undecided), len(subjects))
    figures = f"{_greener(found)}, in {_programs(len(have), len(subjects))}"
    return Judgement(holds, figures + (f"; undecided in {len(undecided)}" if undecided else ""))


def more_change_co_located(analysis: Analysis) -> Judgement:
    """Whether more verdicts on energy are wins or losses in company than alone, for every program and company.

    The careful protocol asks for larger true changes instead, as more verdicts may only mean less noise.
    """
    if isinstance(analysis, CarefulAnalysis) and analysis.colocation.susceptibility:
        return _more_susceptible(analysis.colocation.susceptibility)
    return _more_verdicts(analysis)


def _more_susceptible(rows: Sequence[Susceptibility]) -> Judgement:
    more, less = (
        sum(row.finding is finding for row in rows)
        for finding in (SusceptibilityFinding.MORE, SusceptibilityFinding.LESS)
    )
    holds = _half(more, len(rows) - more - less, len(rows))
    figures = f"true changes of energy shown to be larger in {more} of {len(rows)} comparisons, smaller in {less}"
    return Judgement(holds, figures)


def _more_verdicts(analysis: Analysis) -> Judgement:
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for (subject, background, _, metric), tally in verdicts_of(analysis.comparisons).items():
        if metric in ENERGY_METRICS:
            changed, all_ = sums.get((subject, background), (0, 0))
            sums[subject, background] = (changed + tally.changed, all_ + tally.mutants)
    pairs = {key: sums[key[0], EXCLUSIVE] for key in sums if key[1] != EXCLUSIVE and (key[0], EXCLUSIVE) in sums}
    if not pairs:
        return Judgement(Holds.UNKNOWN, "nothing was trained both alone and in company")
    more = [sums[key][0] / sums[key][1] > alone[0] / alone[1] for key, alone in pairs.items()]
    holds = Holds.YES if all(more) else Holds.UNKNOWN if any(more) else Holds.NO
    mixed = "more in one company, not in another; " if holds is Holds.UNKNOWN else ""
    first = (f"{subject} {_of(*sums[subject, EXCLUSIVE])} alone" for subject in dict.fromkeys(key[0] for key in pairs))
    parts = (f"{subject} {_of(*sums[subject, company])} beside {company}" for subject, company in pairs)
    return Judgement(holds, f"{mixed}wins and losses among verdicts on energy: {', '.join((*first, *parts))}")


def _half(shown: int, undecided: int, count: int) -> Holds:
    """Whether half of them or more do, whatever becomes of the undecided."""
    if 2 * shown >= count:
        return Holds.YES
    return Holds.NO if 2 * (shown + undecided) < count else Holds.UNKNOWN


def _as_expected(found: Sequence[Relation], expected: Spread) -> Holds:
    shown, absent = (any(test(relation) for relation in found) for test in (_is_found, _is_absent))
    settled = {
        Spread.EVERY: (all(map(_is_found, found)), absent),
        Spread.NONE: (all(map(_is_absent, found)), shown),
        Spread.SOME: (shown and absent, len(found) > 1 and (all(map(_is_found, found)) or all(map(_is_absent, found)))),
    }
    holds, fails = settled[expected]
    return Holds.YES if holds else Holds.NO if fails else Holds.UNKNOWN


def _is_found(relation: Relation) -> bool:
    return relation.is_found


def _is_absent(relation: Relation) -> bool:
    return relation is Relation.NONE


def _is_undecided(analysis: Analysis, subject: str) -> bool:
    """Whether more trainings could still show a mutant of a subject to be greener."""
    metrics = (*ENERGY_METRICS, "performance")
    return any(
        row.verdict is Verdict.UNDECIDED
        for row in analysis.comparisons
        if (row.subject, row.background) == (subject, EXCLUSIVE) and row.metric in metrics
    )


def _names(found: Relations) -> list[str]:
    return sorted({name for _, name in found})


def _share(found: Sequence[Relation]) -> str:
    return _of(sum(relation.is_found for relation in found), len(found))


def _directions(found: Sequence[Relation]) -> str:
    seen = {relation: found.count(relation) for relation in Relation if relation.is_found and relation in found}
    parts = ", ".join(f"{relation.value} in {count}" for relation, count in seen.items())
    shown = sum(relation.is_found for relation in found)
    return f"in {_programs(shown, len(found))}" + (f" ({parts})" if parts else "")


def _greener(found: dict[tuple[str, str, str], GreenerCount]) -> str:
    by_name: dict[str, list[GreenerCount]] = {}
    for (_, _, name), count in found.items():
        by_name.setdefault(name, []).append(count)
    sums = {name: (sum(one.greener for one in own), sum(one.mutants for one in own)) for name, own in by_name.items()}
    parts = ", ".join(f"{name} {_of(*sums[name])}" for name in sorted(sums))
    return f"{_of(sum(s[0] for s in sums.values()), sum(s[1] for s in sums.values()))} mutants ({parts})"


def _open(undecided: int) -> str:
    return f"; {undecided} undecided" if undecided else ""


def _programs(part: int, whole: int) -> str:
    return f"{_of(part, whole)} {'program' if whole == 1 else 'programs'}"


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole}"
