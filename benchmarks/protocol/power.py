"""Power: how often true effects on energy are found, and how often ties are called, rightly and wrongly."""

from __future__ import annotations

import numpy as np

from benchmarks.protocol.protocols import careful, published
from benchmarks.protocol.table import markdown, percent
from benchmarks.protocol.world import NOISE, World
from mutegreen.model import ENERGY_METRICS, METRICS
from mutegreen.stats.settings import MARGIN

REPETITIONS = (3, 5, 10, 20)
SAVED = (0.0, 0.01, MARGIN, 0.05, 0.10)
"""Savings of the mutants, a fifth of them each. At the margin itself a false tie is most probable."""
EACH = 3
NOISES = (0.002, 0.008, 0.017)
"""Coefficients of variation of GPU energy: those of resnet, mnist and siamese, exclusive."""

_GPU = METRICS.index("gpu_j")


def report(audits: int) -> str:
    """Return the table, with caption."""
    rows = [[f"{100 * noise:.1f} %, {count}", *_row(noise, count, audits)] for noise in NOISES for count in REPETITIONS]
    heads = [f"{100 * saved:.0f} % found" for saved in SAVED[1:]]
    return "\n\n".join(
        [
            f"Mutants out of 100, careful / published, GPU energy; {audits} audits of {1 + EACH * len(SAVED)} arms "
            "each, in random blocks without drift; the mutants save 0, 1, 2, 5 and 10 % of energy and time. The "
            "published protocol finds more effects, true and false: see its false alarms.",
            markdown(["noise, repetitions", *heads, "0 % called tie", "2 % called tie"], rows),
        ]
    )


def _row(noise: float, repetitions: int, audits: int) -> list[str]:
    in_blocks = _world(noise, repetitions).audits(audits, seed=repetitions).in_blocks
    verdicts = [found(in_blocks).verdict[:, _GPU].reshape(audits, len(SAVED), EACH) for found in (careful, published)]
    return [
        *(_both(verdicts, place, "win") for place in range(1, len(SAVED))),
        _both(verdicts, 0, "tie"),
        _both(verdicts, SAVED.index(MARGIN), "tie"),
    ]


def _both(verdicts: list[np.ndarray], place: int, wanted: str) -> str:
    return " / ".join(percent(verdict[:, place] == wanted, digits=0) for verdict in verdicts)


def _world(noise: float, repetitions: int) -> World:
    effect = np.concatenate([[0.0], -np.repeat(SAVED, EACH)])
    scaled = np.append(NOISE[:-1] * noise / NOISE[_GPU], NOISE[-1])
    moved = dict.fromkeys((*ENERGY_METRICS, "duration_s"), effect)
    return World(len(effect), repetitions, noise=scaled, effect=moved)
