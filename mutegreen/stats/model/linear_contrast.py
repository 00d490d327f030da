"""Any linear contrast of the effects of arms, with moderated variances.

Of A arms with the effects e, shape (A,), of `block_model.fit`, a contrast with the coefficients c, shape (A,), that sum
to 0 is c'e. The difference of an arm to the original (`contrast`) is the one with 1 and -1. It has the variance

    sum over arms of c_a^2 s_a^2 / n_a  +  s^2 g' W g  +  (c'd)^2 v

    n_a, s_a^2  figures of arm a and their moderated variance, with f_a degrees of freedom (`moderation`)
    s^2         the variance of all arms together, with f degrees of freedom
    g = S'c     shape (B,), by how much the contrast has more of one block than of another; S, shape (A, B), is the
                share of an arm's figures in each block. 0 in complete blocks.
    W           shape (B, B), covariance of the effects of blocks, in units of the variance of a figure
    d, v        shape (A,), the arms' gaps in the concurrency covariate, and its slope's variance; 0 where it is even

The degrees of freedom are those of Welch and Satterthwaite for a sum of independent variances: the square of the sum,
divided by the sum of each term's square over its own degrees of freedom (Welch, Biometrika 34, 1947; Satterthwaite,
Biometrics Bulletin 2, 1946). There are never more than f.

Where an arm that takes part is shown to be noisier than the others (`noisy_arms`), its noise is in the effects of
blocks and so in the variances of the other arms. These tell no more of it than its own variance does, but the formula
takes all of them for independent, and moderation lends the other arms degrees of freedom as well. Then the degrees of
freedom are calculated from the variances before moderation. Otherwise an interaction with one corner 20 times as noisy
is a false alarm in 8 of 100 cases at three repetitions, instead of 5 (tests/stats/test_linear_contrast.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mutegreen.stats.model.block_model import BlockFit, Floats
from mutegreen.stats.model.contrast import Contrasts, slope_variance
from mutegreen.stats.model.moderation import Moderated
from mutegreen.stats.model.noisy_arms import noisier

_ROUNDING = 1e-12
"""Share of the sum of its parts, without signs, below which a contrast is 0 but for rounding."""


def linear_contrasts(fitted: BlockFit, noise: Moderated, coefficients: Floats) -> Contrasts:
    """Contrasts of arms.

    Args:
        fitted: The effects of A arms.
        noise: Their moderated variances.
        coefficients: Shape (K, A); each row sums to 0.

    Returns:
        K contrasts. The estimate is NaN where an arm that takes part has no figures or cannot be compared with the
        first arm; error and degrees of freedom also where the variance of one is not known or the sum is 0.
    """
    part = coefficients != 0
    known = ~(part & ~(fitted.joined & (fitted.n > 0))).any(axis=1)
    effect = np.where(fitted.n > 0, fitted.effect, 0.0)
    estimate, size = coefficients @ effect, np.abs(coefficients) @ np.abs(effect)
    estimate = np.where(known, np.where(np.abs(estimate) > _ROUNDING * size, estimate, 0.0), np.nan)
    gap = coefficients @ fitted.share
    design = noise.pooled * np.maximum(((gap @ fitted.spread) * gap).sum(axis=1), 0.0)
    company, company_df = _company(fitted, noise, coefficients)
    common = [(design, noise.pooled_df), (company, company_df)]
    own, raw = (_own(fitted, coefficients, variance) for variance in (noise.variance, fitted.variance))
    noisy = (part & noisier(fitted.variance, fitted.df)).any(axis=1)
    square = own.sum(axis=1) + design + company
    known &= (square > 0) & ~(part & _confounded(fitted)).any(axis=1)
    with np.errstate(all="ignore"):
        df = np.where(noisy, _df(raw, fitted.df, common), _df(own, noise.df, common))
        stretch = np.sqrt(square / np.maximum(square - company, 1e-300))
    return Contrasts(
        estimate=estimate,
        error=np.sqrt(np.where(known, square, np.nan)),
        df=np.where(known, np.minimum(df, noise.pooled_df), np.nan),
        stretch=np.where(known & (company > 0), stretch, 1.0),
    )


def _own(fitted: BlockFit, coefficients: Floats, variance: Floats) -> Floats:
    """What the figures of each arm add to the variances, shape (K, A); NaN where an arm's variance is not known."""
    return np.where(coefficients != 0, coefficients**2 * variance / np.maximum(fitted.n, 1), 0.0)


def _df(own: Floats, df: Floats, common: Sequence[tuple[Floats, float]]) -> Floats:
    """Welch-Satterthwaite degrees of freedom, shape (K,), of the terms of arms and the common terms."""
    square = own.sum(axis=1) + sum(term for term, _ in common)
    parts = np.divide(own**2, df, out=np.zeros_like(own), where=own > 0).sum(axis=1)
    return np.asarray(square**2 / (parts + sum(term**2 / free for term, free in common if free)))


def _company(fitted: BlockFit, noise: Moderated, coefficients: Floats) -> tuple[Floats, float]:
    """What the slope of company adds to the variances, shape (K,), and its degrees of freedom."""
    if fitted.slope is None:
        return np.zeros(len(coefficients)), 0.0
    variance, df = slope_variance(fitted.slope, noise)
    return (coefficients @ fitted.slope.gap) ** 2 * variance, df


def _confounded(fitted: BlockFit) -> NDArray[np.bool_]:
    return fitted.slope.confounded if fitted.slope is not None else np.zeros_like(fitted.joined)
