"""The same mutants alone and in company: what a background training changes, where rows hold both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from mutegreen.stats.analysis import Counts
from mutegreen.stats.colocation.changes import (
    ColocationComparison,
    ColocationCorrelation,
    colocation_comparisons,
    colocation_correlations,
)
from mutegreen.stats.colocation.pairing import Pairing, pairings
from mutegreen.stats.colocation.slowdown import BackgroundSlowdown, Slowdown, background_slowdown, slowdowns
from mutegreen.stats.colocation.susceptibility import (
    Susceptibility,
    SusceptibilityClaim,
    claim_of,
    susceptibilities,
    with_adjusted_p,
)
from mutegreen.stats.settings import Settings
from mutegreen.stats.verdicts.scenario_findings import Findings


@dataclass(frozen=True)
class ColocationPair:
    """A subject alone and in company, and how far they are the same mutants.

    Args:
        mutants: How many are in both; without the control.
        only_alone: Mutants that were not trained in company; `only_beside` those not trained alone.
    """

    subject: str
    background: str
    mutants: int
    only_alone: tuple[str, ...]
    only_beside: tuple[str, ...]


@dataclass(frozen=True)
class ColocationCounts:
    """Win-tie-loss alone and in company: rows energy, columns performance. Empty hyperparameter: all together."""

    subject: str
    background: str
    hyperparameter: str
    energy: str
    counts_alone: Counts
    counts: Counts
    undecided_alone: int
    undecided: int


_Placed = TypeVar(
    "_Placed",
    ColocationPair,
    ColocationCorrelation,
    ColocationComparison,
    ColocationCounts,
    Slowdown,
    BackgroundSlowdown,
    Susceptibility,
)


@dataclass(frozen=True)
class ColocationReport:
    """What company changes.

    Args:
        claim: What is shown in all scenarios, also in what `at` gives; None where nothing is in both.
    """

    pairs: tuple[ColocationPair, ...] = ()
    correlation: tuple[ColocationCorrelation, ...] = ()
    verdict: tuple[ColocationComparison, ...] = ()
    win_tie_loss: tuple[ColocationCounts, ...] = ()
    slowdown: tuple[Slowdown, ...] = ()
    background_slowdown: tuple[BackgroundSlowdown, ...] = ()
    susceptibility: tuple[Susceptibility, ...] = ()
    claim: SusceptibilityClaim | None = None

    def at(self, subject: str, background: str) -> ColocationReport:
        """What of it is of one subject beside one background."""
        return ColocationReport(
            pairs=_at(self.pairs, subject, background),
            correlation=_at(self.correlation, subject, background),
            verdict=_at(self.verdict, subject, background),
            win_tie_loss=_at(self.win_tie_loss, subject, background),
            slowdown=_at(self.slowdown, subject, background),
            background_slowdown=_at(self.background_slowdown, subject, background),
            susceptibility=_at(self.susceptibility, subject, background),
            claim=self.claim,
        )


def colocation_report(found: Sequence[Findings], settings: Settings) -> ColocationReport:
    """Compares every study in company with that of the same subject alone.

    Args:
        found: Of all sections of an analysis.
        settings: The user's choices.
    """
    by_place = {each.place: each for each in found}
    pairs = [
        (
            pairing,
            by_place[pairing.alone.scenario.subject, ""],
            by_place[pairing.beside.scenario.subject, pairing.background],
        )
        for pairing in pairings([each.model for each in found])
    ]
    claims = with_adjusted_p(
        [row for pairing, own, other in pairs for row in susceptibilities(pairing, own.comparisons, other.comparisons)],
        settings.alpha,
        settings.adjustment,
    )
    return ColocationReport(
        pairs=tuple(_pair(pairing) for pairing, _, _ in pairs),
        correlation=tuple(
            row
            for pairing, own, other in pairs
            for row in colocation_correlations(pairing, own.correlations, other.correlations, settings.adjustment)
        ),
        verdict=tuple(
            row
            for pairing, own, other in pairs
            for row in colocation_comparisons(pairing, own.comparisons, other.comparisons, settings.adjustment)
        ),
        win_tie_loss=tuple(row for _, own, other in pairs for row in _side_by_side(own, other)),
        slowdown=tuple(row for pairing, _, _ in pairs for row in slowdowns(pairing)),
        background_slowdown=tuple(row for pairing, _, _ in pairs for row in background_slowdown(pairing)),
        susceptibility=tuple(claims),
        claim=claim_of(claims),
    )


def _at(rows: Sequence[_Placed], subject: str, background: str) -> tuple[_Placed, ...]:
    return tuple(row for row in rows if (row.subject, row.background) == (subject, background))


def _pair(pairing: Pairing) -> ColocationPair:
    return ColocationPair(
        subject=pairing.subject,
        background=pairing.background,
        mutants=len(pairing.changing),
        only_alone=tuple(pairing.only_alone),
        only_beside=tuple(pairing.only_beside),
    )


def _side_by_side(alone: Findings, beside: Findings) -> list[ColocationCounts]:
    own = {(row.hyperparameter, row.energy): row for row in (*alone.win_tie_loss, *alone.overall)}
    rows = (*beside.win_tie_loss, *beside.overall)
    pairs = [(own[key], row) for row in rows if (key := (row.hyperparameter, row.energy)) in own]
    return [
        ColocationCounts(
            subject=row.subject,
            background=row.background,
            hyperparameter=row.hyperparameter,
            energy=row.energy,
            counts_alone=one.counts,
            counts=row.counts,
            undecided_alone=one.undecided,
            undecided=row.undecided,
        )
        for one, row in pairs
    ]
