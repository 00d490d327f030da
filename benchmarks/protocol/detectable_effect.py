"""Minimum detectable effect: whether an audit finds it with the stated power of 80 %."""

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
ESTIMATES = 25
"""Audits from which the minimum detectable effect is estimated, at most as many as those that measure its power."""


def report(audits: int) -> str:
    """Return the table, with caption."""
    heads = [
        "repetitions",
        *(f"{part}, {metric}" for metric in ("gpu_j", "performance") for part in ("effect", "found")),
    ]
    rows = [
        [str(count), *_cells(count, "gpu_j", audits), *_cells(count, "performance", audits)] for count in REPETITIONS
    ]
    return "\n\n".join(
        [
            f"Minimum detectable effect (median of {min(ESTIMATES, audits)} audits, percent), and how often an effect "
            f"of that size in one mutant of 15 is found, percent, with standard error; {audits} audits each. The "
            "nominal power is 80.",
            markdown(heads, rows),
        ]
    )


def _cells(repetitions: int, metric: str, audits: int) -> list[str]:
    world = World(repetitions=repetitions)
    estimate = float(
        np.median([_estimate(audit, metric) for audit in world.audits(min(ESTIMATES, audits), seed=1).in_blocks])
    )
    effect = np.zeros(world.arms)
    effect[1] = estimate
    observations = replace(world, effect={metric: effect}).audits(audits, seed=2).in_blocks
    found = careful(observations, tolerance=0.0).alarm[:, METRICS.index(metric), 0]
    return [f"{100 * estimate:.2f}", with_error(found)]


def _estimate(audit: np.ndarray, metric: str) -> float:
    trust = protocol.analyse(rows_of(audit)).trust
    estimate = next(row.smallest_effect for row in trust if row.metric == metric)
    assert estimate is not None
    return estimate
