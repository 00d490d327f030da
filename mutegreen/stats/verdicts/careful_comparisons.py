"""Comparisons of every mutant with the original: change, intervals, adjusted p value, verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from mutegreen.model import ENERGY_METRICS, TOTAL, Quality, Verdict
from mutegreen.stats.adjustment import adjust
from mutegreen.stats.analysis import CarefulComparison
from mutegreen.stats.interval import Interval, intervals, known_each
from mutegreen.stats.model.block_model import Floats
from mutegreen.stats.model.metric_model import MetricModel
from mutegreen.stats.model.quality import worst_qualities
from mutegreen.stats.model.scenario import Definition, Scenario
from mutegreen.stats.model.scenario_model import ScenarioModel
from mutegreen.stats.reason import Reason
from mutegreen.stats.verdicts.careful_rule import reasons, verdicts
from mutegreen.stats.verdicts.deltas import cliffs_deltas


@dataclass(frozen=True)
class _Column:
    """One metric: for every arm the fields of `CarefulComparison`, and the quality of every mutant's values."""

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


def comparisons(model: ScenarioModel) -> Iterator[CarefulComparison]:
    """Return every mutant's comparison with the original, in every metric.

    P values of all mutants and metrics are adjusted as one family.
    """
    p = np.stack([metric_model.contrasts.differ() for metric_model in model.metrics.values()])
    adjusted = adjust(p, model.settings.adjustment)
    columns = {
        metric: _column(model, metric_model, metric_p)
        for (metric, metric_model), metric_p in zip(model.metrics.items(), adjusted, strict=True)
    }
    for arm, definition in enumerate(model.scenario.definitions, start=1):
        for metric, column in columns.items():
            yield _comparison(model.scenario, definition, metric, column, arm)


def _column(model: ScenarioModel, metric_model: MetricModel, p_adjusted: Floats) -> _Column:
    contrasts, low, high, resampled = metric_model.contrasts, *metric_model.intervals()
    deltas = cliffs_deltas(metric_model.fitted.adjusted, metric_model.code, len(model.arms))
    margin = model.margin(metric_model.metric)
    p_equivalent = (
        np.full_like(p_adjusted, np.nan) if margin is None else contrasts.within(*metric_model.bounds(margin))
    )
    names = verdicts(
        metric_model, p_adjusted, p_equivalent, model.settings.alpha, model.less_is_better(metric_model.metric)
    )
    kinds = np.where(np.isfinite(low), np.where(resampled, "bca", "t"), "")
    absolute, relative = metric_model.as_absolute, metric_model.as_relative
    return _Column(
        margin=margin,
        n=metric_model.fitted.n.tolist(),
        mean=known_each(metric_model.mean),
        relative_change=intervals(relative(contrasts.estimate), relative(low), relative(high)),
        difference=intervals(absolute(contrasts.estimate), absolute(low), absolute(high)),
        cliffs_delta=intervals(deltas.delta, deltas.low, deltas.high),
        interval=[kind or None for kind in kinds.tolist()],
        p=known_each(contrasts.differ()),
        p_adjusted=known_each(p_adjusted),
        p_equivalent=known_each(p_equivalent),
        verdict=[Verdict(verdict) for verdict in names.tolist()],
        reason=reasons(metric_model),
        qualities=_qualities(model, metric_model.metric),
    )


def _comparison(
    scenario: Scenario, definition: Definition, metric: str, column: _Column, arm: int
) -> CarefulComparison:
    return CarefulComparison(
        subject=scenario.subject,
        background=scenario.background,
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


def _qualities(model: ScenarioModel, metric: str) -> dict[str, Quality | None]:
    """By mutant, the worst quality of the values compared; that of a total is its worst domain's."""
    if metric != TOTAL:
        return worst_qualities(model.scenario.rows, metric)
    parts = [worst_qualities(model.scenario.rows, part) for part in ENERGY_METRICS if part in model.metrics]
    return {mutant: _worst(part.get(mutant) for part in parts) for mutant in model.arms.names}


def _worst(qualities: Iterable[Quality | None]) -> Quality | None:
    return Quality.worst(quality for quality in qualities if quality is not None)
