"""Bootstrap intervals of many differences at once.

BCa, the bias-corrected and accelerated interval (Efron 1987; Efron & Tibshirani, "An Introduction to the Bootstrap",
1993, chapter 14), with corrections that few repetitions need: residuals are as wide as the noise that the tests reckon
with (Davison & Hinkley, "Bootstrap Methods and their Application", 1997, section 6.2), and quantiles are taken where
Student's t has them instead of the normal distribution (Hesterberg, "What Teachers Should Know About the Bootstrap",
2015).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import special

from mutegreen.stats.model.block_model import BlockFit, Codes, Floats
from mutegreen.stats.model.contrast import Contrasts
from mutegreen.stats.model.moderation import Moderated
from mutegreen.stats.settings import CONFIDENCE

RESAMPLES = 1999
MIN_FIGURES = 5
"""Figures of either arm below which resamples are too few and too alike for an interval: 95 % would be 86 to 92 %."""
_AT_ONCE = 2048
"""Arms whose resampled means are held at once: 32 MB."""


def intervals(
    fitted: BlockFit, arms: Codes, noise: Moderated, found: Contrasts, confidence: float = CONFIDENCE, seed: int = 0
) -> tuple[Floats, Floats]:
    """Intervals of every arm's difference to the first arm.

    Each arm is resampled by itself, so arms may differ in noise. All arms with the same number of figures share the
    draws, which changes no interval and lets one matrix product do the work.

    Args:
        fitted: The model, of A arms and N figures.
        arms: Shape (N,), as given to `fit`.
        noise: The arms' variances.
        found: The differences.
        confidence: Of each interval by itself.
        seed: Of the draws.

    Returns:
        Low and high ends, shape (A,); NaN where the difference is not known, an arm has fewer than `MIN_FIGURES`
        figures, or nothing varies.
    """
    low, high = np.full_like(found.estimate, np.nan), np.full_like(found.estimate, np.nan)
    if fitted.n[0] < MIN_FIGURES:
        return low, high
    generator = np.random.default_rng(seed)
    residual = _widened(fitted, arms, noise)[np.argsort(arms, kind="stable")]
    first = np.concatenate([[0], np.cumsum(fitted.n)]).astype(np.int64)
    own = residual[: fitted.n[0]]
    drawn = _draws(len(own), generator) @ own
    for chosen in _alike(fitted.n, np.isfinite(found.df)):
        n = fitted.n[chosen[0]]
        draws = _draws(n, generator)
        for part in np.array_split(chosen, -(-len(chosen) // _AT_ONCE)):
            figures = residual[first[part][:, None] + np.arange(n)]
            quantile = special.stdtrit(found.df[part], (1 + confidence) / 2)
            ends = _bca(figures @ draws.T - drawn, _acceleration(figures, own), quantile)
            low[part], high[part] = found.estimate[part] + ends * found.stretch[part]
    return low, high


def _widened(fitted: BlockFit, arms: Codes, noise: Moderated) -> Floats:
    """Residuals whose spread in each arm is the noise that the tests reckon with."""
    varies = fitted.variance > 0
    wider = np.sqrt(np.divide(noise.variance, fitted.variance, out=np.ones_like(fitted.variance), where=varies))
    return np.asarray(fitted.residual * wider[arms])


def _alike(n: Codes, wanted: NDArray[np.bool_]) -> Iterator[Codes]:
    """The arms other than the first, in groups of equal numbers of figures."""
    for count in np.unique(n[1:][wanted[1:] & (n[1:] >= MIN_FIGURES)]):
        yield 1 + np.flatnonzero(wanted[1:] & (n[1:] == count))


def _draws(n: int, generator: np.random.Generator) -> Floats:
    """Weights of n figures in each resample, shape (RESAMPLES, n)."""
    return np.asarray(generator.multinomial(n, np.full(n, 1 / n), RESAMPLES) / n)


def _acceleration(figures: Floats, original: Floats) -> Floats:
    """A sixth of the skewness of the figures' influence on the difference, shape (arms,).

    Args:
        figures: Shape (arms, n).
        original: Shape (m,).
    """
    own, against = figures / figures.shape[1], -original / len(original)
    squares = (own**2).sum(axis=1) + (against**2).sum()
    cubes = (own**2 * own).sum(axis=1) + (against**3).sum()
    sixth = np.divide(cubes, 6 * squares**1.5, out=np.zeros_like(squares), where=squares > 0)
    return np.asarray(sixth)


def _bca(moved: Floats, acceleration: Floats, quantile: Floats) -> Floats:
    """Both ends of each arm's interval, relative to its estimate; NaN for one that does not vary.

    Args:
        moved: Shape (arms, RESAMPLES).
        acceleration: Shape (arms,).
        quantile: Shape (arms,), of Student's t at the upper end.
    """
    ordered = np.sort(moved, axis=1)
    # Of values equal to the estimate, half count as below: discrete resamples would shift the interval otherwise.
    below = ((moved < 0).mean(axis=1) + (moved <= 0).mean(axis=1)) / 2
    bias = special.ndtri(np.clip(below, 1 / (RESAMPLES + 1), RESAMPLES / (RESAMPLES + 1)))
    ends = []
    for side in (-quantile, quantile):
        shifted = bias + side
        stretch = 1 - acceleration * shifted
        level = special.ndtr(bias + shifted / np.where(stretch > 0, stretch, np.nan))
        ends.append(_at(ordered, np.where(stretch > 0, level, (side > 0).astype(float))))
    return np.where(ordered[:, 0] < ordered[:, -1], np.stack(ends), np.nan)


def _at(ordered: Floats, level: Floats) -> Floats:
    """Each arm's quantile at its own level, by linear interpolation."""
    place = np.clip(level, 0, 1) * (RESAMPLES - 1)
    floor = np.minimum(place.astype(np.int64), RESAMPLES - 2)
    arms = np.arange(len(ordered))
    low, high = ordered[arms, floor], ordered[arms, floor + 1]
    return np.asarray(low + (high - low) * (place - floor))
