"""Rules for the findings of the study: each decides from an analysis, published or ours, whether a finding holds."""

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

    @property
    def word(self) -> str:
        """The word in tables and pages; the value is that of JSON and CSV."""
        return "undecided" if self is Holds.UNKNOWN else self.value


@dataclass(frozen=True)
class Judgement:
    """Whether a finding holds, and the values that show it; if undecided, the reason."""

    holds: Holds
    evidence: str


Rule = Callable[[Analysis], Judgement]


class Spread(StrEnum):
    """The programs in which a hyperparameter correlates with energy."""

    EVERY = "in every program"
    SOME = "in some programs, not in all"
    NONE = "in no program"


def many_correlate(analysis: Analysis) -> Judgement:
    """Decide whether at least half of the pairs of hyperparameter and program correlate with energy."""
    relations_by_key = relations(analysis)
    if not relations_by_key:
        return Judgement(Holds.UNKNOWN, NO_ENERGY)
    shown = sum(relation.is_found for relation in relations_by_key.values())
    undecided = sum(relation is Relation.OPEN for relation in relations_by_key.values())
    parts = (f"{name} {_share(relations_of(relations_by_key, name))}" for name in _names(relations_by_key))
    holds = _half(shown, undecided, len(relations_by_key))
    return Judgement(holds, f"{shown} of {len(relations_by_key)} pairs: {', '.join(parts)}{_open(undecided)}")


def spread(observed: Sequence[Relation]) -> Spread:
    """Return in which programs they correlate, if none is undecided."""
    shown = sum(relation.is_found for relation in observed)
    return Spread.NONE if not shown else Spread.EVERY if shown == len(observed) else Spread.SOME


def correlates(hyperparameter: str, expected: Spread) -> Rule:
    """Return the rule that a hyperparameter correlates with energy in as many programs as in the study."""

    def rule(analysis: Analysis) -> Judgement:
        observed = relations_of(relations(analysis), hyperparameter)
        if not observed:
            return Judgement(Holds.UNKNOWN, f"no mutant of {hyperparameter} with measured energy")
        undecided = sum(relation is Relation.OPEN for relation in observed)
        evidence = f"{_directions(observed)}{_open(undecided)}"
        return Judgement(_as_expected(observed, expected), evidence)

    return rule


def some_are_greener(analysis: Analysis) -> Judgement:
    """Decide whether at least half of the programs have a mutant that saves energy and keeps performance."""
    counts = {key: count for key, count in greener_counts(analysis).items() if key[1] == EXCLUSIVE}
    if not counts:
        return Judgement(Holds.UNKNOWN, NO_ENERGY)
    subjects = dict.fromkeys(subject for subject, _, _ in counts)
    have = {subject for (subject, _, _), count in counts.items() if count.greener}
    undecided = {subject for subject in subjects if subject not in have and _is_undecided(analysis, subject)}
    holds = _half(len(have), len(undecided), len(subjects))
    evidence = f"{_greener(counts)}, in {_programs(len(have), len(subjects))}"
    return Judgement(holds, evidence + (f"; undecided in {len(undecided)}" if undecided else ""))


