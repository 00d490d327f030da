"""Simulated audits with known effects of arms, drift of the machine and noise of trials."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import special

from mutegreen.model import METRICS

Floats = NDArray[np.float64]
Generator = np.random.Generator
Spread = Callable[[Generator, int], Floats]
"""From a generator and the number of arms to the noise of each arm, as a multiple of the usual noise, shape (arms,)."""
Shape = Callable[[Generator, Floats], Floats]
"""From correlated normal deviates, shape (..., metrics), to noise with a variance of about 1."""
Drift = Callable[[Floats, Floats], Floats]
"""From the time in the audit and the time in the block, both from 0 to 1, to a relative change of energy and time."""

LEVEL = np.array([5066.0, 570.0, 15760.0, 183.7, 0.9915])
"""Means of the published exclusive trials of mnist, in the order of `METRICS`."""
NOISE = np.array([0.006, 0.0076, 0.0079, 0.0063, 0.0005])
"""Their coefficients of variation (medians over mutants); that of performance is rounded up."""
SHARED = 0.85
"""Share of the variance that the energy and time of a trial have in common: the published correlation."""


def alike(_: Generator, arms: int) -> Floats:
    """Return the same noise for all arms."""
    return np.ones(arms)


def normal(_: Generator, deviates: Floats) -> Floats:
    """Return normal noise."""
    return deviates


def steady(time: Floats, _: Floats) -> Floats:
    """Return no drift."""
    return np.zeros_like(time)


@dataclass(frozen=True)
class World:
    """The parameters of simulated audits.

    Args:
        arms: Number of arms, the original included.
        repetitions: Trials of each arm; each repetition is a block.
        spread: Noise of arms.
        shape: Distribution of the noise.
        drift: Drift of the machine.
        missing: Share of trials that failed.
        quantum: Resolution of performance, in its own unit; 0 for none.
        shared: Share of the variance that the energy and time of a trial have in common.
        noise: Coefficients of variation, in the order of `METRICS`.
        effect: By metric, the relative change of each arm, shape (arms,); 0 for other metrics.
    """

    arms: int = 16
    repetitions: int = 5
    spread: Spread = alike
    shape: Shape = normal
    drift: Drift = steady
    missing: float = 0.0
    quantum: float = 0.0
    shared: float = SHARED
    noise: Floats = field(default_factory=NOISE.copy)
    effect: Mapping[str, Floats] = field(default_factory=dict)

    def audits(self, count: int, seed: int) -> Audits:
        """Return simulated audits, each in random blocks and in the order of the published study."""
        generator = np.random.default_rng(seed)
        cells = (count, self.arms, self.repetitions)
        noise = self._noise(generator, cells)
        missing = generator.random(cells) < self.missing
        missing[:, :, :2] &= self.missing >= 1  # Each arm keeps two trials, or it has no verdict.
        in_blocks = self._observations(noise, *_random_blocks(generator, cells), generator)
        in_turn = self._observations(noise, *_one_arm_after_another(cells), generator)
        for observations in (in_blocks, in_turn):
            observations[missing] = np.nan
        return Audits(in_blocks, in_turn)

    def _noise(self, generator: Generator, cells: tuple[int, ...]) -> Floats:
        shared = np.append(np.full(len(METRICS) - 1, self.shared), 0.0)
        deviates = np.sqrt(shared) * generator.standard_normal((*cells, 1))
        deviates = deviates + np.sqrt(1 - shared) * generator.standard_normal((*cells, len(METRICS)))
        spread = np.stack([self.spread(generator, self.arms) for _ in range(cells[0])])
        return np.asarray(self.noise * spread[:, :, None, None] * self.shape(generator, deviates))

    def _observations(self, noise: Floats, time: Floats, time_in_block: Floats, generator: Generator) -> Floats:
        change = noise.copy()
        change[..., :-1] += np.log1p(self.drift(time, time_in_block))[..., None]
        for metric, effect in self.effect.items():
            change[..., METRICS.index(metric)] += np.log1p(effect)[:, None]
        observations = LEVEL * np.exp(change)
        if self.quantum:
            # The position of the mean between two steps is random.
            offset = generator.random((len(noise), 1, 1)) * self.quantum
            observations[..., -1] = np.round((observations[..., -1] + offset) / self.quantum) * self.quantum
        return np.asarray(observations)


@dataclass(frozen=True)
class Audits:
    """Observations of audits, shape (audits, arms, repetitions, metrics); NaN where a trial failed.

    Args:
        in_blocks: Every repetition is a block, in a random order.
        in_turn: The same noise, but all repetitions of the original ran first, then those of each mutant.
    """

    in_blocks: Floats
    in_turn: Floats


def _random_blocks(generator: Generator, cells: tuple[int, ...]) -> tuple[Floats, Floats]:
    _, arms, repetitions = cells
    position = generator.permuted(np.broadcast_to(np.arange(arms)[:, None], cells), axis=1)
    within = position / max(arms - 1, 1)
    return (position + arms * np.arange(repetitions)) / (arms * repetitions - 1), within


def _one_arm_after_another(cells: tuple[int, ...]) -> tuple[Floats, Floats]:
    _, arms, repetitions = cells
    position = np.arange(arms)[:, None] * repetitions + np.arange(repetitions)
    within = np.arange(repetitions) / max(repetitions - 1, 1)
    return (
        np.broadcast_to(position / (arms * repetitions - 1), cells),
        np.broadcast_to(within, cells),
    )


def lognormal_spread(sigma: float) -> Spread:
    """Return a log-normal noise of arms."""
    return lambda generator, arms: np.exp(sigma * generator.standard_normal(arms))


def noisier(times: float, share: float) -> Spread:
    """Return a higher noise for a share of the mutants, one at least."""

    def spread(generator: Generator, arms: int) -> Floats:
        factor = np.ones(arms)
        factor[1 + generator.permutation(arms - 1)[: max(1, round(share * (arms - 1)))]] = times
        return factor

    return spread


def original_noisier(times: float) -> Spread:
    """Return another noise for the original: higher, or lower below 1."""
    return lambda _, arms: np.where(np.arange(arms) == 0, times, 1.0)


def student(df: float) -> Shape:
    """Return noise with heavy tails: Student's t, scaled to unit variance."""
    return lambda _, deviates: special.stdtrit(df, special.ndtr(deviates)) / np.sqrt(df / (df - 2))


