"""Coverage of the 95 % intervals: how often they contain the true value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import special

from benchmarks.protocol import world as w
from benchmarks.protocol.protocols import fit_audit
from benchmarks.protocol.table import markdown, with_error
from benchmarks.protocol.world import NOISE, World
from mutegreen.stats.model.bootstrap import MIN_OBSERVATIONS
from mutegreen.stats.verdicts.deltas import cliffs_deltas

REPETITIONS = (3, 5, 10, 20)
WORLDS = {
    "all arms alike, normal": World(),
    "original 3 times as noisy": World(spread=w.original_noisier(3.0)),
    "noise of arms log-normal, sigma 0.5": World(spread=w.lognormal_spread(0.5)),
    "heavy tails: t with 3 degrees of freedom": World(shape=w.student(3.0)),
    "skewed: log-normal, sigma 1": World(shape=w.skewed(1.0)),
    "steady rise of 5 %, 10 % missing": World(drift=w.linear(0.05), missing=0.1),
}
SHIFTS = (0.0, 0.5, 1.0, 2.0)
"""Effects of mutants in standard deviations of a trial, for Cliff's delta."""
EACH = 4


def report(audits: int) -> str:
    """Return both tables, with captions."""
    heads = ["3: t", "5: BCa", "5: t", "10: BCa", "10: t", "20: BCa", "20: t"]
    relative = [[label, *_relative(world, audits)] for label, world in WORLDS.items()]
    deltas = [[str(count), *_deltas(count, audits)] for count in REPETITIONS]
    truths = [f"{_delta(shift):.2f}" for shift in SHIFTS]
    return "\n\n".join(
        [
            f"Intervals of the relative change that contain the true value, percent, with standard error, by number of "
            f"repetitions; {audits} audits of 16 arms each. The protocol uses BCa, or t below 5 repetitions.",
            markdown(["noise", *heads], relative),
            "Intervals of Cliff's delta that contain the true value, by the true delta (normal noise).",
            markdown(["repetitions", *truths], deltas),
        ]
    )


def _relative(world: World, audits: int) -> list[str]:
    cells = []
    for count in REPETITIONS:
        bca, student = [], []
        for audit in replace(world, repetitions=count).audits(audits, seed=count).in_blocks:
            metric_model = fit_audit(audit)[0]
            low, high, _ = metric_model.intervals()
            bca.append(((low <= 0) & (high >= 0))[1:])
            student.append((np.abs(metric_model.contrasts.estimate) <= metric_model.contrasts.half_width())[1:])
        kinds = (bca, student) if count >= MIN_OBSERVATIONS else (student,)
        cells += [with_error(np.array(kind)) for kind in kinds]
    return cells


def _deltas(repetitions: int, audits: int) -> Sequence[str]:
    shift = np.concatenate([[0.0], np.repeat(SHIFTS, EACH)])
    world = World(len(shift), repetitions, effect={"package_j": np.expm1(shift * NOISE[0])})
    covered = []
    for audit in world.audits(audits, seed=repetitions).in_blocks:
        metric_model = fit_audit(audit)[0]
        deltas = cliffs_deltas(metric_model.fitted.adjusted, metric_model.code, world.arms)
        covered.append(((deltas.low <= _delta(shift)) & (deltas.high >= _delta(shift)))[1:])
    return [with_error(part) for part in np.split(np.array(covered), len(SHIFTS), axis=1)]


def _delta(shift: float | w.Floats) -> w.Floats:
    """Cliff's delta of two normal distributions whose means differ by this many standard deviations."""
    return np.asarray(2 * special.ndtr(np.asarray(shift) / np.sqrt(2)) - 1)
