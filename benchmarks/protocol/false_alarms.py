"""Family-wise error rate: how many audits without any effect have a false alarm."""

from __future__ import annotations

import zlib
from dataclasses import replace

from benchmarks.protocol import world as w
from benchmarks.protocol.protocols import careful, published
from benchmarks.protocol.table import markdown, percent
from benchmarks.protocol.world import Audits, World

REPETITIONS = (3, 5, 10)
SIZE = 0.05
"""Relative size of a drift over the audit: 6 to 8 times the noise of a trial."""

NOISES = {
    "all arms alike, normal": World(),
    "metrics independent of each other": World(shared=0.0),
    "noise of arms log-normal, sigma 0.5": World(spread=w.lognormal_spread(0.5)),
    "noise of arms log-normal, sigma 1": World(spread=w.lognormal_spread(1.0)),
    "one mutant 5 times as noisy": World(spread=w.noisier(5.0, 0.0)),
    "one mutant 5 times as noisy, metrics independent": World(spread=w.noisier(5.0, 0.0), shared=0.0),
    "one mutant 20 times as noisy, 7 arms": World(arms=7, spread=w.noisier(20.0, 0.0)),
    "20 % of mutants 3 times as noisy": World(spread=w.noisier(3.0, 0.2)),
    "20 % of mutants 5 times as noisy": World(spread=w.noisier(5.0, 0.2)),
    "original 2 times as noisy": World(spread=w.original_noisier(2.0)),
    "original 3 times as noisy": World(spread=w.original_noisier(3.0)),
    "original a third as noisy": World(spread=w.original_noisier(1 / 3)),
    "original 3 times as noisy, metrics independent": World(spread=w.original_noisier(3.0), shared=0.0),
    "heavy tails: t with 3 degrees of freedom": World(shape=w.student(3.0)),
    "skewed: log-normal, sigma 1": World(shape=w.skewed(1.0)),
    "5 % of trainings disturbed, 10 times the noise": World(shape=w.contaminated(0.05, 10.0)),
    "performance in steps of 2 deviations": World(quantum=0.001),
    "performance in steps of 6 deviations": World(quantum=0.003),
    "10 % of trainings missing": World(missing=0.1),
    "30 % missing, original 3 times as noisy": World(missing=0.3, spread=w.original_noisier(3.0)),
    "2 arms": World(arms=2),
    "2 arms, original 3 times as noisy": World(arms=2, spread=w.original_noisier(3.0)),
    "6 arms": World(arms=6),
    "6 arms, original 3 times as noisy": World(arms=6, spread=w.original_noisier(3.0)),
    "31 arms": World(arms=31),
    "31 arms, original 3 times as noisy": World(arms=31, spread=w.original_noisier(3.0)),
}

DRIFTS = {
    "steady rise": World(drift=w.linear(SIZE)),
    "step amid a block": World(drift=w.step(SIZE)),
    "cold machine at the beginning": World(drift=w.warm_up(SIZE)),
    "cold machine at the beginning of each block": World(drift=w.within_blocks(SIZE)),
    "waves": World(drift=w.waves(SIZE)),
    "steady rise, original 3 times as noisy": World(drift=w.linear(SIZE), spread=w.original_noisier(3.0)),
    "steady rise, 10 % missing": World(drift=w.linear(SIZE), missing=0.1),
}


def report(audits: int) -> str:
    """Return both tables, with captions."""
    careful_cells = [f"careful, {count}" for count in REPETITIONS]
    published_cells = [f"published, {count}" for count in REPETITIONS]
    noises = [[label, *_noise_row(label, world, audits)] for label, world in NOISES.items()]
    drifts = [[label, *_drift_row(label, world, audits)] for label, world in DRIFTS.items()]
    ordered = ["published, random blocks", "published, one mutant after another", "careful, one mutant after another"]
    return "\n\n".join(
        [
            f"Audits with a false alarm, percent, by number of repetitions; {audits} audits each, so a true 5 % is "
            f"estimated as 5 ± {196 * (0.05 * 0.95 / audits) ** 0.5:.1f} (95 %). 16 arms unless stated otherwise; the "
            "tolerance of performance is 0.",
            markdown(["noise", *careful_cells, *published_cells], noises),
            f"The same with a drift of the machine of {100 * SIZE:.0f} %. The first three columns: random blocks. The "
            "last three: 5 repetitions.",
            markdown(["drift", *careful_cells, *ordered], drifts),
        ]
    )


def _noise_row(label: str, world: World, audits: int) -> list[str]:
    careful_cells, published_cells = [], []
    for repetitions in REPETITIONS:
        in_blocks = _simulated(label, world, repetitions, audits).in_blocks
        careful_cells.append(percent(careful(in_blocks, tolerance=0.0).alarm.any(axis=(1, 2))))
        published_cells.append(percent(published(in_blocks).alarm.any(axis=(1, 2)), digits=0))
    return [*careful_cells, *published_cells]


def _drift_row(label: str, world: World, audits: int) -> list[str]:
    audits_by_count = {count: _simulated(label, world, count, audits) for count in REPETITIONS}
    careful_cells = [careful(each.in_blocks, tolerance=0.0) for each in audits_by_count.values()]
    usual = audits_by_count[5]
    others = [
        published(usual.in_blocks),
        published(usual.in_turn),
        careful(usual.in_turn[: audits // 2], tolerance=0.0, blocked=False),
    ]
    return [
        percent(each.alarm.any(axis=(1, 2)), digits)
        for group, digits in ((careful_cells, 1), (others, 0))
        for each in group
    ]


def _simulated(label: str, world: World, repetitions: int, audits: int) -> Audits:
    """Separate audits for each world, so that their errors are independent."""
    return replace(world, repetitions=repetitions).audits(audits, zlib.crc32(f"{label}, {repetitions}".encode()))
