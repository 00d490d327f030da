"""Report on co-location: the same mutants in exclusive and in co-located training."""

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
from mutegreen.stats.verdicts.scenario_results import ScenarioResults


@dataclass(frozen=True)
class ColocationPair:
    """A subject in exclusive and in co-located training, and the mutants in both.

    The fields have the names of their JSON keys.

    Args:
        mutants: Number of mutants in both, without controls.
        only_alone: Mutants of exclusive training only.
        only_beside: Mutants of co-located training only.
    """

    subject: str
    background: str
    mutants: int
    only_alone: tuple[str, ...]
    only_beside: tuple[str, ...]


@dataclass(frozen=True)
class ColocationCounts:
    """Win-tie-loss counts in exclusive and in co-located training.

    Args:
        hyperparameter: Empty for all together.
        counts_alone: Of exclusive training; rows are energy, columns performance.
        counts: The same of co-located training.
        undecided_alone: Mutants without a verdict in energy or performance, exclusive.
        undecided: The same of co-located training.
    """

    subject: str
    background: str
    hyperparameter: str
    energy: str
    counts_alone: Counts
    counts: Counts
    undecided_alone: int
    undecided: int


_Record = TypeVar(
    "_Record",
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
    """Comparison of co-located with exclusive training.

    Args:
        claim: The conclusion of all scenarios, also in the result of `at`; None without a pair.
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
        """Return the part of the report on one scenario."""
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


def colocation_report(scenarios: Sequence[ScenarioResults], settings: Settings) -> ColocationReport:
    """Compare every co-located scenario with the exclusive one of the same subject.

    Args:
        scenarios: Of all scenarios of an analysis.
        settings: The options of the user.
    """
    by_key = {each.key: each for each in scenarios}
    pairs = [
        (
            pairing,
            by_key[pairing.exclusive.scenario.subject, ""],
            by_key[pairing.colocated.scenario.subject, pairing.background],
        )
        for pairing in pairings([each.model for each in scenarios])
    ]
    susceptibility = with_adjusted_p(
        [
            row
            for pairing, exclusive, colocated in pairs
            for row in susceptibilities(pairing, exclusive.comparisons, colocated.comparisons)
        ],
        settings.alpha,
        settings.adjustment,
    )
    return ColocationReport(
        pairs=tuple(_pair(pairing) for pairing, _, _ in pairs),
        correlation=tuple(
            row
            for pairing, exclusive, colocated in pairs
            for row in colocation_correlations(
                pairing, exclusive.correlations, colocated.correlations, settings.adjustment
            )
        ),
        verdict=tuple(
            row
            for pairing, exclusive, colocated in pairs
            for row in colocation_comparisons(
                pairing, exclusive.comparisons, colocated.comparisons, settings.adjustment
            )
        ),
        win_tie_loss=tuple(row for _, exclusive, colocated in pairs for row in _counts(exclusive, colocated)),
        slowdown=tuple(row for pairing, _, _ in pairs for row in slowdowns(pairing)),
        background_slowdown=tuple(row for pairing, _, _ in pairs for row in background_slowdown(pairing)),
        susceptibility=tuple(susceptibility),
        claim=claim_of(susceptibility),
    )


def _at(rows: Sequence[_Record], subject: str, background: str) -> tuple[_Record, ...]:
    return tuple(row for row in rows if (row.subject, row.background) == (subject, background))


def _pair(pairing: Pairing) -> ColocationPair:
    return ColocationPair(
        subject=pairing.subject,
        background=pairing.background,
        mutants=len(pairing.changing),
        only_alone=tuple(pairing.only_exclusive),
        only_beside=tuple(pairing.only_colocated),
    )


def _counts(exclusive: ScenarioResults, colocated: ScenarioResults) -> list[ColocationCounts]:
    by_key = {(row.hyperparameter, row.energy): row for row in (*exclusive.win_tie_loss, *exclusive.overall)}
    rows = (*colocated.win_tie_loss, *colocated.overall)
    pairs = [(by_key[key], row) for row in rows if (key := (row.hyperparameter, row.energy)) in by_key]
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
