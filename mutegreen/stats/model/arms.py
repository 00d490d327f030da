"""Arms and blocks of a scenario's rows, as the integer codes and arrays that the models take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mutegreen.model import ENERGY_METRICS, ORIGINAL, TOTAL
from mutegreen.stats.model.block_model import Codes, Floats
from mutegreen.stats.model.scenario import Scenario


@dataclass(frozen=True)
class Arms:
    """The arm, the block and the concurrency of N rows.

    Args:
        names: The original first, then the mutants in the order of their definitions.
        code: Shape (N,), index into `names` of each row's arm.
        block: Shape (N,), number of its block, from 0; all 0 where blocks are not known.
        blocked: Whether blocks are known.
        concurrency: Shape (N,), logarithm of the number of concurrent trials, this one included; None: not known.
    """

    names: tuple[str, ...]
    code: Codes
    block: Codes
    blocked: bool
    concurrency: Floats | None = None

    def __len__(self) -> int:
        return len(self.names)


def arms_of(scenario: Scenario) -> Arms:
    """Return the arms and blocks of a scenario's rows. Blocks of different audits are different blocks."""
    names = (ORIGINAL, *(definition.mutant for definition in scenario.definitions))
    code = pd.Index(names).get_indexer(pd.Index(scenario.rows["mutant"]))
    blocked = "block" in scenario.rows and bool(scenario.rows["block"].notna().all())
    keys = [column for column, known in (("audit", "audit" in scenario.rows), ("block", blocked)) if known]
    block = scenario.rows.groupby(keys, sort=True).ngroup().to_numpy() if keys else np.zeros(len(code))
    return Arms(names, code.astype(np.int64), block.astype(np.int64), blocked, _concurrency(scenario.rows))


def _concurrency(rows: pd.DataFrame) -> Floats | None:
    if "companions" not in rows:
        return None
    companions = pd.to_numeric(rows["companions"], errors="coerce").to_numpy(dtype=np.float64)
    return np.log1p(companions) if np.isfinite(companions).all() and (companions >= 0).all() else None


def energy_metrics(scenario: Scenario) -> list[str]:
    """Return the energy metrics measured, and their total where there are several."""
    measured = [metric for metric in ENERGY_METRICS if metric in scenario.metrics]
    return [*measured, TOTAL] if len(measured) > 1 else measured


def observations_of(scenario: Scenario, metric: str) -> Floats:
    """Return a metric's observation for each row, shape (N,), NaN where not measured; a total needs all domains."""
    if metric != TOTAL:
        return scenario.rows[metric].to_numpy(dtype=np.float64)
    parts = [part for part in ENERGY_METRICS if part in scenario.metrics]
    return scenario.rows[parts].sum(axis=1, skipna=False).to_numpy(dtype=np.float64)
