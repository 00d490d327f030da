"""Recommendations: how often a recommended mutant is truly non-inferior in performance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmarks.protocol import world as w
from benchmarks.protocol.protocols import Flags, ProtocolResult, careful, published
from benchmarks.protocol.table import markdown, percent, with_error
from benchmarks.protocol.world import LEVEL, NOISE, World
from mutegreen.model import ENERGY_METRICS, METRICS

LOSSES = (0.0, 0.5, 1.0, 1.01, 2.0)
"""Losses of performance of the mutants, in tolerances; a fifth of them each. All mutants save energy."""
EACH = 3
SAVED = 0.10
TOLERANCES = (1.0, 2.0, 4.0)
"""In standard deviations of a trial's performance."""
WORLDS = {
    "all arms alike, normal": World(),
    "original 3 times as noisy": World(spread=w.original_noisier(3.0)),
    "20 % of mutants 3 times as noisy": World(spread=w.noisier(3.0, 0.2)),
    "heavy tails: t with 3 degrees of freedom": World(shape=w.student(3.0)),
    "skewed: log-normal, sigma 1": World(shape=w.skewed(1.0)),
    "performance in steps of 2 deviations": World(quantum=0.001),
}
REPETITIONS = (3, 5, 10)


def report(audits: int) -> str:
    """Return the table, with caption."""
    rows = [
        [f"{label}, {count}", *_row(replace(world, repetitions=count), audits)]
        for label, world in WORLDS.items()
        for count in REPETITIONS
    ]
    forms = ("none harmful", "harmless found", "published, none harmful")
    heads = [f"{form}, {size:.0f}" for size in TOLERANCES for form in forms]
    return "\n\n".join(
        [
            f"Recommendations, percent; {audits} audits each, of {1 + EACH * len(LOSSES)} arms. All mutants save 10 % "
            "of energy and lose 0, 0.5, 1, 1.01 or 2 tolerances of performance, a fifth of them each. None harmful: "
            "audits in which no recommended mutant loses a tolerance or more, with standard error; the nominal rate is "
            "95. Harmless found: recommended share of the mutants that lose half a tolerance or nothing. The published "
            "protocol recommends nothing; a win in GPU energy without a loss of performance is counted. The number in "
            "each heading is the tolerance in standard deviations of a trial's performance.",
            markdown(["noise, repetitions", *heads], rows),
        ]
    )


def _row(world: World, audits: int) -> list[str]:
    cells = []
    harmful = np.repeat(LOSSES, EACH) >= 1
    for size in TOLERANCES:
        tolerance = size * NOISE[-1] * LEVEL[-1]
        loss = np.concatenate([[0.0], np.repeat(LOSSES, EACH)]) * tolerance / LEVEL[-1]
        energy = dict.fromkeys((*ENERGY_METRICS, "duration_s"), np.where(np.arange(len(loss)) > 0, -SAVED, 0.0))
        mixed = replace(world, arms=len(loss), effect=energy | {"performance": -loss})
        observations = mixed.audits(audits, seed=5).in_blocks
        recommended, published_ones = (
            careful(observations, tolerance).recommended,
            _seems_harmless(published(observations)),
        )
        assert recommended is not None
        cells += [with_error(~recommended[:, harmful].any(axis=1)), percent(recommended[:, ~harmful], digits=0)]
        cells.append(percent(~published_ones[:, harmful].any(axis=1), digits=0))
    return cells


def _seems_harmless(result: ProtocolResult) -> Flags:
    """Whether the published verdicts read as greener and harmless, shape (audits, mutants)."""
    gpu, performance = (result.verdict[:, METRICS.index(metric)] for metric in ("gpu_j", "performance"))
    return np.asarray((gpu == "win") & (performance != "loss"))
