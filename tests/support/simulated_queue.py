"""Simulate an audit with concurrent trials on one device: order, overlap, duration and attributed energy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mutegreen.store.rows import rows_frame

_IDLE_W, _ACTIVE_W = 60.0, 140.0
_WORK_S = 60.0


@dataclass
class _Running:
    arm: int
    block: int
    left_s: float
    started_s: float
    energy_j: float = 0.0
    overlap_s: float = 0.0


def queue(
    work: Sequence[float] | np.ndarray,
    blocks: int,
    jobs: int,
    *,
    slowing: float = 0.6,
    noise: float = 0.008,
    seed: int = 0,
) -> pd.DataFrame:
    """Simulate trials in random blocks, `jobs` at a time, without waiting for the end of a block.

    Args:
        work: Duration of an exclusive trial of each arm, minutes; the first is the original.
        blocks: Number of blocks.
        jobs: Number of slots.
        slowing: Relative slowdown by each concurrent trial: 0 none, 1 as if trials took turns.
        noise: Coefficient of variation of the work.
        seed: Seed of order and noise.

    Returns:
        For each trial: arm, block, energy_j (attributed), duration_s, companions (mean number of concurrent trials).
    """
    random = np.random.default_rng(seed)
    waiting = [(int(arm), block) for block in range(blocks) for arm in random.permutation(len(work))]
    running: list[_Running] = []
    ended: list[tuple[int, int, float, float, float]] = []
    now_s = 0.0
    while waiting or running:
        while waiting and len(running) < jobs:
            arm, block = waiting.pop(0)
            running.append(_Running(arm, block, _WORK_S * work[arm] * np.exp(noise * random.normal()), now_s))
        concurrent = len(running)
        rate = 1 / (1 + slowing * (concurrent - 1))
        step_s = min(each.left_s for each in running) / rate
        now_s += step_s
        for each in running:
            each.left_s -= step_s * rate
            each.energy_j += (_IDLE_W + _ACTIVE_W * concurrent**0.7) / concurrent * step_s
            each.overlap_s += (concurrent - 1) * step_s
        for each in [each for each in running if each.left_s <= 1e-9]:
            running.remove(each)
            took_s = now_s - each.started_s
            ended.append((each.arm, each.block, each.energy_j, took_s, each.overlap_s / took_s))
    return pd.DataFrame(ended, columns=["arm", "block", "energy_j", "duration_s", "companions"])


def queue_rows(trials: pd.DataFrame, **columns: object) -> pd.DataFrame:
    """Return the trials as rows: GPU energy, quality attributed; mutants are `epochs=1`, `epochs=2` and so on.

    Args:
        trials: The result of `queue`.
        columns: Further ones, the same for all rows.
    """
    empty = dict.fromkeys(("background", "hyperparameter", "value", "default", "package_j", "dram_j", "performance"))
    records = []
    for training in trials.to_dict("records"):
        arm, block = int(training["arm"]), int(training["block"])
        changed = {"hyperparameter": "epochs", "value": arm, "default": 0} if arm else {}
        measured = {"gpu_j": training["energy_j"]} | {name: training[name] for name in ("duration_s", "companions")}
        place = {"subject": "queued", "mutant": f"epochs={arm}" if arm else "original"}
        number = {"repetition": block, "block": block, "quality_gpu_j": "attributed"}
        records.append(empty | place | changed | number | measured | columns)
    return rows_frame(records)
