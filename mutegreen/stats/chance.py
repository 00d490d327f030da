"""Whether repetitions show what chance does to performance: without that, tests on performance mean nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from mutegreen.model import ORIGINAL, Seeding
from mutegreen.stats.model.scenario import Group

FEWEST = 2
"""Trainings of the original below which nothing is asked of chance."""

_MEANS_NOTHING = "Nothing says what chance does to it, so tests on performance mean nothing here"
_DESPITE = {Seeding.OWN: ", each with its own seed", Seeding.NONE: ", and the program takes no seed"}


def notes_on_chance(group: Group) -> Iterator[str]:
    """A sentence where all repetitions have one seed, or where the original always performs the same."""
    figures = group.rows.loc[group.rows["mutant"] == ORIGINAL, "performance"].dropna()
    if len(figures) < FEWEST:
        return
    seeding = seeding_of(group.rows)
    always = f"{figures.iloc[0]:.4g}" if figures.nunique() == 1 else None
    if seeding is Seeding.SAME and always:
        yield (
            f"{group}: all repetitions trained with one seed, and the original performed the same each time "
            f"({always}). {_MEANS_NOTHING}: leave --same-seed away, and each repetition has its own."
        )
    elif seeding is Seeding.SAME:
        yield (
            f"{group}: all repetitions trained with one seed. What is said of performance holds for this seed; with "
            "another one it may be different."
        )
    elif always:
        despite = _DESPITE.get(seeding, "") if seeding is not None else ""
        yield (
            f"{group}: the original performed the same ({always}) in all {len(figures)} repetitions{despite}. "
            f"{_MEANS_NOTHING}."
        )


def seeding_of(rows: pd.DataFrame) -> Seeding | None:
    """What decided the chance in the trainings; None where the rows do not say it."""
    if "seed" not in rows:
        return None
    seeds = rows.groupby("repetition")["seed"].first()
    return Seeding.of([None if pd.isna(seed) else seed for seed in seeds])
