"""Notes on the rows: missing results, and limitations that a reader of the results must know, as codes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from mutegreen.model import METRICS, ORIGINAL, Seeding
from mutegreen.stats.model.scenario import Scenario
from mutegreen.stats.reason import Note, NoteCode
from mutegreen.stats.settings import MIN_REPETITIONS


def notes_on(rows: pd.DataFrame, scenarios: Sequence[Scenario]) -> Iterator[Note]:
    """Return the notes on missing results, and on performance without random variation."""
    if "audit" in rows and rows["audit"].nunique() > 1:
        pooled = any(scenario.rows["audit"].nunique() > 1 for scenario in scenarios)
        code = NoteCode.SEVERAL_AUDITS if pooled else NoteCode.AUDITS_COMPARED
        yield Note(code, count=rows["audit"].nunique())
    measured = {metric for scenario in scenarios for metric in scenario.metrics}
    for metric in METRICS:
        if metric not in measured:
            yield Note(NoteCode.NEVER_MEASURED, names=(metric,))
    for scenario in scenarios:
        yield from _notes_on_scenario(scenario, measured)


def _notes_on_scenario(scenario: Scenario, measured: set[str]) -> Iterator[Note]:
    where = (_scenario(scenario),)
    if not scenario.definitions:
        yield Note(NoteCode.ONLY_ORIGINAL, where)
        return
    if not scenario.has_original:
        yield Note(NoteCode.NO_ORIGINAL, where)
        return
    for metric in METRICS:
        if metric in measured and metric not in scenario.metrics:
            yield Note(NoteCode.NOT_MEASURED, where, names=(metric,))
    yield from _notes_on_chance(scenario)
    for hyperparameter in scenario.hyperparameters:
        if hyperparameter in scenario.single and not scenario.is_numeric(hyperparameter):
            yield Note(NoteCode.NO_CORRELATION, where, names=(hyperparameter,))


def notes_on_order(scenarios: Sequence[Scenario]) -> Iterator[Note]:
    """Return a note on the scenarios whose rows do not all have a block."""
    unknown = [_scenario(each) for each in scenarios if "block" not in each.rows or each.rows["block"].isna().any()]
    if unknown:
        yield Note(NoteCode.ORDER_NOT_KNOWN, tuple(unknown))


def _notes_on_chance(scenario: Scenario) -> Iterator[Note]:
    """Yield a note where performance does not vary between repetitions, so that it cannot be tested."""
    performances = scenario.rows.loc[scenario.rows["mutant"] == ORIGINAL, "performance"].dropna()
    if len(performances) < MIN_REPETITIONS:
        return
    where, seeding = (_scenario(scenario),), _seeding(scenario.rows)
    constant = float(performances.iloc[0]) if performances.nunique() == 1 else None
    if seeding is Seeding.SAME:
        yield Note(NoteCode.ONE_SEED, where, performance=constant)
    elif constant is not None:
        yield Note(NoteCode.ALWAYS_THE_SAME, where, count=len(performances), performance=constant, seeding=seeding)


def _seeding(rows: pd.DataFrame) -> Seeding | None:
    """How the trials were seeded; None where the rows do not hold seeds."""
    if "seed" not in rows:
        return None
    seeds = rows.groupby("repetition")["seed"].first()
    return Seeding.of([None if pd.isna(seed) else seed for seed in seeds])


def _scenario(scenario: Scenario) -> tuple[str, str]:
    return scenario.subject, scenario.background