def more_change_co_located(analysis: Analysis) -> Judgement:
    """Decide whether co-located trials have more wins and losses in energy than exclusive ones, in each scenario.

    The careful protocol requires larger true changes instead, because more wins and losses may only mean less noise.
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
    evidence = f"true changes of energy significantly larger in {more} of {len(rows)} comparisons, smaller in {less}"
    return Judgement(holds, evidence)


def _more_verdicts(analysis: Analysis) -> Judgement:
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for (subject, background, _, metric), tally in verdicts_of(analysis.comparisons).items():
        if metric in ENERGY_METRICS:
            changed, all_ = sums.get((subject, background), (0, 0))
            sums[subject, background] = (changed + tally.changed, all_ + tally.mutants)
    pairs = {key: sums[key[0], EXCLUSIVE] for key in sums if key[1] != EXCLUSIVE and (key[0], EXCLUSIVE) in sums}
    if not pairs:
        return Judgement(Holds.UNKNOWN, "no subject has both exclusive and co-located trials")
    more = [sums[key][0] / sums[key][1] > exclusive[0] / exclusive[1] for key, exclusive in pairs.items()]
    holds = Holds.YES if all(more) else Holds.UNKNOWN if any(more) else Holds.NO
    mixed = "more with one background load, not with another; " if holds is Holds.UNKNOWN else ""
    first = (
        f"{subject} {_of(*sums[subject, EXCLUSIVE])} exclusive" for subject in dict.fromkeys(key[0] for key in pairs)
    )
    parts = (f"{subject} {_of(*sums[subject, load])} co-located with {load}" for subject, load in pairs)
    return Judgement(holds, f"{mixed}wins and losses among verdicts on energy: {', '.join((*first, *parts))}")


def _half(shown: int, undecided: int, count: int) -> Holds:
    """Decide whether at least half are shown, whatever the undecided ones are."""
    if 2 * shown >= count:
        return Holds.YES
    return Holds.NO if 2 * (shown + undecided) < count else Holds.UNKNOWN


def _as_expected(observed: Sequence[Relation], expected: Spread) -> Holds:
    shown, absent = (any(test(relation) for relation in observed) for test in (_is_found, _is_absent))
    settled = {
        Spread.EVERY: (all(map(_is_found, observed)), absent),
        Spread.NONE: (all(map(_is_absent, observed)), shown),
        Spread.SOME: (
            shown and absent,
            len(observed) > 1 and (all(map(_is_found, observed)) or all(map(_is_absent, observed))),
        ),
    }
    holds, fails = settled[expected]
    return Holds.YES if holds else Holds.NO if fails else Holds.UNKNOWN


def _is_found(relation: Relation) -> bool:
    return relation.is_found


def _is_absent(relation: Relation) -> bool:
    return relation is Relation.NONE


def _is_undecided(analysis: Analysis, subject: str) -> bool:
    """Whether more trials could still show that a mutant of a subject is greener."""
    metrics = (*ENERGY_METRICS, "performance")
    return any(
        row.verdict is Verdict.UNDECIDED
        for row in analysis.comparisons
        if (row.subject, row.background) == (subject, EXCLUSIVE) and row.metric in metrics
    )


def _names(relations_by_key: Relations) -> list[str]:
    return sorted({name for _, name in relations_by_key})


def _share(observed: Sequence[Relation]) -> str:
    return _of(sum(relation.is_found for relation in observed), len(observed))


def _directions(observed: Sequence[Relation]) -> str:
    seen = {relation: observed.count(relation) for relation in Relation if relation.is_found and relation in observed}
    parts = ", ".join(f"{relation.value} in {count}" for relation, count in seen.items())
    shown = sum(relation.is_found for relation in observed)
    return f"in {_programs(shown, len(observed))}" + (f" ({parts})" if parts else "")


def _greener(counts: dict[tuple[str, str, str], GreenerCount]) -> str:
    by_name: dict[str, list[GreenerCount]] = {}
    for (_, _, name), count in counts.items():
        by_name.setdefault(name, []).append(count)
    sums = {
        name: (sum(one.greener for one in group), sum(one.mutants for one in group)) for name, group in by_name.items()
    }
    parts = ", ".join(f"{name} {_of(*sums[name])}" for name in sorted(sums))
    return f"{_of(sum(s[0] for s in sums.values()), sum(s[1] for s in sums.values()))} mutants ({parts})"


def _open(undecided: int) -> str:
    return f"; {undecided} undecided" if undecided else ""


def _programs(part: int, whole: int) -> str:
    return f"{_of(part, whole)} {'program' if whole == 1 else 'programs'}"


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole}"
