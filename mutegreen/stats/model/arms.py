"""A group's trainings by arm and block, as the numbers that the models take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mutegreen.model import ENERGY_METRICS, ORIGINAL, TOTAL
from mutegreen.stats.model.block_model import Codes, Floats
from mutegreen.stats.model.scenario import Scenario


@dataclass(frozen=True)
class Arms:
    """The original and its mutants, and who trained when.

    Args:
        names: The original first, then the mutants in the order of their definitions.
        code: Shape (N,), place in `names` of each training's arm.
        block: Shape (N,), number of its block, from 0; all 0 where blocks are not known.
        blocked: Whether blocks are known.
        company: Shape (N,), logarithm of how many trained at a time, this one counted; None where it is not known.
    """

    names: tuple[str, ...]
    code: Codes
    block: Codes
    blocked: bool
    company: Floats | None = None

    def __len__(self) -> int:
        return len(self.names)


def arms_of(group: Scenario) -> Arms:
    """Arms and blocks of a group's trainings. Blocks of different audits are different blocks."""
    names = (ORIGINAL, *(definition.mutant for definition in group.definitions))
    code = pd.Index(names).get_indexer(pd.Index(group.rows["mutant"]))
    blocked = "block" in group.rows and bool(group.rows["block"].notna().all())
    keys = [column for column, known in (("audit", "audit" in group.rows), ("block", blocked)) if known]
    block = group.rows.groupby(keys, sort=True).ngroup().to_numpy() if keys else np.zeros(len(code))
    return Arms(names, code.astype(np.int64), block.astype(np.int64), blocked, _company(group.rows))


def _company(rows: pd.DataFrame) -> Floats | None:
    if "companions" not in rows:
        return None
    companions = pd.to_numeric(rows["companions"], errors="coerce").to_numpy(dtype=np.float64)
    return np.log1p(companions) if np.isfinite(companions).all() and (companions >= 0).all() else None


def energy_metrics(group: Scenario) -> list[str]:
    """The energy metrics measured, and their total where there are several."""
    measured = [metric for metric in ENERGY_METRICS if metric in group.metrics]
    return [*measured, TOTAL] if len(measured) > 1 else measured


def figures_of(group: Scenario, metric: str) -> Floats:
    """A metric's figure for each training, NaN where not measured; a total needs all of its domains."""
    if metric != TOTAL:
        return group.rows[metric].to_numpy(dtype=np.float64)
    parts = [part for part in ENERGY_METRICS if part in group.metrics]
    return group.rows[parts].sum(axis=1, skipna=False).to_numpy(dtype=np.float64)
