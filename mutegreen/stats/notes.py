"""What a reader of results must know about the rows they come from, as codes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from mutegreen.model import METRICS, ORIGINAL, Seeding
from mutegreen.stats.model.scenario import Group
from mutegreen.stats.reason import About, Note
from mutegreen.stats.settings import MIN_REPETITIONS


def notes_on(rows: pd.DataFrame, groups: Sequence[Group]) -> Iterator[Note]:
    """What was left out of the results and why, and what chance could not do to performance."""
    if "audit" in rows and rows["audit"].nunique() > 1:
        yield Note(About.SEVERAL_AUDITS, count=rows["audit"].nunique())
    measured = {metric for group in groups for metric in group.metrics}
    for metric in METRICS:
        if metric not in measured:
            yield Note(About.NEVER_MEASURED, names=(metric,))
    for group in groups:
        yield from _notes_on_group(group, measured)


def _notes_on_group(group: Group, measured: set[str]) -> Iterator[Note]:
    where = (_scenario(group),)
    if not group.definitions:
        yield Note(About.ONLY_ORIGINAL, where)
        return
    if not group.has_original:
        yield Note(About.NO_ORIGINAL, where)
        return
    for metric in METRICS:
        if metric in measured and metric not in group.metrics:
            yield Note(About.NOT_MEASURED, where, names=(metric,))
    yield from _notes_on_chance(group)
    for hyperparameter in group.hyperparameters:
        if hyperparameter in group.single and not group.is_numeric(hyperparameter):
            yield Note(About.NO_CORRELATION, where, names=(hyperparameter,))


def notes_on_order(groups: Sequence[Group]) -> Iterator[Note]:
    """The scenarios of which it is not known in which block each training ran."""
    unknown = [_scenario(each) for each in groups if "block" not in each.rows or each.rows["block"].isna().any()]
    if unknown:
        yield Note(About.ORDER_NOT_KNOWN, tuple(unknown))


def _notes_on_chance(group: Group) -> Iterator[Note]:
    """Whether repetitions vary in what chance does to performance: if not, tests on performance mean nothing."""
    figures = group.rows.loc[group.rows["mutant"] == ORIGINAL, "performance"].dropna()
    if len(figures) < MIN_REPETITIONS:
        return
    where, seeding = (_scenario(group),), _seeding(group.rows)
    always = float(figures.iloc[0]) if figures.nunique() == 1 else None
    if seeding is Seeding.SAME:
        yield Note(About.ONE_SEED, where, figure=always)
    elif always is not None:
        yield Note(About.ALWAYS_THE_SAME, where, count=len(figures), figure=always, seeding=seeding)


def _seeding(rows: pd.DataFrame) -> Seeding | None:
    """What decided the chance in the trainings; None where the rows do not say it."""
    if "seed" not in rows:
        return None
    seeds = rows.groupby("repetition")["seed"].first()
    return Seeding.of([None if pd.isna(seed) else seed for seed in seeds])


def _scenario(group: Group) -> tuple[str, str]:
    return group.subject, group.background
