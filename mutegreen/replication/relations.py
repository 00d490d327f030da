"""Whether a hyperparameter correlates with energy, in a subject that trained alone."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from mutegreen.model import ENERGY_METRICS
from mutegreen.replication.design import EXCLUSIVE
from mutegreen.stats.analysis import Analysis, CarefulCorrelation, Correlation
from mutegreen.stats.careful import CarefulAnalysis
from mutegreen.stats.settings import ALPHA
from mutegreen.stats.trend.trend import TrendFinding


class Relation(StrEnum):
    """How a hyperparameter and energy go together, over all domains measured."""

    RISES = "energy rises with it"
    FALLS = "energy falls with it"
    BOTH = "energy of one domain rises with it, of another falls"
    NONE = "no correlation"
    OPEN = "not shown"

    @property
    def is_found(self) -> bool:
        """Whether they correlate at all."""
        return self in (Relation.RISES, Relation.FALLS, Relation.BOTH)


Relations = dict[tuple[str, str], Relation]
"""By subject and hyperparameter."""


def relations(analysis: Analysis) -> Relations:
    """All relations of subjects that trained alone and of which energy was measured.

    A correlation is one of Spearman's with p at most 0.05 in at least one domain; by the careful protocol, p is
    adjusted. Without one the published protocol says that there is none, and the careful one only where a trend as
    large as the margin is excluded in every domain.
    """
    rows: dict[tuple[str, str], list[Correlation]] = {}
    for row in analysis.correlations:
        if row.background == EXCLUSIVE and row.metric in ENERGY_METRICS:
            rows.setdefault((row.subject, row.hyperparameter), []).append(row)
    excluded = _excluded(analysis)
    return {key: _found(own) or _not_found(own, key in excluded) for key, own in rows.items()}


def relations_of(found: Relations, hyperparameter: str) -> list[Relation]:
    """The relations of one hyperparameter."""
    return [relation for (_, name), relation in found.items() if name == hyperparameter]


def _found(rows: Iterable[Correlation]) -> Relation | None:
    signs = {row.spearman.value > 0 for row in rows if row.spearman.value is not None and _is_significant(row)}
    if not signs:
        return None
    return Relation.BOTH if len(signs) > 1 else Relation.RISES if signs == {True} else Relation.FALLS


def _is_significant(row: Correlation) -> bool:
    p = row.spearman_p_adjusted if isinstance(row, CarefulCorrelation) else row.spearman_p
    return p is not None and p <= ALPHA


def _not_found(rows: Iterable[Correlation], is_excluded: bool) -> Relation:
    takes_none_for_granted = all(not isinstance(row, CarefulCorrelation) and row.spearman_p is not None for row in rows)
    return Relation.NONE if is_excluded or takes_none_for_granted else Relation.OPEN


def _excluded(analysis: Analysis) -> set[tuple[str, str]]:
    """Where every domain was shown to change by less than the margin over all values."""
    trends: dict[tuple[str, str], list[TrendFinding]] = {}
    for row in analysis.trends if isinstance(analysis, CarefulAnalysis) else ():
        if row.background == EXCLUSIVE and row.metric in ENERGY_METRICS:
            trends.setdefault((row.subject, row.hyperparameter), []).append(row.finding)
    return {key for key, found in trends.items() if set(found) == {TrendFinding.NO_TREND}}
