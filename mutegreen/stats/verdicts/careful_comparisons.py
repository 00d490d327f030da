"""Every mutant of a study against the original, for every metric: change, intervals, adjusted p, verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from mutegreen.model import ENERGY_METRICS, TOTAL, Quality, Verdict
from mutegreen.stats.adjust import adjust
from mutegreen.stats.analysis import CarefulComparison
from mutegreen.stats.model.block_model import Floats
from mutegreen.stats.model.measured import Measured
from mutegreen.stats.model.quality import worst_qualities
from mutegreen.stats.model.scenario_model import Study
from mutegreen.stats.verdicts.deltas import cliffs_deltas
from mutegreen.stats.verdicts.judge import reasons, verdicts


def comparisons(study: Study) -> Iterator[CarefulComparison]:
    """For each mutant, its verdicts for every metric."""
    columns = {metric: _columns(study, measured) for metric, measured in study.measured.items()}
    p = np.stack([column["p"] for column in columns.values()])
    for column, adjusted in zip(columns.values(), adjust(p, study.settings.adjustment), strict=True):
        column["p_adjusted"] = adjusted
    for metric, column in columns.items():
        column["verdict"] = verdicts(
            study.measured[metric],
            column["p_adjusted"],
            column["p_equivalent"],
            study.settings.alpha,
            study.less_is_better(metric),
        )
    yield from _records(study, columns)


def _columns(study: Study, measured: Measured) -> dict[str, Any]:
    """The figures of `CarefulComparison` for every arm, before the adjustment."""
    found, low, high, resampled = measured.found, *measured.intervals()
    deltas = cliffs_deltas(measured.fitted.adjusted, measured.code, len(study.arms))
    margin = study.margin(measured.metric)
    return {
        "n": measured.fitted.n,
        "mean": measured.mean,
        "relative_change": measured.as_relative(found.estimate),
        "relative_low": measured.as_relative(low),
        "relative_high": measured.as_relative(high),
        "difference": measured.as_absolute(found.estimate),
        "difference_low": measured.as_absolute(low),
        "difference_high": measured.as_absolute(high),
        "interval": np.where(np.isfinite(low), np.where(resampled, "bca", "t"), ""),
        "p": found.differ(),
        "p_equivalent": _nothing(found.estimate) if margin is None else found.within(*measured.bounds(margin)),
        "cliffs_delta": deltas.delta,
        "cliffs_delta_low": deltas.low,
        "cliffs_delta_high": deltas.high,
        "reason": reasons(measured),
    }


def _nothing(like: Floats) -> Floats:
    return np.full_like(like, np.nan)


def _records(study: Study, columns: Mapping[str, Mapping[str, Any]]) -> Iterator[CarefulComparison]:
    lists = {metric: _listed(column) for metric, column in columns.items()}
    qualities = {metric: _qualities(study, metric) for metric in columns}
    for arm, definition in enumerate(study.group.definitions, start=1):
        for metric, cells in lists.items():
            yield CarefulComparison(
                subject=study.group.subject,
                background=study.group.background,
                **vars(definition),
                metric=metric,
                n_original=cells["n"][0],
                mean_original=cells["mean"][0],
                margin=study.margin(metric),
                quality=qualities[metric].get(definition.mutant),
                verdict=Verdict(cells["verdict"][arm]),
                **{name: cell[arm] for name, cell in cells.items() if name != "verdict"},
            )


def _listed(column: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Arrays as lists of plain cells; None for what is not known."""
    lists = {}
    for name, array in column.items():
        if isinstance(array, list):
            lists[name] = array
            continue
        cells = array.astype(object)
        unknown = ~np.isfinite(array) if np.issubdtype(array.dtype, np.number) else array == ""
        cells[unknown] = None
        lists[name] = cells.tolist()
    return lists


def _qualities(study: Study, metric: str) -> dict[str, Quality | None]:
    """By mutant, the worst quality that its comparison rests on; a total is as good as its worst part."""
    if metric != TOTAL:
        return worst_qualities(study.group.rows, metric)
    parts = [worst_qualities(study.group.rows, part) for part in ENERGY_METRICS if part in study.measured]
    return {mutant: _worst(part.get(mutant) for part in parts) for mutant in study.arms.names}


def _worst(qualities: Iterable[Quality | None]) -> Quality | None:
    return Quality.worst(quality for quality in qualities if quality is not None)
