"""Check the minimum detectable effect: whether an audit finds it with the stated probability of 80 %."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmarks.protocol.protocols import careful
from benchmarks.protocol.rows import rows_of
from benchmarks.protocol.table import markdown, with_error
from benchmarks.protocol.world import World
from mutegreen.model import METRICS
from mutegreen.stats import careful as protocol

REPETITIONS = (3, 5, 10, 20)
CLAIMS = 25
"""Audits whose claims are averaged, but not more than those in which the effect is looked for."""


def report(audits: int) -> str:
    """The table."""
    heads = ["repetitions", *(f"{part}, {metric}" for metric in ("gpu_j", "performance") for part in ("claim", "seen"))]
    rows = [
        [str(count), *_cells(count, "gpu_j", audits), *_cells(count, "performance", audits)] for count in REPETITIONS
    ]
    return "\n\n".join(
        [
            f"The smallest effect claimed (median of {min(CLAIMS, audits)} audits, percent) and how often an effect of "
            f"that size in one mutant of 15 is found, percent, with standard error; {audits} audits each.",
            markdown(heads, rows),
        ]
    )


def _cells(repetitions: int, metric: str, audits: int) -> list[str]:
    world = World(repetitions=repetitions)
    claim = float(np.median([_claim(audit, metric) for audit in world.audits(min(CLAIMS, audits), seed=1).in_blocks]))
    effect = np.zeros(world.arms)
    effect[1] = claim
    figures = replace(world, effect={metric: effect}).audits(audits, seed=2).in_blocks
    seen = careful(figures, tolerance=0.0).alarm[:, METRICS.index(metric), 0]
    return [f"{100 * claim:.2f}", with_error(seen)]


def _claim(audit: np.ndarray, metric: str) -> float:
    trust = protocol.analyse(rows_of(audit)).trust
    claim = next(row.smallest_effect for row in trust if row.metric == metric)
    assert claim is not None
    return claim
