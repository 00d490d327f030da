"""Decide whether a hyperparameter correlates with energy in exclusive trials of a subject."""

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
    """The relation of a hyperparameter and energy, over all measured domains."""

    RISES = "energy rises with it"
    FALLS = "energy falls with it"
    BOTH = "energy rises with it in one domain, and falls in another"
    NONE = "no correlation"
    OPEN = "undecided"

    @property
    def is_found(self) -> bool:
        """Whether they correlate at all."""
        return self in (Relation.RISES, Relation.FALLS, Relation.BOTH)


Relations = dict[tuple[str, str], Relation]
"""By subject and hyperparameter."""


def relations(analysis: Analysis) -> Relations:
    """Return all relations in exclusive trials with measured energy.

    There is a correlation if Spearman's p is at most 0.05 in at least one domain; by the careful protocol, p is
    adjusted. Otherwise the published protocol concludes that there is none. The careful one concludes this only if a
    trend as large as the margin is excluded in every domain (equivalence).
    """
    rows: dict[tuple[str, str], list[Correlation]] = {}
    for row in analysis.correlations:
        if row.background == EXCLUSIVE and row.metric in ENERGY_METRICS:
            rows.setdefault((row.subject, row.hyperparameter), []).append(row)
    excluded = _excluded(analysis)
    return {
        key: _significant_relation(correlations) or _other_relation(correlations, key in excluded)
        for key, correlations in rows.items()
    }


def relations_of(all_relations: Relations, hyperparameter: str) -> list[Relation]:
    """Return the relations of one hyperparameter."""
    return [relation for (_, name), relation in all_relations.items() if name == hyperparameter]


def _significant_relation(rows: Iterable[Correlation]) -> Relation | None:
    signs = {row.spearman.value > 0 for row in rows if row.spearman.value is not None and _is_significant(row)}
    if not signs:
        return None
    return Relation.BOTH if len(signs) > 1 else Relation.RISES if signs == {True} else Relation.FALLS


def _is_significant(row: Correlation) -> bool:
    p = row.spearman_p_adjusted if isinstance(row, CarefulCorrelation) else row.spearman_p
    return p is not None and p <= ALPHA


def _other_relation(rows: Iterable[Correlation], is_excluded: bool) -> Relation:
    assumes_none = all(not isinstance(row, CarefulCorrelation) and row.spearman_p is not None for row in rows)
    return Relation.NONE if is_excluded or assumes_none else Relation.OPEN


def _excluded(analysis: Analysis) -> set[tuple[str, str]]:
    """Return the keys for which every domain changes by less than the margin over all values (equivalence)."""
    trends: dict[tuple[str, str], list[TrendFinding]] = {}
    for row in analysis.trends if isinstance(analysis, CarefulAnalysis) else ():
        if row.background == EXCLUSIVE and row.metric in ENERGY_METRICS:
            trends.setdefault((row.subject, row.hyperparameter), []).append(row.finding)
    return {key for key, findings in trends.items() if set(findings) == {TrendFinding.NO_TREND}}
