"""Compare implementations of Cliff's delta: ours, cliffs-delta, and all pairs; then ours on larger samples."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mutegreen.stats.verdicts.deltas import cliffs_deltas
from mutegreen.stats.verdicts.effect import cliffs_delta

Floats = NDArray[np.float64]
Delta = Callable[[Floats, Floats], float]


class DeltaSizes(NamedTuple):
    """Size of the sample for all implementations, number of rounds, and the sizes for ours alone."""

    size: int
    rounds: int
    larger: tuple[int, ...]


FULL = DeltaSizes(5000, 15, (10**4, 10**5, 10**6))
QUICK = DeltaSizes(200, 2, (10**3, 10**4))


def report(sizes: DeltaSizes) -> None:
    """Print how much longer the others take at one size, and how the time of ours grows."""
    pair = samples(sizes.size)
    others = {"all pairs, by numpy": all_pairs} | packaged(pair)
    assert all(math.isclose(other(*pair), cliffs_delta(*pair), abs_tol=1e-12) for other in (*others.values(), fitted))
    rounds = [{name: seconds(each, pair) for name, each in {**OURS, **others}.items()} for _ in range(sizes.rounds)]
    print(f"Cliff's delta, n = {sizes.size:,}, {sizes.rounds} rounds: ms, and how many times as long as each of ours")
    for name in rounds[0]:
        ratios = [statistics.median(one[name] / one[ours] for one in rounds) for ours in OURS]
        took_ms = 1000 * statistics.median(one[name] for one in rounds)
        print(f"  {name:32} {took_ms:8.2f}", *(f"{ratio:8.2f}" for ratio in ratios), flush=True)
    print(f"ms for n = {', '.join(f'{size:,}' for size in sizes.larger)}, and the exponent from the first to the last")
    for name, ours in OURS.items():
        times = [min(seconds(ours, samples(size)) for _ in range(3)) for size in sizes.larger]
        growth = math.log(times[-1] / times[0]) / math.log(sizes.larger[-1] / sizes.larger[0])
        print(f"  {name:32}", *(f"{1000 * each:8.2f}" for each in times), f"{growth:8.2f}")


def samples(size: int) -> tuple[Floats, Floats]:
    """Two samples that overlap."""
    generator = np.random.default_rng(0)
    return generator.normal(0.5, 1, size), generator.normal(0, 1, size)


def seconds(function: Delta, pair: tuple[Floats, Floats]) -> float:
    began = time.perf_counter()
    function(*pair)
    return time.perf_counter() - began


def fitted(mutant: Floats, original: Floats) -> float:
    """Our implementation for many arms, applied to one arm."""
    arms = np.repeat([0, 1], [len(original), len(mutant)])
    return float(cliffs_deltas(np.concatenate([original, mutant]), arms, 2).delta[1])


def all_pairs(mutant: Floats, original: Floats) -> float:
    return float(np.sign(mutant[:, None] - original).mean())


def packaged(pair: tuple[Floats, Floats]) -> dict[str, Delta]:
    """Return the package, if installed: with arrays, and with lists, which are faster in its loops."""
    try:
        from cliffs_delta import cliffs_delta as package
    except ImportError:
        print("cliffs-delta is not installed")
        return {}
    lists = [sample.tolist() for sample in pair]
    return {
        "package cliffs-delta, on arrays": lambda mutant, original: package(mutant, original)[0],
        "package cliffs-delta, on lists": lambda *_: package(*lists)[0],
    }


OURS = {"cliffs_delta": cliffs_delta, "cliffs_deltas, with interval": fitted}