def skewed(sigma: float) -> Shape:
    """Return skewed noise: log-normal, shifted to mean 0 and scaled to unit variance."""
    mean, variance = np.exp(sigma**2 / 2), (np.exp(sigma**2) - 1) * np.exp(sigma**2)
    return lambda _, deviates: (np.exp(sigma * deviates) - mean) / np.sqrt(variance)


def contaminated(share: float, times: float) -> Shape:
    """Return noise with disturbed trials: all metrics at once, always upward, by a multiple of the noise."""

    def shape(generator: Generator, deviates: Floats) -> Floats:
        disturbed = generator.random((*deviates.shape[:-1], 1)) < share
        return deviates + np.where(disturbed, times * np.abs(generator.standard_normal(disturbed.shape)), 0.0)

    return shape


def linear(size: float) -> Drift:
    """Return a linear rise over the whole audit."""
    return lambda time, _: size * time


def step(size: float, at: float = 0.4) -> Drift:
    """Return a sudden permanent change, as when another program starts, within a block."""
    return lambda time, _: np.where(time < at, 0.0, size)


def warm_up(size: float, over: float = 0.05) -> Drift:
    """Return the drift of a machine that is cold at the beginning."""
    return lambda time, _: -size * np.exp(-time / over)


def within_blocks(size: float) -> Drift:
    """Return the drift of a machine that is cold at the beginning of each block, and a rise through it."""
    return lambda _, within: size * within - size * np.exp(-within / 0.1)


def waves(size: float, periods: float = 3.3) -> Drift:
    """Return slow waves, as of day and night, whose period is not that of the blocks."""
    return lambda time, _: size * np.sin(2 * np.pi * periods * time)
