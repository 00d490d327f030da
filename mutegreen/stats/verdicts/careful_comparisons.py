"""Every mutant of a study against the original, for every metric: change, intervals, adjusted p, verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from mutegreen.model import ENERGY_METRICS, TOTAL, Quality, Verdict
from mutegreen.stats.adjustment import adjust
from mutegreen.stats.analysis import CarefulComparison
from mutegreen.stats.interval import Interval, intervals, known_each
from mutegreen.stats.model.block_model import Floats
from mutegreen.stats.model.metric_model import Measured
from mutegreen.stats.model.quality import worst_qualities
from mutegreen.stats.model.scenario import Definition, Scenario
from mutegreen.stats.model.scenario_model import ScenarioModel
from mutegreen.stats.reason import Reason
from mutegreen.stats.verdicts.careful_rule import reasons, verdicts
from mutegreen.stats.verdicts.deltas import cliffs_deltas


@dataclass(frozen=True)
class _Column:
    """One metric: for every arm the fields of `CarefulComparison`, and the quality of every mutant."""

    margin: float | None
    n: list[int]
    mean: list[float | None]
    relative_change: list[Interval]
    difference: list[Interval]
    cliffs_delta: list[Interval]
    interval: list[str | None]
    p: list[float | None]
    p_adjusted: list[float | None]
    p_equivalent: list[float | None]
    verdict: list[Verdict]
    reason: list[Reason | None]
    qualities: Mapping[str, Quality | None]


def comparisons(study: ScenarioModel) -> Iterator[CarefulComparison]:
    """For each mutant, its verdicts for every metric."""
    p = np.stack([measured.found.differ() for measured in study.measured.values()])
    adjusted = adjust(p, study.settings.adjustment)
    columns = {
        metric: _column(study, measured, own)
        for (metric, measured), own in zip(study.measured.items(), adjusted, strict=True)
    }
    for arm, definition in enumerate(study.group.definitions, start=1):
        for metric, column in columns.items():
            yield _comparison(study.group, definition, metric, column, arm)


def _column(study: ScenarioModel, measured: Measured, p_adjusted: Floats) -> _Column:
    found, low, high, resampled = measured.found, *measured.intervals()
    deltas = cliffs_deltas(measured.fitted.adjusted, measured.code, len(study.arms))
    margin = study.margin(measured.metric)
    p_equivalent = np.full_like(p_adjusted, np.nan) if margin is None else found.within(*measured.bounds(margin))
    judged = verdicts(measured, p_adjusted, p_equivalent, study.settings.alpha, study.less_is_better(measured.metric))
    kinds = np.where(np.isfinite(low), np.where(resampled, "bca", "t"), "")
    absolute, relative = measured.as_absolute, measured.as_relative
    return _Column(
        margin=margin,
        n=measured.fitted.n.tolist(),
        mean=known_each(measured.mean),
        relative_change=intervals(relative(found.estimate), relative(low), relative(high)),
        difference=intervals(absolute(found.estimate), absolute(low), absolute(high)),
        cliffs_delta=intervals(deltas.delta, deltas.low, deltas.high),
        interval=[kind or None for kind in kinds.tolist()],
        p=known_each(found.differ()),
        p_adjusted=known_each(p_adjusted),
        p_equivalent=known_each(p_equivalent),
        verdict=[Verdict(verdict) for verdict in judged.tolist()],
        reason=reasons(measured),
        qualities=_qualities(study, measured.metric),
    )


def _comparison(group: Scenario, definition: Definition, metric: str, column: _Column, arm: int) -> CarefulComparison:
    return CarefulComparison(
        subject=group.subject,
        background=group.background,
        hyperparameter=definition.hyperparameter,
        mutant=definition.mutant,
        value=definition.value,
        default=definition.default,
        metric=metric,
        n=column.n[arm],
        n_original=column.n[0],
        mean=column.mean[arm],
        mean_original=column.mean[0],
        relative_change=column.relative_change[arm],
        p=column.p[arm],
        cliffs_delta=column.cliffs_delta[arm],
        verdict=column.verdict[arm],
        quality=column.qualities.get(definition.mutant),
        reason=column.reason[arm],
        difference=column.difference[arm],
        interval=column.interval[arm],
        p_adjusted=column.p_adjusted[arm],
        p_equivalent=column.p_equivalent[arm],
        margin=column.margin,
    )


def _qualities(study: ScenarioModel, metric: str) -> dict[str, Quality | None]:
    """By mutant, the worst quality that its comparison rests on; a total is as good as its worst part."""
    if metric != TOTAL:
        return worst_qualities(study.group.rows, metric)
    parts = [worst_qualities(study.group.rows, part) for part in ENERGY_METRICS if part in study.measured]
    return {mutant: _worst(part.get(mutant) for part in parts) for mutant in study.arms.names}


def _worst(qualities: Iterable[Quality | None]) -> Quality | None:
    return Quality.worst(quality for quality in qualities if quality is not None)
