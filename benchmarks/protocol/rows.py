"""Convert a simulated audit to rows of `mutegreen stats`, and check that its verdicts equal those computed here."""

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
    """The rows of an audit, shape (arms, repetitions, metrics); the mutants' values are their numbers."""
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
    """Check that the protocols here give the verdicts of `mutegreen stats`.

    Raises:
        AssertionError: They are not.
    """
    energy = dict.fromkeys(METRICS[:-1], np.append(0.0, np.linspace(-0.05, 0.05, 15)))
    effect = energy | {"performance": np.append(0.0, np.tile([0.0, -0.0005, -0.002], 5))}
    world = World(effect=effect, drift=w.linear(0.05), missing=0.1, spread=w.lognormal_spread(0.5))
    figures = world.audits(audits, seed=0).in_blocks
    ours, theirs = careful(figures, TOLERANCE), published(figures)
    assert ours.recommended is not None
    for place, audit in enumerate(figures):
        rows = rows_of(audit)
        found = careful_protocol.analyse(rows, settings=Settings(tolerance=TOLERANCE))
        assert _verdicts(found, ALL_METRICS) == _listed(ours, place, ALL_METRICS)
        assert _verdicts(paper.analyse(rows), METRICS) == _listed(theirs, place, METRICS)
        named = {f"epochs={1 + mutant}" for mutant in np.flatnonzero(ours.recommended[place])}
        assert {one.mutant for one in found.advice[0].recommended} == named


def _verdicts(found: Analysis, metrics: tuple[str, ...]) -> dict[tuple[str, str], str]:
    return {(row.mutant, row.metric): str(row.verdict) for row in found.comparisons if row.metric in metrics}


def _listed(found: ProtocolResult, place: int, metrics: tuple[str, ...]) -> dict[tuple[str, str], str]:
    return {
        (f"epochs={1 + mutant}", metric): str(found.verdict[place, row, mutant])
        for row, metric in enumerate(metrics)
        for mutant in range(found.verdict.shape[2])
    }
