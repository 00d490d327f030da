"""Rows of a simulated audit for `mutegreen stats`, and a check that its results equal those of `protocols`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.protocol import world as w
from benchmarks.protocol.protocols import ALL_METRICS, ProtocolResult, careful, published
from benchmarks.protocol.world import Floats, World
from mutegreen.model import METRICS, ORIGINAL
from mutegreen.stats import careful as careful_protocol
from mutegreen.stats import paper
from mutegreen.stats.analysis import Analysis
from mutegreen.stats.settings import Settings
from mutegreen.store.rows import rows_frame

TOLERANCE = 0.001


def rows_of(audit: Floats) -> pd.DataFrame:
    """Return the rows of an audit, shape (arms, repetitions, metrics); the mutants' values are their indices."""
    return rows_frame(
        [
            _label(arm) | {"repetition": block, "block": block, "position": arm} | dict(zip(METRICS, cell, strict=True))
            for arm, trainings in enumerate(audit.tolist())
            for block, cell in enumerate(trainings)
            if np.isfinite(cell[0])
        ]
    )


def _label(arm: int) -> dict[str, object]:
    mutated = {"hyperparameter": "epochs", "value": float(arm), "default": 0.0}
    changed = mutated if arm else dict.fromkeys(mutated)
    return {"subject": "simulated", "background": "", "mutant": f"epochs={arm}" if arm else ORIGINAL} | changed


def check(audits: int = 4) -> None:
    """Check that `protocols` gives the results of `mutegreen stats`.

    Raises:
        AssertionError: The results differ.
    """
    energy = dict.fromkeys(METRICS[:-1], np.append(0.0, np.linspace(-0.05, 0.05, 15)))
    effect = energy | {"performance": np.append(0.0, np.tile([0.0, -0.0005, -0.002], 5))}
    world = World(effect=effect, drift=w.linear(0.05), missing=0.1, spread=w.lognormal_spread(0.5))
    observations = world.audits(audits, seed=0).in_blocks
    careful_result, published_result = careful(observations, TOLERANCE), published(observations)
    assert careful_result.recommended is not None
    for audit_index, audit in enumerate(observations):
        rows = rows_of(audit)
        analysis = careful_protocol.analyse(rows, settings=Settings(tolerance=TOLERANCE))
        assert _verdicts(analysis, ALL_METRICS) == _listed(careful_result, audit_index, ALL_METRICS)
        assert _verdicts(paper.analyse(rows), METRICS) == _listed(published_result, audit_index, METRICS)
        recommended = {f"epochs={1 + mutant}" for mutant in np.flatnonzero(careful_result.recommended[audit_index])}
        assert {one.mutant for one in analysis.advice[0].recommended} == recommended


def _verdicts(analysis: Analysis, metrics: tuple[str, ...]) -> dict[tuple[str, str], str]:
    return {(row.mutant, row.metric): str(row.verdict) for row in analysis.comparisons if row.metric in metrics}


def _listed(result: ProtocolResult, audit_index: int, metrics: tuple[str, ...]) -> dict[tuple[str, str], str]:
    return {
        (f"epochs={1 + mutant}", metric): str(result.verdict[audit_index, row, mutant])
        for row, metric in enumerate(metrics)
        for mutant in range(result.verdict.shape[2])
    }
