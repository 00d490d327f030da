"""What a reader of results must know about the rows they come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from mutegreen.model import METRICS
from mutegreen.stats.chance import notes_on_chance
from mutegreen.stats.model.scenario import Group


def notes_on(rows: pd.DataFrame, groups: Sequence[Group]) -> Iterator[str]:
    """Sentences on what was left out of the results and why."""
    if "audit" in rows and rows["audit"].nunique() > 1:
        yield f"The trainings of {rows['audit'].nunique()} audits are taken together."
    measured = {metric for group in groups for metric in group.metrics}
    for metric in METRICS:
        if metric not in measured:
            yield f"{metric} was not measured."
    for group in groups:
        yield from _notes_on_group(group, measured)


def _notes_on_group(group: Group, measured: set[str]) -> Iterator[str]:
    if not group.definitions:
        yield f"{group}: only the original was trained."
        return
    if not group.has_original:
        yield f"{group}: left out, because the original was not trained under these conditions."
        return
    for metric in METRICS:
        if metric in measured and metric not in group.metrics:
            yield f"{group}: {metric} was not measured."
    yield from notes_on_chance(group)
    for hyperparameter in group.hyperparameters:
        if hyperparameter in group.single and not group.is_numeric(hyperparameter):
            yield f"{group}: no correlation for {hyperparameter}, whose values are not all numbers."


def notes_on_order(groups: Sequence[Group]) -> Iterator[str]:
    """What cannot be known where the order of the trainings is not."""
    unknown = [str(each) for each in groups if "block" not in each.rows or each.rows["block"].isna().any()]
    if unknown:
        yield (
            f"{', '.join(unknown)}: the rows do not say in which block each training ran, so that a change of the "
            "machine in the meantime may look like an effect of mutants."
        )
