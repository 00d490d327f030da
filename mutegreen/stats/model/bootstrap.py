"""Bootstrap intervals of many differences at once: BCa, resampled within arms.

    D*  (RESAMPLES,)  mean of r*_a - mean of r*_0, where r*_a is a resample, with replacement, of the residuals of arm a
    z_0               normal quantile of the share of D* below 0 (bias correction); D* = 0
                      counts half
    a_hat             sum of psi_i^3 / (6 (sum of psi_i^2)^1.5), acceleration: a sixth of the skewness of the influence
                      psi_i of an observation on the difference: r_i / n_a in the arm, -r_i / n_0 in the original
    t                 quantile of Student's t at 0.025 or 0.975, with the degrees of freedom of the difference
    stretch           `Contrasts.stretch`, 1 without a concurrency term

    ends = D + stretch * (quantile of D* at the level Phi(z_0 + (z_0 + t) / (1 - a_hat (z_0 + t))))

    r_i               `BlockFit.residual`, the residual of the block model divided by sqrt(1 - h_i), times the square
                      root of the ratio of the arm's moderated variance to its variance

That is the bias-corrected and accelerated interval with two corrections for few repetitions: the residuals of an arm
are scaled to its moderated variance, which the tests use, and the quantiles are those of Student's t instead of the
normal distribution.

Sources: Efron 1987; Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 14 (BCa); Davison & Hinkley,
"Bootstrap Methods and their Application", 1997, section 6.2 (scaled residuals); Hesterberg, "What Teachers Should Know
About the Bootstrap", 2015 (quantiles of t).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import special

from mutegreen.stats.model.block_model import BlockFit, Codes, Floats
from mutegreen.stats.model.contrast import Contrasts
from mutegreen.stats.model.moderation import ModeratedVariances
from mutegreen.stats.settings import CONFIDENCE

RESAMPLES = 1999
MIN_OBSERVATIONS = 5
"""Observations of either arm below which there are too few different resamples: intervals of 95 % would cover
86 to 92 %."""
_BATCH = 2048
"""Arms whose resampled means are held at once: 32 MB."""


def intervals(
    fitted: BlockFit,
    arms: Codes,
    noise: ModeratedVariances,
    contrasts: Contrasts,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> tuple[Floats, Floats]:
    """Estimate intervals of every arm's difference to the first arm.

    Each arm is resampled separately, so arms may differ in noise. All arms with the same number of observations share
    the draws, which changes no interval and allows one matrix product for all.

    Args:
        fitted: The model, of A arms and N observations.
        arms: Shape (N,), as given to `fit`.
        noise: The moderated variances of the arms.
        contrasts: The differences.
        confidence: Of each interval separately.
        seed: Of the draws.

    Returns:
        Low and high ends, shape (A,); NaN where the difference is not known, an arm has fewer than `MIN_OBSERVATIONS`
        observations, or nothing varies.
    """
    low, high = np.full_like(contrasts.estimate, np.nan), np.full_like(contrasts.estimate, np.nan)
    if fitted.n[0] < MIN_OBSERVATIONS:
        return low, high
    generator = np.random.default_rng(seed)
    residual = _scaled(fitted, arms, noise)[np.argsort(arms, kind="stable")]
    first = np.concatenate([[0], np.cumsum(fitted.n)]).astype(np.int64)
    original = residual[: fitted.n[0]]
    original_means = _draws(len(original), generator) @ original
    for group in _equal_counts(fitted.n, np.isfinite(contrasts.df)):
        n = fitted.n[group[0]]
        draws = _draws(n, generator)
        for part in np.array_split(group, -(-len(group) // _BATCH)):
            mutants = residual[first[part][:, None] + np.arange(n)]
            quantile = special.stdtrit(contrasts.df[part], (1 + confidence) / 2)
            ends = _bca(mutants @ draws.T - original_means, _acceleration(mutants, original), quantile)
            low[part], high[part] = contrasts.estimate[part] + ends * contrasts.stretch[part]
    return low, high


def _scaled(fitted: BlockFit, arms: Codes, noise: ModeratedVariances) -> Floats:
    """Residuals, scaled to the moderated variance of their arm, shape (N,)."""
    varies = fitted.variance > 0
    scale = np.sqrt(np.divide(noise.variance, fitted.variance, out=np.ones_like(fitted.variance), where=varies))
    return np.asarray(fitted.residual * scale[arms])


def _equal_counts(n: Codes, wanted: NDArray[np.bool_]) -> Iterator[Codes]:
    """Yield the arms other than the first, in groups of equal numbers of observations."""
    for count in np.unique(n[1:][wanted[1:] & (n[1:] >= MIN_OBSERVATIONS)]):
        yield 1 + np.flatnonzero(wanted[1:] & (n[1:] == count))


def _draws(n: int, generator: np.random.Generator) -> Floats:
    """Weights of n observations in each resample, shape (RESAMPLES, n)."""
    return np.asarray(generator.multinomial(n, np.full(n, 1 / n), RESAMPLES) / n)


def _acceleration(mutants: Floats, original: Floats) -> Floats:
    """Return the acceleration a_hat of each arm, shape (arms,).

    Args:
        mutants: Residuals, shape (arms, n).
        original: Residuals of the original, shape (m,).
    """
    of_mutant, of_original = mutants / mutants.shape[1], -original / len(original)
    squares = (of_mutant**2).sum(axis=1) + (of_original**2).sum()
    cubes = (of_mutant**2 * of_mutant).sum(axis=1) + (of_original**3).sum()
    sixth = np.divide(cubes, 6 * squares**1.5, out=np.zeros_like(squares), where=squares > 0)
    return np.asarray(sixth)


def _bca(resampled: Floats, acceleration: Floats, quantile: Floats) -> Floats:
    """Both ends of each arm's interval, relative to its estimate, shape (2, arms); NaN for one that does not vary.

    Args:
        resampled: D*, shape (arms, RESAMPLES).
        acceleration: a_hat, shape (arms,).
        quantile: t at the upper end, shape (arms,).
    """
    ordered = np.sort(resampled, axis=1)
    # Of values equal to the estimate, half count as below: discrete resamples would shift the interval otherwise.
    below = ((resampled < 0).mean(axis=1) + (resampled <= 0).mean(axis=1)) / 2
    bias = special.ndtri(np.clip(below, 1 / (RESAMPLES + 1), RESAMPLES / (RESAMPLES + 1)))
    ends = []
    for side in (-quantile, quantile):
        shifted = bias + side
        divisor = 1 - acceleration * shifted
        level = special.ndtr(bias + shifted / np.where(divisor > 0, divisor, np.nan))
        ends.append(_quantile(ordered, np.where(divisor > 0, level, (side > 0).astype(float))))
    return np.where(ordered[:, 0] < ordered[:, -1], np.stack(ends), np.nan)


def _quantile(ordered: Floats, level: Floats) -> Floats:
    """Each arm's quantile at its own level, by linear interpolation, shape (arms,)."""
    position = np.clip(level, 0, 1) * (RESAMPLES - 1)
    floor = np.minimum(position.astype(np.int64), RESAMPLES - 2)
    arms = np.arange(len(ordered))
    low, high = ordered[arms, floor], ordered[arms, floor + 1]
    return np.asarray(low + (high - low) * (position - floor))
