"""What a reader of results must know about the rows they come from, as codes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from mutegreen.model import METRICS, ORIGINAL, Seeding
from mutegreen.stats.model.scenario import Scenario
from mutegreen.stats.reason import Note, NoteCode
from mutegreen.stats.settings import MIN_REPETITIONS


def notes_on(rows: pd.DataFrame, groups: Sequence[Scenario]) -> Iterator[Note]:
    """What was left out of the results and why, and what chance could not do to performance."""
    if "audit" in rows and rows["audit"].nunique() > 1:
        yield Note(NoteCode.SEVERAL_AUDITS, count=rows["audit"].nunique())
    measured = {metric for group in groups for metric in group.metrics}
    for metric in METRICS:
        if metric not in measured:
            yield Note(NoteCode.NEVER_MEASURED, names=(metric,))
    for group in groups:
        yield from _notes_on_group(group, measured)


def _notes_on_group(group: Scenario, measured: set[str]) -> Iterator[Note]:
    where = (_scenario(group),)
    if not group.definitions:
        yield Note(NoteCode.ONLY_ORIGINAL, where)
        return
    if not group.has_original:
        yield Note(NoteCode.NO_ORIGINAL, where)
        return
    for metric in METRICS:
        if metric in measured and metric not in group.metrics:
            yield Note(NoteCode.NOT_MEASURED, where, names=(metric,))
    yield from _notes_on_chance(group)
    for hyperparameter in group.hyperparameters:
        if hyperparameter in group.single and not group.is_numeric(hyperparameter):
            yield Note(NoteCode.NO_CORRELATION, where, names=(hyperparameter,))


def notes_on_order(groups: Sequence[Scenario]) -> Iterator[Note]:
    """The scenarios of which it is not known in which block each training ran."""
    unknown = [_scenario(each) for each in groups if "block" not in each.rows or each.rows["block"].isna().any()]
    if unknown:
        yield Note(NoteCode.ORDER_NOT_KNOWN, tuple(unknown))


def _notes_on_chance(group: Scenario) -> Iterator[Note]:
    """Whether repetitions vary in what chance does to performance: if not, tests on performance mean nothing."""
    figures = group.rows.loc[group.rows["mutant"] == ORIGINAL, "performance"].dropna()
    if len(figures) < MIN_REPETITIONS:
        return
    where, seeding = (_scenario(group),), _seeding(group.rows)
    always = float(figures.iloc[0]) if figures.nunique() == 1 else None
    if seeding is Seeding.SAME:
        yield Note(NoteCode.ONE_SEED, where, figure=always)
    elif always is not None:
        yield Note(NoteCode.ALWAYS_THE_SAME, where, count=len(figures), figure=always, seeding=seeding)


def _seeding(rows: pd.DataFrame) -> Seeding | None:
    """What decided the chance in the trainings; None where the rows do not say it."""
    if "seed" not in rows:
        return None
    seeds = rows.groupby("repetition")["seed"].first()
    return Seeding.of([None if pd.isna(seed) else seed for seed in seeds])


def _scenario(group: Scenario) -> tuple[str, str]:
    return group.subject, group.background
