"""The default protocol: what a careful statistician would sign.

Every mutant is compared with the original on figures with their blocks' effects taken out (`block_model`), by Welch's
t with moderated variances (`contrast`, `moderation`), with bootstrap intervals (`bootstrap`), p values adjusted over
all comparisons of a section (`adjust`), and ties that are shown, not assumed (`judge`). docs/statistics.md says why,
and how often it errs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from mutegreen.model import ENERGY_METRICS, TOTAL, Goal, Quality, Verdict
from mutegreen.stats.adjust import adjust
from mutegreen.stats.advice import Advice, advise
from mutegreen.stats.analysis import Analysis, CarefulComparison, WinTieLoss, plain
from mutegreen.stats.block_model import Floats
from mutegreen.stats.deltas import cliffs_deltas
from mutegreen.stats.group import groups_of
from mutegreen.stats.judge import reasons, verdicts
from mutegreen.stats.measured import Measured
from mutegreen.stats.notes import notes_on
from mutegreen.stats.quality import worst_qualities
from mutegreen.stats.settings import Settings
from mutegreen.stats.study import Study, study_of
from mutegreen.stats.trust import Trust, trust_of
from mutegreen.stats.win_tie_loss import overall, win_tie_loss

PROTOCOL = "careful"


@dataclass(frozen=True)
class CarefulAnalysis(Analysis):
    """What the careful protocol finds beyond the published one.

    Args:
        advice: What to do, for each section.
        trust: How far to trust it, for each section and metric.
        overall: Win-tie-loss of all hyperparameters together, for each section and energy metric.
    """

    advice: tuple[Advice, ...] = ()
    trust: tuple[Trust, ...] = ()
    overall: tuple[WinTieLoss, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The contract's tables, those of the total energy apart from them, and what this protocol adds."""
        measured = replace(
            self,
            comparisons=tuple(row for row in self.comparisons if row.metric != TOTAL),
            win_tie_loss=tuple(row for row in self.win_tie_loss if row.energy != TOTAL),
        )
        return super(CarefulAnalysis, measured).as_json() | {
            "total": {
                "verdict": plain([row for row in self.comparisons if row.metric == TOTAL]),
                "win_tie_loss": plain([row for row in self.win_tie_loss if row.energy == TOTAL]),
            },
            "win_tie_loss_overall": plain(self.overall),
            "advice": plain(self.advice),
            "trust": plain(self.trust),
        }


def analyse(
    rows: pd.DataFrame,
    goals: Mapping[str, Goal] | None = None,
    tolerances: Mapping[str, float | None] | None = None,
    settings: Settings | None = None,
    spent_j: float | None = None,
) -> CarefulAnalysis:
    """Works out everything that the rows allow to say.

    Args:
        rows: Trainings, in the form said in `mutegreen.stats`. `rows.attrs["notes"]` are taken over.
        goals: By subject, which direction of the performance is better; more is, if not said.
        tolerances: By subject, how much performance may change without it mattering, in its own unit.
        settings: The user's choices.
        spent_j: Energy of all trainings of the audit, for a single section of which more is known than the rows say.
    """
    groups = list(groups_of(rows))
    chosen = {group.subject: Goal.MAXIMIZE for group in groups} | dict(goals or {})
    complete = [group for group in groups if group.has_original and group.definitions]
    told, allowed = settings or Settings(), tolerances or {}
    studies = [study_of(group, chosen[group.subject], told, allowed.get(group.subject)) for group in complete]
    found = [list(comparisons(study)) for study in studies]
    flat = tuple(row for section in found for row in section)
    counts = tuple(win_tie_loss(flat, (*ENERGY_METRICS, TOTAL)))
    return CarefulAnalysis(
        protocol=PROTOCOL,
        correlations=(),
        comparisons=flat,
        win_tie_loss=counts,
        goals=chosen,
        notes=(*rows.attrs.get("notes", ()), *notes_on(rows, groups)),
        advice=tuple(advise(study, section, spent_j) for study, section in zip(studies, found, strict=True)),
        trust=tuple(row for study, section in zip(studies, found, strict=True) for row in trust_of(study, section)),
        overall=tuple(overall(counts)),
    )


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
